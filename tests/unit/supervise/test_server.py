"""The supervisor's socket: well-behaved clients and others."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from engine import errors, wire
from engine.supervise.server import Method, Peer, Reply, Server, listen


async def echo(params: bytes, _peer: Peer) -> Any:
    return json.loads(params)


async def refuse(_params: bytes, _peer: Peer) -> Any:
    raise errors.NotFound("no such thing", hint="make one")


async def fail(_params: bytes, _peer: Peer) -> Any:
    raise PermissionError(13, "Permission denied", "/somewhere")


async def give(_params: bytes, _peer: Peer) -> Reply:
    reader, writer = os.pipe()
    os.write(writer, b"through the pipe")
    os.close(writer)
    return Reply({"given": 1}, (reader,))


def methods(**more: Callable[[bytes, Peer], Awaitable[Any]]) -> dict[str, Method]:
    table = {"echo": echo, "refuse": refuse, "fail": fail, "give": give, **more}
    return {name: Method(handler, interruptible=name != "change") for name, handler in table.items()}


def serve(path: Path, client: Callable[[socket.socket], Any], table: dict[str, Method] | None = None) -> Any:
    """Run a server, and a client on a thread."""

    async def scene() -> Any:
        listener = listen(str(path / "s"))
        server = Server(table or methods())
        accepting = asyncio.ensure_future(server.accept(listener))
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(20)
        sock.connect(str(path / "s"))
        try:
            return await asyncio.to_thread(client, sock)
        finally:
            sock.close()
            accepting.cancel()
            listener.close()

    return asyncio.run(scene())


def ask(sock: socket.socket, method: str, params: Any) -> Any:
    wire.send(sock, {"method": method, "params": params})
    return json.loads(sock.makefile("rb").readline())


def test_a_request_gets_its_result(tmp_path: Path) -> None:
    assert serve(tmp_path, lambda sock: ask(sock, "echo", {"a": 1})) == {"result": {"a": 1}}


def test_an_error_crosses_with_its_hint(tmp_path: Path) -> None:
    answer = serve(tmp_path, lambda sock: ask(sock, "refuse", {}))
    error = errors.from_json(answer["error"])
    assert isinstance(error, errors.NotFound)
    assert (error.message, error.hint) == ("no such thing", "make one")


def test_a_failed_kernel_call_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    answer = serve(tmp_path, lambda sock: ask(sock, "fail", {}))
    assert answer["error"]["errno"] == 13
    assert "Traceback" not in answer["error"]["message"]


@pytest.mark.parametrize(
    "line", [b"\n", b"{}\n", b"nonsense\n", b'{"method": 7}\n', b'{"method": "nobody"}\n', b"[]\n"]
)
def test_a_line_that_is_no_request_gets_an_error_and_the_next_one_is_served(tmp_path: Path, line: bytes) -> None:
    def client(sock: socket.socket) -> tuple[Any, Any]:
        lines = sock.makefile("rb")
        sock.sendall(line)
        bad = json.loads(lines.readline())
        wire.send(sock, {"method": "echo", "params": 1})
        return bad, json.loads(lines.readline())

    bad, good = serve(tmp_path, client)
    assert bad["error"]["kind"] == "InvalidInput"
    assert good == {"result": 1}


def test_descriptors_travel_with_their_reply(tmp_path: Path) -> None:
    def client(sock: socket.socket) -> bytes:
        wire.send(sock, {"method": "give", "params": {}})
        reader = wire.LineReader()
        lines: list[bytes] = []
        while not lines:
            lines = reader.feed(*wire.receive_bytes(sock))
        (fd,) = reader.take_fds()
        with os.fdopen(fd, "rb") as pipe:
            return pipe.read()

    assert serve(tmp_path, client) == b"through the pipe"


def test_a_client_that_sends_without_end_is_cut_off(tmp_path: Path) -> None:
    def client(sock: socket.socket) -> bool:
        try:
            for _ in range(1000):
                sock.sendall(b"x" * (1 << 16))
        except (BrokenPipeError, ConnectionResetError):
            return True
        return False

    assert serve(tmp_path, client)


def test_a_client_that_floods_with_requests_is_cut_off(tmp_path: Path) -> None:
    async def forever(_params: bytes, _peer: Peer) -> Any:
        await asyncio.Event().wait()

    def client(sock: socket.socket) -> bytes:
        try:
            for _ in range(1000):
                wire.send(sock, {"method": "forever", "params": {}})
            return sock.recv(100)
        except (BrokenPipeError, ConnectionResetError):
            return b""

    assert serve(tmp_path, client, methods(forever=forever)) == b""


def test_waiting_ends_with_its_client_and_changing_does_not(tmp_path: Path) -> None:
    ended: list[str] = []

    async def wait(_params: bytes, _peer: Peer) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("wait")
            raise

    async def change(_params: bytes, _peer: Peer) -> Any:
        await asyncio.sleep(0.2)
        ended.append("change")

    async def scene() -> None:
        listener = listen(str(tmp_path / "s"))
        server = Server(methods(wait=wait, change=change))
        accepting = asyncio.ensure_future(server.accept(listener))
        for method in ("wait", "change"):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(tmp_path / "s"))
                wire.send(sock, {"method": method, "params": {}})
                await asyncio.sleep(0.05)
        async with asyncio.timeout(20):
            while len(ended) < 2:
                await asyncio.sleep(0.01)
        accepting.cancel()
        listener.close()

    asyncio.run(scene())
    assert sorted(ended) == ["change", "wait"]


def test_the_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    listener = listen(str(tmp_path / "s"))
    assert stat.S_IMODE(os.stat(tmp_path / "s").st_mode) == 0o600
    listener.close()


def send_pipe(sock: socket.socket, method: str) -> tuple[Any, int]:
    """Ask with the writing end of a pipe; the answer, and the reading end, where ours is the only other one."""
    reader, writer = os.pipe()
    wire.send(sock, {"method": method, "params": {}}, (writer,))
    os.close(writer)
    return json.loads(sock.makefile("rb").readline()), reader


def read_to_end(reader: int) -> bytes:
    with open(reader, "rb") as file:
        return file.read()


def test_a_method_takes_the_descriptors_that_came_with_its_request(tmp_path: Path) -> None:
    async def write(_params: bytes, peer: Peer) -> Any:
        (fd,) = peer.take_fds(1)
        os.write(fd, b"through the client's pipe")
        os.close(fd)

    def client(sock: socket.socket) -> bytes:
        answer, reader = send_pipe(sock, "write")
        assert answer == {"result": None}
        return read_to_end(reader)

    assert serve(tmp_path, client, methods(write=write)) == b"through the client's pipe"


def test_descriptors_that_nobody_takes_are_closed_after_the_request(tmp_path: Path) -> None:
    def client(sock: socket.socket) -> bytes:
        answer, reader = send_pipe(sock, "echo")
        assert answer == {"result": {}}
        return read_to_end(reader)  # its end comes because the server has none of it open any more

    assert serve(tmp_path, client) == b""


def test_a_request_without_the_descriptors_of_its_method_is_refused(tmp_path: Path) -> None:
    async def write(_params: bytes, peer: Peer) -> Any:
        return peer.take_fds(1)

    answer = serve(tmp_path, lambda sock: ask(sock, "write", {}), methods(write=write))
    assert answer["error"]["message"] == "the request came with 0 descriptors, not 1"

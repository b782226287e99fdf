"""The supervisor's end of the keeper's socket; starts a keeper where none answers."""

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

from engine import errors, launch, wire
from engine.state.paths import Paths

_TRIES: Final = 5


class Exit(NamedTuple):
    """How a child ended. `code` is None where nobody could see it."""

    code: int | None
    time_ns: int


class Started(NamedTuple):
    """A child whose program runs; the descriptors are the receiver's."""

    pid: int
    fds: tuple[int, ...]


class Found(NamedTuple):
    """A child that a keeper had when this supervisor came."""

    key: str
    pid: int
    started: bool
    fds: tuple[int, ...]
    exit: Exit | None


class KeeperLink:
    """Requests and answers, matched by key. Everything runs on the supervisor's loop."""

    def __init__(self, paths: Paths, warn: Callable[[str, str], None]) -> None:
        self._paths = paths
        self._warn = warn
        """Called with (key, text) for what a child says before its program runs."""
        self._socket: socket.socket | None = None
        self._reader = wire.LineReader()
        self._unshared: dict[str, asyncio.Future[int]] = {}
        self._started: dict[str, asyncio.Future[Started]] = {}
        self._exits: dict[str, asyncio.Future[Exit]] = {}
        self._found: list[Found] = []
        self._listed: asyncio.Future[list[Found]] | None = None
        self.pid = 0
        self.on_lost: Callable[[], None] = lambda: None

    async def connect(self) -> list[Found]:
        """Connect, and learn what the keeper has. One that is killed just then answers nothing: the next one does."""
        for _ in range(_TRIES - 1):
            with suppress(errors.Unreachable):
                return await self._list()
        return await self._list()

    async def _list(self) -> list[Found]:
        self._socket = _connect(self._paths) or _start(self._paths)
        self._socket.setblocking(False)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._hear)
        self._found = []
        self._listed = loop.create_future()
        try:
            self._send({"do": "list"})
        except errors.Unreachable:
            self._part()
            raise
        return await self._listed

    def close(self, *, leave: bool = False) -> None:
        """Part from the keeper; with `leave` it ends, unless it has children."""
        if self._socket is None:
            return
        if leave:
            self._send({"do": "leave"})
        self._part()

    def _part(self) -> None:
        assert self._socket is not None
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._socket = None
        self._reader = wire.LineReader()

    async def create(self, key: str, order: dict[str, Any], folder: str, *, terminal: bool, stdin: bool) -> int:
        """Clone a container's pid 1; returns its pid once it waits in its new namespaces."""
        self._expect(key)
        unshared: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._unshared[key] = unshared
        request = {"do": "create", "key": key, "order": order, "folder": folder}
        self._send({**request, "terminal": terminal, "stdin": stdin})
        try:
            return await unshared
        except errors.EngineError:
            self._started.pop(key, None)
            self._exits.pop(key, None)
            raise
        finally:
            self._unshared.pop(key, None)

    async def go(self, key: str, size: tuple[int, int] | None) -> Started:
        """Let it go on to its program."""
        self._send({"do": "go", "key": key, "size": size})
        return await self._take_started(key)

    async def enter(self, key: str, order: dict[str, Any], *, terminal: bool, stdin: bool) -> Started:
        """Start one more program in a running container."""
        self._expect(key)
        self._send({"do": "enter", "key": key, "order": order, "terminal": terminal, "stdin": stdin})
        return await self._take_started(key)

    async def abort(self, key: str) -> None:
        """End a container whose start has failed on this side; returns when it is gone."""
        self._started.pop(key, None)
        with suppress(errors.Unreachable):
            if key in self._exits:  # else the keeper has said that it failed, so it is gone and nobody will say exited
                self._send({"do": "abort", "key": key})
                await asyncio.wait([self._exits[key]])
        self.forget(key)

    def end_stdin(self, key: str) -> None:
        """Nobody writes this container's standard input any more."""
        with suppress(errors.Unreachable):
            self._send({"do": "end_stdin", "key": key})

    def forget(self, key: str) -> None:
        """The end of this child has been dealt with; a keeper that has gone has forgotten it by itself."""
        self._exits.pop(key, None)
        with suppress(errors.Unreachable):
            self._send({"do": "forget", "key": key})

    def exit_future(self, key: str) -> "asyncio.Future[Exit]":
        """The future of its end, made where nobody has asked yet; `Unreachable` where the keeper ends before it."""
        if key not in self._exits:
            self._exits[key] = asyncio.get_running_loop().create_future()
        return self._exits[key]

    def _expect(self, key: str) -> None:
        self._started[key] = asyncio.get_running_loop().create_future()
        self.exit_future(key)

    async def _take_started(self, key: str) -> Started:
        try:
            return await self._started[key]
        except errors.EngineError:
            self._exits.pop(key, None)
            raise
        finally:
            self._started.pop(key, None)

    def _send(self, message: dict[str, Any]) -> None:
        """Messages are small and the keeper always reads: a send that would block waits, bounded."""
        if self._socket is None:
            raise errors.Unreachable("the keeper is gone", hint="try again in a second: it is being started anew")
        self._socket.settimeout(10.0)
        try:
            wire.send(self._socket, message)
        except OSError as err:
            raise errors.Unreachable("the keeper does not answer", hint="try again in a second") from err
        finally:
            self._socket.setblocking(False)

    def _hear(self) -> None:
        assert self._socket is not None
        try:
            data, fds = wire.receive_bytes(self._socket)
        except BlockingIOError:
            return
        except OSError:
            data, fds = b"", []
        if not data:
            self._lost()
            return
        for line in self._reader.feed(data, fds):
            self._understand(json.loads(line))

    def _lost(self) -> None:
        self._part()
        gone = errors.Unreachable("the keeper ended", hint="try again: it is being started anew")
        for key in {*self._unshared, *self._started}:
            self._say_failed(key, gone)
        for future in self._exits.values():
            if not future.done():
                future.set_exception(gone)
                future.exception()
        self._exits.clear()
        if self._listed is not None and not self._listed.done():
            self._listed.set_exception(gone)  # whoever connects tries again
        else:
            self.on_lost()

    def _understand(self, message: dict[str, Any]) -> None:
        key = message.get("key", "")
        match message["say"]:
            case "unshared":
                _settle(self._unshared.get(key), message["pid"])
            case "started":
                self._say_started(key, message["pid"], tuple(self._take_fds(message)))
            case "failed":
                self._say_failed(key, errors.from_json(message["error"]))
            case "exited":
                _settle(self.exit_future(key), Exit(message["code"], message["time_ns"]))
            case "warning":
                self._warn(key, message["text"])
            case "child":
                self._found.append(self._read_child(message))
            case "listed":
                self.pid = message["pid"]
                _settle(self._listed, self._found)

    def _take_fds(self, message: dict[str, Any]) -> list[int]:
        """The descriptors of this message: several messages may have come in one read."""
        count = message["fds"]
        taken, self._reader.fds = self._reader.fds[:count], self._reader.fds[count:]
        return taken

    def _say_started(self, key: str, pid: int, fds: tuple[int, ...]) -> None:
        future = self._started.get(key)
        if future is None or future.done():
            for fd in fds:
                os.close(fd)
        else:
            future.set_result(Started(pid, fds))

    def _say_failed(self, key: str, error: errors.EngineError) -> None:
        waiting: list[asyncio.Future[Any] | None] = [self._unshared.get(key), self._started.get(key)]
        for future in waiting:
            if future is not None and not future.done():
                future.set_exception(error)
                future.exception()

    def _read_child(self, message: dict[str, Any]) -> Found:
        ended = Exit(message["exit"]["code"], message["exit"]["time_ns"]) if message["exit"] else None
        fds = tuple(self._take_fds(message))
        if ended is not None:
            _settle(self.exit_future(message["key"]), ended)
        return Found(message["key"], message["pid"], message["started"], fds, ended)


def _settle(future: "asyncio.Future[Any] | None", value: object) -> None:
    if future is not None and not future.done():
        future.set_result(value)


def _connect(paths: Paths) -> socket.socket | None:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        sock.connect(paths.keeper_socket)
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        return None
    return sock


def _start(paths: Paths) -> socket.socket:
    """Listen first and hand the socket over: the connection waits in its queue until the keeper is there."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    with listener:
        if os.path.lexists(paths.keeper_socket):
            os.unlink(paths.keeper_socket)
        listener.bind(paths.keeper_socket)
        os.chmod(paths.keeper_socket, 0o600)
        listener.listen(8)
        subprocess.Popen(
            launch.command("keeper", *paths, site=False),
            stdin=listener.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
    sock = _connect(paths)
    if sock is None:
        raise errors.Unreachable("the keeper did not start", hint="try again")
    return sock

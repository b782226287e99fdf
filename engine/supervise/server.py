"""The supervisor's socket: who may speak, one request after another on each connection, bounded in size and number."""

import array
import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec

from engine import errors, wire

CONNECTIONS_MAX = 512
_QUEUED_MAX = 64
"""Requests of one connection that wait for an earlier one; beyond that the connection is closed."""


P = TypeVar("P")


class Request(msgspec.Struct, frozen=True):
    """One line of a client."""

    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")


class Reply(NamedTuple):
    """What a method returns where it has more than a result to give."""

    result: Any
    fds: tuple[int, ...] = ()
    """Sent along, then closed here."""
    after: Coroutine[Any, Any, None] | None = None
    """Runs beside the connection's next requests, until the client goes."""


class Peer:
    """One client's connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.Lock()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.fds: list[int] = []
        """Descriptors that came with the request at hand; a method that wants them takes them."""

    def take_fds(self, count: int) -> list[int]:
        """The descriptors of the request at hand; the caller closes them. Raises InvalidInput for another number."""
        if len(self.fds) != count:
            raise errors.InvalidInput(f"the request came with {len(self.fds)} descriptors, not {count}")
        fds, self.fds = self.fds, []
        return fds

    def close_fds(self) -> None:
        """Those that nobody took."""
        for fd in self.fds:
            os.close(fd)
        self.fds = []

    async def send(self, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
        """Send one message; it is dropped where the client has gone."""
        data = msgspec.json.encode(message) + b"\n"
        with suppress(ConnectionError):
            async with self._sending:
                if fds:
                    data = data[await self._send_fds(data, fds) :]
                await self._loop.sock_sendall(self._socket, data)

    async def _send_fds(self, data: bytes, fds: tuple[int, ...]) -> int:
        """sendmsg(2) of the first bytes with descriptors, once there is room; how many bytes went."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        while True:
            try:
                return self._socket.sendmsg([data], rights)
            except BlockingIOError:
                await self._writable()

    async def _readable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._socket, settle, ready)
        try:
            await ready
        finally:
            self._loop.remove_reader(self._socket)

    async def _writable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_writer(self._socket, settle, ready)
        try:
            await ready
        finally:
            self._loop.remove_writer(self._socket)

    async def event(self, event: Any) -> None:
        """Tell something before the result, or after it where the method says so."""
        await self.send({"event": event})

    async def while_here(self, work: Coroutine[Any, Any, P]) -> P:
        """The result of work that is in vain when the client goes. Raises Conflict then: it was ended."""
        task = self._loop.create_task(work)
        self.tasks.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise errors.Conflict("whoever asked for it has gone") from None
        finally:
            self.tasks.discard(task)

    def progress(self, event: Any) -> None:
        """Tell something before the result, without waiting for it to be taken."""
        self.run(self.event(event))

    async def requests(self, reader: wire.LineReader) -> list[tuple[bytes, list[int]]]:
        """The next requests, each with its descriptors; an empty list at the end.

        A client that sends descriptors waits for the answer, so that they belong to the last line that is whole.
        """
        lines: list[bytes] = []
        while not lines:
            data, fds = await self._receive()
            lines = reader.feed(data, fds)
            if not data or len(reader.fds) > wire.FDS_MAX:
                return []
        return [*((line, []) for line in lines[:-1]), (lines[-1], reader.take_fds())]

    async def _receive(self) -> tuple[bytes, list[int]]:
        while True:
            try:
                return wire.receive_bytes(self._socket)
            except BlockingIOError:
                await self._readable()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Beside the requests, until the client goes."""
        task = self._loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def close(self) -> None:
        """End what runs for this client."""
        self.close_fds()
        for task in list(self.tasks):
            task.cancel()
        self._socket.close()


Handler = Callable[[bytes, Peer], Awaitable[Any]]
Queue: TypeAlias = "asyncio.Queue[tuple[bytes, list[int]]]"
"""Requests that wait, with their descriptors."""


class Method(NamedTuple):
    """How a request is answered."""

    handler: Handler
    interruptible: bool
    """It only looks or waits: it ends when its client goes. Whatever changes something is always carried through."""


def checked(kind: type[P], handler: Callable[[P, Peer], Awaitable[Any]]) -> Handler:
    """The handler behind a check of its parameters."""
    decoder = msgspec.json.Decoder(kind)

    async def decoded(params: bytes, peer: Peer) -> Any:
        return await handler(decoder.decode(params), peer)

    return decoded


class Server:
    """Accepts, checks, and serves."""

    def __init__(self, methods: dict[str, Method]) -> None:
        self._methods = methods
        self._peers: set[Peer] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.asked_at = asyncio.get_running_loop().time()
        """When somebody was last here, on the loop's clock."""

    @property
    def busy(self) -> bool:
        """Whether anybody is connected."""
        return bool(self._peers)

    async def accept(self, listener: socket.socket) -> None:
        """For ever: take connections of the same user, or of root."""
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(listener)
            sock.setblocking(False)
            if len(self._peers) >= CONNECTIONS_MAX or not _may_speak(sock):
                sock.close()
                continue
            task = loop.create_task(self._serve(Peer(sock)))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _serve(self, peer: Peer) -> None:
        self._peers.add(peer)
        queue: Queue = asyncio.Queue(_QUEUED_MAX)
        answering = asyncio.get_running_loop().create_task(self._answer_all(peer, queue))
        try:
            await self._read_all(peer, queue)
        finally:
            self.asked_at = asyncio.get_running_loop().time()
            answering.cancel()
            self._peers.discard(peer)
            peer.close()
            _close_queued(queue)

    async def _read_all(self, peer: Peer, queue: Queue) -> None:
        """Until the client goes, floods, or sends what is no line."""
        reader = wire.LineReader()
        try:
            with suppress(ConnectionError, ValueError):
                while requests := await peer.requests(reader):
                    if queue.qsize() + len(requests) > _QUEUED_MAX:
                        _close_all(fds for _, fds in requests)
                        return
                    for request in requests:
                        queue.put_nowait(request)
        finally:
            _close_all([reader.take_fds()])

    async def _answer_all(self, peer: Peer, queue: Queue) -> None:
        while True:
            line, peer.fds = await queue.get()
            try:
                await self._answer(peer, line)
            finally:
                peer.close_fds()

    async def _answer(self, peer: Peer, line: bytes) -> None:
        try:
            reply = await self._call(peer, line)
        except errors.EngineError as err:
            await peer.send({"error": err.to_json()})
            return
        try:
            await peer.send({"result": reply.result}, reply.fds)
        finally:
            for fd in reply.fds:
                os.close(fd)
        if reply.after is not None:
            peer.run(reply.after)

    async def _call(self, peer: Peer, line: bytes) -> Reply:
        """The method's answer; whatever it raises becomes an error that a client understands."""
        try:
            request = msgspec.json.decode(line, type=Request)
            method = self._methods[request.method]
            work = asyncio.ensure_future(method.handler(bytes(request.params), peer))
            result = await (work if method.interruptible else asyncio.shield(work))
        except KeyError as err:
            raise errors.InvalidInput(f"the engine knows no method {err}", hint="is this qd newer than it?") from err
        except (msgspec.DecodeError, msgspec.ValidationError) as err:
            raise errors.InvalidInput(f"the request is not valid: {err}") from err
        except OSError as err:
            raise errors.EngineError(f"{request.method}: {err}", errno=err.errno or 0) from err
        except ExceptionGroup as err:
            words = "; ".join(str(one) for one in err.exceptions)
            raise errors.EngineError(f"{request.method}: {words}") from err
        return result if isinstance(result, Reply) else Reply(result)


def _close_queued(queue: Queue) -> None:
    while not queue.empty():
        _close_all([queue.get_nowait()[1]])


def _close_all(groups: Iterable[list[int]]) -> None:
    for fds in groups:
        for fd in fds:
            os.close(fd)


def settle(future: "asyncio.Future[None]") -> None:
    """Resolve, once: a descriptor may be ready several times before its waiter runs."""
    if not future.done():
        future.set_result(None)


def listen(path: str) -> socket.socket:
    """A listening socket that only the owner can reach: it is made in a 0700 folder, and is 0600 itself."""
    with suppress(FileNotFoundError):
        os.unlink(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    before = os.umask(0o177)
    try:
        sock.bind(path)
    finally:
        os.umask(before)
    sock.listen(128)
    sock.setblocking(False)
    return sock


def _may_speak(sock: socket.socket) -> bool:
    """SO_PEERCRED: pid, uid, gid of who connected. Source: unix(7)."""
    _pid, uid, _gid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return uid in (0, os.geteuid())

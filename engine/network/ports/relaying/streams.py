"""TCP: each connection that comes in gets one to the container, and bytes go both ways until both are at their end."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Final, Protocol

CONNECTIONS_MAX: Final = 512
"""Of one published port; more wait in the kernel's queue."""
_ACCEPTS: Final = 32
"""At once, before others have their turn."""
_CHUNK_BYTES: Final = 128 << 10
_CONNECT_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 1.0
"""After a failure of accept(2), which is a lack of descriptors or memory."""
_KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))
"""So that a peer that is gone without a word does not hold a connection for ever. Seconds, seconds, times; tcp(7)."""


class Side(Protocol):
    """Who looks after the sockets."""

    def obey(self) -> None:
        """Do what the supervisor has said by now: somebody who has just come may be another container's."""

    def on_idle(self) -> None:
        """Nobody is connected here any more."""


class Streams:
    """One listening socket."""

    def __init__(self, listener: socket.socket, target: tuple[str, int], side: Side) -> None:
        self._side = side
        self._listener = listener
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        listener.setblocking(False)
        self._watch()

    @property
    def busy(self) -> bool:
        """Whether anybody is connected."""
        return bool(self._tasks)

    def close(self) -> None:
        """Nobody is let in any more; those that are stay."""
        self._closed = True
        self._loop.remove_reader(self._listener)
        self._listener.close()

    def cut(self) -> None:
        """End those that are connected."""
        for task in self._tasks:
            task.cancel()

    def _watch(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        self._side.obey()
        for _ in range(0 if self._closed else _ACCEPTS):
            if len(self._tasks) >= CONNECTIONS_MAX:
                self._loop.remove_reader(self._listener)
                return
            try:
                client, _address = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:
                self._loop.remove_reader(self._listener)
                self._loop.call_later(_PAUSE_SECONDS, self._watch)
                return
            task = self._loop.create_task(_carry(client, self._target))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if len(self._tasks) == CONNECTIONS_MAX - 1:
            self._watch()
        if not self._tasks:
            self._side.on_idle()


async def _carry(client: socket.socket, target: tuple[str, int]) -> None:
    """From the first byte to the last of both sides. What breaks one connection breaks the other."""
    inside = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET, socket.SOCK_STREAM)
    ended = False
    try:
        for one in (client, inside):
            _prepare(one)
        async with asyncio.timeout(_CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(inside, target)
        async with asyncio.TaskGroup() as both:
            both.create_task(_pump(client, inside))
            both.create_task(_pump(inside, client))
        ended = True
    except* OSError:  # refused, reset, timed out: the other side is told the same way
        pass
    finally:
        for one in (client, inside):
            if not ended:
                _reset(one)
            one.close()


async def _pump(source: socket.socket, sink: socket.socket) -> None:
    """One way; nothing more is read than the other side has taken."""
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(source, _CHUNK_BYTES):
        await loop.sock_sendall(sink, data)
    with suppress(OSError):  # gone meanwhile, which the other way finds out
        sink.shutdown(socket.SHUT_WR)


def _prepare(one: socket.socket) -> None:
    one.setblocking(False)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        one.setsockopt(socket.IPPROTO_TCP, option, value)


def _reset(one: socket.socket) -> None:
    """Have close(2) send RST. Source: socket(7), SO_LINGER."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

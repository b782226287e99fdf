"""One container's resolver: reads what comes to its sockets, answers it or asks further, within bounds.

datagram --> read, at most BATCH at once, while there are tokens --> ours: answered at once
                                                                 --> not ours: a task asks a name server
connection --> a task: one question after the other, each within IDLE_SECONDS
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from engine.network.dns import answering, forwarding, limits, message, replies, stream
from engine.network.dns.message import Query
from engine.network.dns.sockets import Sockets
from engine.network.dns.zone import Zone

_DATAGRAM_BYTES: Final = 4096
_NO_DESCRIPTORS_SECONDS: Final = 1.0
"""Until a connection is accepted again where none could be."""


class Service:
    """Answers from `start` to `close`."""

    def __init__(self, sockets: Sockets, zone: Zone, upstreams: Callable[[], Sequence[str]]) -> None:
        """`upstreams` says whom to ask for other names at the moment: nobody on a network without a way out."""
        self._sockets = sockets
        self._zone = zone
        self._upstreams = upstreams
        self._bucket = limits.Bucket(limits.CROWD)
        self._places = limits.Places(limits.CROWD)
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[socket.socket] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pauses: list[asyncio.TimerHandle | None] = [None, None]
        """Of the sockets that are let be for a while."""

    def start(self) -> None:
        """On the running loop."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._sockets.udp, self._read)
        self._loop.add_reader(self._sockets.tcp, self._accept)

    def close(self) -> None:
        """With the sockets, and whatever is still being asked; doing it twice is no error."""
        for sock, timer in zip(self._sockets, self._pauses, strict=True):
            if timer:
                timer.cancel()
            elif self._loop and sock.fileno() >= 0:
                self._loop.remove_reader(sock)
        for task in self._tasks:
            task.cancel()
        self._sockets.close()

    def _read(self) -> None:
        """Datagrams. Out of tokens it reads no more, and comes back when there are some."""
        for _ in range(limits.BATCH):
            if (seconds := self._bucket.wait_seconds()) > 0:
                return self._pause(0, self._read, seconds)
            try:
                data, sender = self._sockets.udp.recvfrom(_DATAGRAM_BYTES)
            except OSError:
                return None  # nothing left
            self._bucket.take(1)
            self._take_datagram(data, sender)
        return None

    def _pause(self, which: int, reader: Callable[[], None], seconds: float) -> None:
        """Let one of the sockets be for a while; what comes meanwhile waits in its buffer."""
        assert self._loop
        self._loop.remove_reader(self._sockets[which])
        self._pauses[which] = self._loop.call_later(seconds, self._resume, which, reader)

    def _resume(self, which: int, reader: Callable[[], None]) -> None:
        assert self._loop
        self._pauses[which] = None
        self._loop.add_reader(self._sockets[which], reader)

    def _take_datagram(self, data: bytes, sender: tuple[str, int]) -> None:
        answer = self._own_answer(data, None)
        if isinstance(answer, Query):
            self._begin(self._forward_datagram(answer, data, sender))
        elif answer:
            self._send(answer, sender)

    async def _forward_datagram(self, query: Query, data: bytes, sender: tuple[str, int]) -> None:
        answer = await self._forwarded(query, data, by_tcp=False)
        self._send(replies.cut(answer, query, query.datagram_size), sender)

    def _send(self, answer: bytes, receiver: tuple[str, int]) -> None:
        """It is dropped where the container does not take it: whoever asked asks again."""
        with suppress(OSError):
            self._sockets.send(answer, receiver)

    def _own_answer(self, data: bytes, size: int | None) -> bytes | Query | None:
        """Ours, of at most `size` bytes (None: what fits in a datagram), or nothing; the question where it is
        another's to answer."""
        try:
            query = message.parse(data)
        except message.Malformed as err:
            return None if err.rcode is None else message.complaint(data, err.rcode)
        size = size or query.datagram_size
        rcode = answering.refusal(query)
        if rcode is not None:
            return message.answer(query, (), size, rcode)
        records = answering.records(query, self._zone)
        return query if records is None else message.answer(query, records, size)

    async def _forwarded(self, query: Query, data: bytes, *, by_tcp: bool) -> bytes:
        self._bucket.take(limits.FORWARD_COST - 1)
        servers = self._upstreams()
        with self._places.one() as is_free:
            if not servers or not is_free:
                return message.answer(query, (), message.SIZE_MAX, message.REFUSED)
            return await forwarding.SHARED.ask(query, data, servers, by_tcp=by_tcp)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _accept(self) -> None:
        """One connection; beyond the bound it is closed at once."""
        try:
            sock, _peer = self._sockets.tcp.accept()
        except (BlockingIOError, ConnectionError):
            return None  # it has gone again
        except OSError:
            return self._pause(1, self._accept, _NO_DESCRIPTORS_SECONDS)
        if len(self._connections) >= limits.CONNECTIONS:
            sock.close()
            return None
        sock.setblocking(False)
        self._connections.add(sock)
        self._begin(self._converse(sock)).add_done_callback(lambda _task: self._hang_up(sock))
        return None

    def _hang_up(self, sock: socket.socket) -> None:
        """Also where the task was cancelled before it began."""
        self._connections.discard(sock)
        sock.close()

    async def _converse(self, sock: socket.socket) -> None:
        with suppress(OSError, TimeoutError, EOFError):
            while True:
                await asyncio.sleep(self._bucket.wait_seconds())
                await self._exchange(sock)

    async def _exchange(self, sock: socket.socket) -> None:
        """One question and its answer. Raises: OSError, TimeoutError, EOFError."""
        async with asyncio.timeout(limits.IDLE_SECONDS):
            data = await stream.receive(sock)
        self._bucket.take(1)
        answer = self._own_answer(data, message.SIZE_MAX)
        if isinstance(answer, Query):
            answer = await self._forwarded(answer, data, by_tcp=True)
        if not answer:
            raise EOFError
        async with asyncio.timeout(limits.IDLE_SECONDS):
            await stream.send(sock, answer)

"""Questions about names that are not ours, asked of the host's name servers, from the host's namespace.

Each is asked from a socket of its own, so with a source port and an id that nobody can foresee, and the socket takes
answers of the one server alone: who wants to forge one has to guess 32 bits in time. Source: RFC 5452.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final

from engine.network.dns import message, replies, stream
from engine.network.dns.message import Query
from engine.network.dns.replies import Reply

PORT: Final = 53
TRY_SECONDS: Final = 2.5
"""One server's time. What a program waits for is usually five seconds."""
ALL_SECONDS: Final = 8.0
ROUNDS: Final = 2
_DOUBT_SECONDS: Final = 30.0
"""A server that did not answer is asked after the others for so long."""
_DOUBTED_MAX: Final = 64
_NEXT: Final = frozenset({message.FORMERR, message.SERVFAIL, message.NOTIMP, message.REFUSED})
"""With these a server says that another one may know."""


class Forwarder:
    """Asks; remembers who did not answer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._doubted: dict[str, float] = {}

    async def ask(self, query: Query, data: bytes, servers: Sequence[str], *, by_tcp: bool) -> bytes:
        """The answer to this question, whose bytes are `data`; SERVFAIL where nobody has one. `by_tcp`: it came so."""
        refusal = None
        try:
            async with asyncio.timeout(ALL_SECONDS):
                for server in self._ordered(servers) * ROUNDS:
                    found = await self._one(query, data, server, by_tcp)
                    if found and found.rcode not in _NEXT:
                        return found.data
                    refusal = found or refusal
        except TimeoutError:
            pass
        return refusal.data if refusal else message.answer(query, (), message.SIZE_MAX, message.SERVFAIL)

    def _ordered(self, servers: Sequence[str]) -> list[str]:
        now = self._clock()
        self._doubted = {server: until for server, until in self._doubted.items() if until > now}
        return sorted(servers, key=lambda server: server in self._doubted)

    async def _one(self, query: Query, data: bytes, server: str, by_tcp: bool) -> Reply | None:
        """One server's answer; None: none, and others go first from now on."""
        found = await _over_tcp(query, data, server) if by_tcp else None
        if found is None:
            found = await _over_udp(query, data, server)
            if found and found.truncated and not by_tcp:
                found = await _over_tcp(query, data, server) or found
        if found is None:
            self._doubt(server)
        return found

    def _doubt(self, server: str) -> None:
        if len(self._doubted) < _DOUBTED_MAX:
            self._doubted[server] = self._clock() + _DOUBT_SECONDS


async def _over_udp(query: Query, data: bytes, server: str) -> Reply | None:
    loop, number = asyncio.get_running_loop(), _number()
    try:
        with _socket(server, socket.SOCK_DGRAM) as sock:
            sock.connect(_address(server))
            sock.send(number.to_bytes(2) + data[2:])
            async with asyncio.timeout(TRY_SECONDS):
                while True:  # what is not the answer is a forgery, and passed over
                    found = replies.read(await loop.sock_recv(sock, message.SIZE_MAX), query, number)
                    if found:
                        return found
    except (OSError, TimeoutError, ValueError):
        return None


async def _over_tcp(query: Query, data: bytes, server: str) -> Reply | None:
    loop, number = asyncio.get_running_loop(), _number()
    try:
        with _socket(server, socket.SOCK_STREAM) as sock:
            async with asyncio.timeout(TRY_SECONDS):
                await loop.sock_connect(sock, _address(server))
                await stream.send(sock, number.to_bytes(2) + data[2:])
                return replies.read(await stream.receive(sock), query, number)
    except (OSError, EOFError, TimeoutError, ValueError):
        return None


def _number() -> int:
    """An id."""
    return int.from_bytes(os.urandom(2))


def _socket(server: str, kind: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    return socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)


def _address(server: str) -> tuple[str, int] | tuple[str, int, int, int]:
    """What connect(2) takes; a zone is the name or the number of a link. Raises: OSError, ValueError."""
    host, _percent, zone = server.partition("%")
    if ":" not in host:
        return host, PORT
    return host, PORT, 0, (int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)) if zone else 0


SHARED: Final = Forwarder()
"""Of this process: who does not answer one container does not answer another."""

"""UDP: each client gets a socket of its own towards the container, for as long as anything is said."""

import asyncio
import socket
import struct
from collections import OrderedDict
from contextlib import suppress
from typing import Any, Final, NamedTuple

from engine.network.ports.relaying.streams import Side

SESSIONS_MAX: Final = 256
"""Of one published port; the one that was silent for the longest gives way."""
_DATAGRAMS: Final = 64
"""At once, before others have their turn."""
_SIZE_MAX: Final = 1 << 16
_BUFFER_BYTES: Final = 256 << 10
_SILENCE_SECONDS: Final = 90.0
_IP_PKTINFO: Final = 8
"""Source: ip(7)."""


class Session(NamedTuple):
    """One client, and the address of ours that it spoke to: answers come from that one."""

    client: Any
    own: bytes


class Datagrams:
    """One bound socket."""

    def __init__(self, bound: socket.socket, target: tuple[str, int], side: Side) -> None:
        self._side = side
        self._bound = bound
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._sessions: OrderedDict[Session, tuple[socket.socket, float]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._is_six = bound.family == socket.AF_INET6
        self._prepare()
        self._loop.add_reader(bound, self._receive)

    @property
    def busy(self) -> bool:
        """Whether anybody has spoken lately."""
        return bool(self._sessions)

    def close(self) -> None:
        """Nothing is taken and nothing is answered any more: an answer needs the socket."""
        self._loop.remove_reader(self._bound)
        self._bound.close()
        self.cut()

    def cut(self) -> None:
        """Forget everybody."""
        for session in list(self._sessions):
            self._end(session)
        if self._timer is not None:
            self._timer.cancel()

    def _prepare(self) -> None:
        self._bound.setblocking(False)
        self._bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        if self._is_six:
            self._bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            self._bound.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)

    def _receive(self) -> None:
        self._side.obey()
        for _ in range(0 if self._bound.fileno() < 0 else _DATAGRAMS):
            try:
                data, ancillary, _flags, client = self._bound.recvmsg(_SIZE_MAX, 128)
            except OSError:  # nothing more, or word of an answer that did not arrive
                return
            session = Session(client, self._own(ancillary))
            with suppress(OSError):
                self._inside(session).send(data)

    def _own(self, ancillary: list[tuple[int, int, bytes]]) -> bytes:
        """The control message with which answers leave from where the question came to. Source: ipv6(7), ip(7).

        The link is named for addresses that mean nothing without it alone: else routes decide.
        """
        for level, kind, data in ancillary:
            if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
                address, link = data[:16], data[16:20]
                return address + (link if address[:2] == b"\xfe\x80" else bytes(4))
            if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
                return struct.pack("i", 0) + data[4:8] + bytes(4)
        return b""

    def _inside(self, session: Session) -> socket.socket:
        """Its socket towards the container. Raises: OSError."""
        known = self._sessions.pop(session, None)
        inside = known[0] if known is not None else self._open(session)
        self._sessions[session] = (inside, self._loop.time())
        return inside

    def _open(self, session: Session) -> socket.socket:
        if len(self._sessions) >= SESSIONS_MAX:
            self._end(next(iter(self._sessions)))
        inside = socket.socket(socket.AF_INET6 if ":" in self._target[0] else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            inside.setblocking(False)
            inside.connect(self._target)
        except OSError:
            inside.close()
            raise
        self._loop.add_reader(inside, self._answer, session, inside)
        if self._timer is None:
            self._timer = self._loop.call_later(_SILENCE_SECONDS, self._expire)
        return inside

    def _answer(self, session: Session, inside: socket.socket) -> None:
        for _ in range(_DATAGRAMS):
            try:
                data = inside.recv(_SIZE_MAX)
            except OSError:  # nothing more, or nobody listens there
                return
            with suppress(OSError):
                self._bound.sendmsg([data], self._control(session), 0, session.client)

    def _control(self, session: Session) -> list[tuple[int, int, bytes]]:
        if not session.own:
            return []
        place = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO) if self._is_six else (socket.IPPROTO_IP, _IP_PKTINFO)
        return [(*place, session.own)]

    def _expire(self) -> None:
        """Forget who was silent for long, the most silent being first in the row."""
        self._timer = None
        oldest = self._loop.time() - _SILENCE_SECONDS
        for session in [one for one, (_, heard) in self._sessions.items() if heard <= oldest]:
            self._end(session)
        if self._sessions:
            self._timer = self._loop.call_later(_SILENCE_SECONDS / 3, self._expire)
        else:
            self._side.on_idle()

    def _end(self, session: Session) -> None:
        inside, _heard = self._sessions.pop(session)
        self._loop.remove_reader(inside)
        inside.close()

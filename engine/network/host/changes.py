"""Hearing of changes of others to rules of nf_tables: a firewall that is reloaded forgets our exceptions.

The kernel tells whoever listens, in the namespace of the socket. Tables of the older kind are changed in silence.
Source: linux/netfilter/nfnetlink.h, nf_tables.h; netlink(7).
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Final

from engine.network.host.native import OURS

_NETLINK_NETFILTER: Final = 12
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_GROUP: Final = 7  # NFNLGRP_NFTABLES
_HEADER: Final = struct.Struct("=IHHII")
_ATTRIBUTE: Final = struct.Struct("=HH")
_BODY: Final = _HEADER.size + 4  # struct nfgenmsg
_NAME: Final = 1
"""The attribute with the name of the table, in each of the messages below."""
_SUBSYSTEM: Final = 10 << 8
_TELLING: Final = frozenset(_SUBSYSTEM | number for number in (3, 6, 8))
"""NFT_MSG_NEWCHAIN, which a new policy is as well; NEWRULE, DELRULE. Elements of sets concern nobody here."""
_AT_ONCE: Final = 64
"""Datagrams that are read before the loop has its turn."""
_SETTLE_SECONDS: Final = 0.5
"""A firewall is loaded in many steps, and is looked at once."""


class Changes:
    """Calls `changed` on the loop a little after chains or rules of others have changed."""

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        self._socket: socket.socket | None = None
        self._due: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Listen in the namespace where this thread is, on the running loop. Raises OSError."""
        flags = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, flags, _NETLINK_NETFILTER)
        self._socket.bind((0, 0))  # without an address of its own it is told nothing
        self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _GROUP)
        asyncio.get_running_loop().add_reader(self._socket, self._read, self._socket)

    def close(self) -> None:
        """Hear no more; doing it twice is no error."""
        sock, self._socket = self._socket, None
        if sock is not None:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()
        if self._due is not None:
            self._due.cancel()

    def _read(self, sock: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                told = concerns(sock.recv(1 << 18))
            except BlockingIOError:
                return
            except OSError:  # ENOBUFS: there was more than the kernel could keep
                told = True
            if told:
                self._schedule()

    def _schedule(self) -> None:
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(_SETTLE_SECONDS, self._tell)

    def _tell(self) -> None:
        self._due = None
        self._changed()


def concerns(datagram: bytes) -> bool:
    """Whether a chain or a rule of others is among what the kernel tells."""
    return any(kind in _TELLING and not _is_ours(_table(body)) for kind, body in _messages(datagram))


def _messages(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and body of each message; a length that cannot be ends it."""
    at = 0
    while at + _HEADER.size <= len(datagram):
        length, kind, *_ = _HEADER.unpack_from(datagram, at)
        if length < _HEADER.size:
            return
        yield kind, datagram[at : at + length]
        at += length + -length % 4


def _table(message: bytes) -> str:
    """The name of the table; empty where it says none."""
    at = _BODY
    while at + _ATTRIBUTE.size <= len(message):
        length, kind = _ATTRIBUTE.unpack_from(message, at)
        if length < _ATTRIBUTE.size:
            break
        if kind == _NAME:
            return message[at + _ATTRIBUTE.size : at + length].rstrip(b"\0").decode("utf-8", "replace")
        at += length + -length % 4
    return ""


def _is_ours(table: str) -> bool:
    return table == OURS or table.startswith(f"{OURS}-")

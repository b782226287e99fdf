"""Elements put into sets and taken out of them by one transaction, without the library.

The library first reads what others have in their sets, if these are of ranges; on a host with a large list of refused
addresses that is many times what a whole start may cost. Sets, maps and rules are still the library's to make.

Source: linux/netfilter/nf_tables.h, nfnetlink.h.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final

from engine.errors import EngineError
from engine.network.table.elements import MAC, Elements
from engine.network.table.netlink import ERROR, FAMILY, HEADER, NETLINK_NETFILTER, REQUEST, attribute, message, nested

_ACK, _CREATE = 4, 0x400  # NLM_F_...
_SUBSYSTEM: Final = 10  # NFNL_SUBSYS_NFTABLES
_BEGIN, _END = 16, 17  # NFNL_MSG_BATCH_...
_VERBS: Final = {"add": (_SUBSYSTEM << 8 | 12, _CREATE), "delete": (_SUBSYSTEM << 8 | 14, 0)}  # NFT_MSG_...SETELEM
_FAMILIES: Final = {"inet": 1, "bridge": 7}  # NFPROTO_...
_TABLE, _SET, _ELEMENTS = 1, 2, 3  # NFTA_SET_ELEM_LIST_...
_KEY, _DATA = 1, 2  # NFTA_SET_ELEM_...
_PROTOCOLS: Final = {"tcp": 6, "udp": 17, "sctp": 132}
_CHUNK: Final = 200
"""Elements of one message, whose list has 64 KiB at most."""
_SO_SNDBUFFORCE: Final = 32
_BUFFER: Final = 1 << 24
_SECONDS: Final = 30.0


class Channel:
    """A socket in the network namespace where this thread is.

    It is kept: to close one waits until the kernel has let go of everything that was taken out of sets.
    """

    def __init__(self) -> None:
        """Raises: OSError."""
        self._sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _BUFFER)
            self._sock.settimeout(_SECONDS)
            self._sock.bind((0, 0))
        except BaseException:
            self._sock.close()
            raise
        self._number = 0

    def run(self, table: str, steps: Sequence[tuple[str, Elements]]) -> None:
        """All of these, add or delete, in their order, or none. Raises: EngineError with the errno; OSError."""
        bodies = [message for verb, said in steps for message in _messages(verb, table, said)]
        if not bodies:
            return
        first, self._number = self._number + 1, self._number + len(bodies)
        self._sock.send(_batch(bodies, first))
        _confirm(self._sock, range(first, self._number + 1))

    def close(self) -> None:
        """Doing it twice is no error."""
        self._sock.close()


def encoded(text: str) -> bytes:
    """A key or a value of `elements.py` as the kernel has it: each part filled up to four bytes."""
    parts = (_part(part) for part in text.split(" . "))
    return b"".join(part + bytes(-len(part) % 4) for part in parts)


def _part(text: str) -> bytes:
    if text.startswith('"'):
        return text.strip('"').encode().ljust(16, b"\0")
    if text.startswith("0x"):
        return bytes.fromhex(text[2:])
    if text in _PROTOCOLS:
        return bytes((_PROTOCOLS[text],))
    if text.isdecimal():
        return int(text).to_bytes(2)
    return bytes.fromhex(text.replace(":", "")) if MAC.fullmatch(text) else ip_address(text).packed


def _messages(verb: str, table: str, said: Elements) -> Iterator[tuple[int, int, bytes]]:
    """Kind, flags and body of each message."""
    kind, flags = _VERBS[verb]
    lists: dict[tuple[str, str], list[bytes]] = {}
    for place, value in said.items():
        data = nested(_DATA, attribute(1, encoded(value))) if value else b""
        element = nested(1, nested(_KEY, attribute(1, encoded(place.key))) + data)
        lists.setdefault((place.family, place.holder), []).append(element)
    for (family, holder), elements in lists.items():
        where = attribute(_TABLE, table.encode() + b"\0") + attribute(_SET, holder.encode() + b"\0")
        for start in range(0, len(elements), _CHUNK):
            chunk = nested(_ELEMENTS, b"".join(elements[start : start + _CHUNK]))
            yield kind, flags, FAMILY.pack(_FAMILIES[family], 0, 0) + where + chunk


def _batch(bodies: Sequence[tuple[int, int, bytes]], first: int) -> bytes:
    """Begin, the numbered messages, end. The last message asks for an answer, which comes after the commit."""
    edge = FAMILY.pack(0, 0, _SUBSYSTEM)
    messages = [message(_BEGIN, REQUEST, edge)]
    for number, (kind, flags, body) in enumerate(bodies, first):
        asks = _ACK if number == first + len(bodies) - 1 else 0
        messages.append(message(kind, REQUEST | flags | asks, body, number))
    return b"".join((*messages, message(_END, REQUEST, edge)))


def _confirm(sock: socket.socket, ours: range) -> None:
    """An answer with an error is of what was refused, and then nothing has happened; older ones may still be there."""
    done = False
    while not done:
        data = sock.recv(1 << 18)
        start = 0
        while start + HEADER.size + 4 <= len(data):
            length, kind, _, number, _ = HEADER.unpack_from(data, start)
            if kind == ERROR and (number in ours or not number):
                _check(-struct.unpack_from("=i", data, start + HEADER.size)[0])
                done = done or number == ours[-1]
            start += max(HEADER.size, length + 3 & ~3)


def _check(number: int) -> None:
    if number == errno.EPERM:
        raise EngineError(
            "the kernel refuses to change the rules of the network: Operation not permitted",
            hint="as root, with CAP_NET_ADMIN; or run without a network: --network none",
            errno=number,
        )
    if number:
        raise EngineError(f"the kernel refuses the rules: {os.strerror(number)}", errno=number)

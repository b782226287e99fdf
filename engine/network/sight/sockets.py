"""The sockets of TCP and UDP in a process's network namespace, as the kernel lists them.

The files are those of the namespace whichever process of it is asked, and no namespace is entered to read them. They
are long where somebody has opened many sockets, so that no more than a bounded number of lines is read.

Source: Documentation/networking/proc_net_tcp.rst; include/net/tcp_states.h.
"""

import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Final

from engine.model import Connection

LIMIT: Final = 5000
"""Sockets of one kind that are read."""
FILES: Final = ("tcp", "tcp6", "udp", "udp6")
STATES: Final = {
    1: "ESTABLISHED",
    2: "SYN_SENT",
    3: "SYN_RECV",
    4: "FIN_WAIT1",
    5: "FIN_WAIT2",
    6: "TIME_WAIT",
    7: "CLOSE",
    8: "CLOSE_WAIT",
    9: "LAST_ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "SYN_RECV",
}
_UNCONNECTED: Final = 7
"""A socket of UDP without a far end is in the state that TCP calls CLOSE."""
_MAPPED: Final = b"\0" * 10 + b"\xff\xff"
"""IPv4 on a socket of IPv6: RFC 4291, section 2.5.5.2."""


def read(pid: int) -> tuple[list[Connection], bool]:
    """Every socket, and whether there are more than were read. Takes milliseconds: not for a loop.

    Raises FileNotFoundError where the process is gone.
    """
    found: list[Connection] = []
    cut = False
    for name in FILES:
        lines = _lines(f"/proc/{pid}/net/{name}")
        cut = cut or len(lines) > LIMIT
        found += parse(name.removesuffix("6"), lines[:LIMIT])
    return found, cut


def _lines(path: str) -> list[str]:
    """One more than are wanted, without the head. A kernel without IPv6 has no files for it."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return list(islice(file, 1, LIMIT + 2))
    except FileNotFoundError:
        if not path.endswith("6"):
            raise
        return []


def parse(protocol: str, lines: Iterable[str]) -> list[Connection]:
    """Sockets from lines of one of the files, the head left out; a line in another form is passed over."""
    found = []
    for line in lines:
        with suppress(ValueError):
            found.append(_connection(protocol, line.split()))
    return found


def _connection(protocol: str, fields: list[str]) -> Connection:
    """Raises ValueError."""
    if len(fields) < 4:
        raise ValueError("too short")
    address, port = _end(fields[1])
    far_address, far_port = _end(fields[2])
    state = int(fields[3], 16)
    if not far_port:
        far_address = ""
    word = "UNCONN" if protocol == "udp" and state == _UNCONNECTED else STATES.get(state, "UNKNOWN")
    return Connection(
        protocol=protocol, state=word, address=address, port=port, far_address=far_address, far_port=far_port
    )


def _end(text: str) -> tuple[str, int]:
    """An address and a port: words of 32 bits in the order of this machine's bytes, then the port as one writes it."""
    words, _, port = text.partition(":")
    if len(words) not in (8, 32) or len(port) != 4:
        raise ValueError(f"not an address: {text}")
    pieces = (int(words[at : at + 8], 16) for at in range(0, len(words), 8))
    packed = b"".join(piece.to_bytes(4, sys.byteorder) for piece in pieces)
    return _written(packed), int(port, 16)


def _written(packed: bytes) -> str:
    if len(packed) == 16 and packed.startswith(_MAPPED):
        packed = packed[12:]
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)

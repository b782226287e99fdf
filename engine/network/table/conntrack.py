"""Connections that the kernel still remembers for an address or a port which now is another container's.

A rule decides about the first packet of a connection; the others follow it for as long as it is remembered. Datagrams
of one client to one port are such a connection, and would go on to the address of a container that has gone, whoever
has that next. Two messages of ctnetlink, of which nothing else is needed.

Source: linux/netfilter/nfnetlink_conntrack.h; CTA_FILTER since Linux 5.8.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from engine.network.table.netlink import ERROR, FAMILY, HEADER, NETLINK_NETFILTER, REQUEST, attribute, message, nested

_GET, _DELETE = 1 << 8 | 1, 1 << 8 | 2  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_DELETE
_DUMP = 0x300
_DONE = 3
_TUPLE_ORIG, _TUPLE_REPLY, _ID, _ZONE, _FILTER = 1, 2, 12, 18, 25  # CTA_...
_BY_SOURCE, _BY_PROTOCOL, _BY_PORT = 1 << 0, 1 << 3, 1 << 5  # CTA_FILTER_FLAG..., by bit
_BUFFER: Final = 1 << 18
_BATCH: Final = 200
"""Deletions that are sent at once."""


def forget(addresses: Sequence[str], datagram_ports: Sequence[int] = ()) -> int:
    """How many connections were forgotten: from and to these containers' addresses, and to these UDP ports of the host.

    The ports are for one that is newly published: whoever has tried it before would not be translated. A hostile
    container may have made many connections, and the kernel looks through all that it has room for, so this belongs
    into a thread. Raises: OSError where the kernel tracks none.
    """
    wanted = [query for text in addresses for query in _of_address(ip_address(text))]
    wanted += [query for port in datagram_ports for query in _of_port(port)]
    if not wanted:
        return 0
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, NETLINK_NETFILTER) as sock:
        sock.bind((0, 0))
        return sum(_delete(sock, list(_dump(sock, query))) for query in wanted)


def _of_address(address: IPv4Address | IPv6Address) -> Iterator[bytes]:
    """Those that the container has begun, and those that it answers, whatever address they were made to."""
    family, source = (socket.AF_INET, 1) if address.version == 4 else (socket.AF_INET6, 3)  # CTA_IP_V4_SRC, V6_SRC
    ends = nested(1, attribute(source, address.packed))  # CTA_TUPLE_IP
    for flags, holder in ((1, _TUPLE_ORIG), (2, _TUPLE_REPLY)):  # CTA_FILTER_ORIG_FLAGS, CTA_FILTER_REPLY_FLAGS
        yield FAMILY.pack(family, 0, 0) + nested(holder, ends) + _filter(flags, _BY_SOURCE)


def _of_port(port: int) -> Iterator[bytes]:
    number = attribute(1, bytes((socket.IPPROTO_UDP,))) + attribute(3, port.to_bytes(2))  # CTA_PROTO_NUM, DST_PORT
    for family in (socket.AF_INET, socket.AF_INET6):
        holder = nested(_TUPLE_ORIG, nested(1, b"") + nested(2, number))  # CTA_TUPLE_IP, CTA_TUPLE_PROTO
        yield FAMILY.pack(family, 0, 0) + holder + _filter(1, _BY_PROTOCOL | _BY_PORT)


def _filter(which: int, flags: int) -> bytes:
    both = b"".join(attribute(kind, struct.pack("=I", flags if kind == which else 0)) for kind in (1, 2))
    return nested(_FILTER, both)


def _dump(sock: socket.socket, query: bytes) -> Iterator[bytes]:
    """The body of a deletion for each entry that the query finds."""
    sock.send(message(_GET, REQUEST | _DUMP, query))
    while True:
        for kind, body in _messages(sock.recv(_BUFFER)):
            if kind == _DONE:
                return
            if kind == ERROR:
                number = -struct.unpack_from("=i", body)[0]
                raise OSError(number, f"ctnetlink: {os.strerror(number)}")
            yield body[: FAMILY.size] + _known_by(body[FAMILY.size :])


def _known_by(body: bytes) -> bytes:
    """What tells one entry from all others: its first direction, its zone, its number."""
    return b"".join(
        (nested if kind == _TUPLE_ORIG else attribute)(kind, value)
        for kind, value in _attributes(body)
        if kind in (_TUPLE_ORIG, _ZONE, _ID)
    )


def _delete(sock: socket.socket, bodies: Sequence[bytes]) -> int:
    """The kernel does it before `send` returns; complaints are of those that have ended meanwhile."""
    for start in range(0, len(bodies), _BATCH):
        sock.send(b"".join(message(_DELETE, REQUEST, body) for body in bodies[start : start + _BATCH]))
        _discard(sock)
    return len(bodies)


def _discard(sock: socket.socket) -> None:
    while True:
        try:
            sock.recv(_BUFFER, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError as err:
            if err.errno != errno.ENOBUFS:
                raise


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start + HEADER.size <= len(data):
        length, kind, *_ = HEADER.unpack_from(data, start)
        if length < HEADER.size:
            return
        yield kind, data[start + HEADER.size : start + length]
        start += length + 3 & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, start)
        if length < 4:
            return
        yield kind & 0x3FFF, data[start + 4 : start + length]
        start += length + 3 & ~3

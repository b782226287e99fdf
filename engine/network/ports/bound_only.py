"""Sockets of TCP that are bound and neither listen nor are connected: no file of /proc has them, sock_diag(7) does.

Source: include/uapi/linux/inet_diag.h, include/uapi/linux/netlink.h, sock_diag(7).
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_REQUEST_DUMP: Final = 0x301
"""NLM_F_REQUEST | NLM_F_DUMP."""
_BOUND_INACTIVE: Final = 1 << 13
"""Since Linux 6.8; older kernels find nothing in this state."""
_HEADER: Final = struct.Struct("=IHHII")
"""Length, type, flags, sequence, port id."""
_REQUEST: Final = struct.Struct("=BBBxI 2s2s16s16sI8s")
"""Family, protocol, extensions, states; then a socket: its port and the other's, its address and the other's, link."""
_MESSAGE: Final = struct.Struct("=BBBB 2s2s16s16sI8s IIIII")
"""Family, state, timer, retransmissions; a socket as above; expires, queues, user, inode."""
_DATAGRAM_BYTES: Final = 1 << 16
_DATAGRAMS_MAX: Final = 64
_SECONDS: Final = 1.0


def find(family: int, port: int) -> list[tuple[IPv4Address | IPv6Address, int]]:
    """Address and inode of each that is bound to the port, in this thread's network namespace. None where the kernel
    cannot tell."""
    with suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as channel:
        channel.settimeout(_SECONDS)
        channel.send(_request(family, port))
        return list(_answers(channel, port))
    return []


def _request(family: int, port: int) -> bytes:
    nothing = bytes(16)
    what = _REQUEST.pack(
        family, socket.IPPROTO_TCP, 0, _BOUND_INACTIVE, port.to_bytes(2), bytes(2), nothing, nothing, 0, bytes(8)
    )
    return _HEADER.pack(_HEADER.size + len(what), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0) + what


def _answers(channel: socket.socket, port: int) -> Iterator[tuple[IPv4Address | IPv6Address, int]]:
    for _ in range(_DATAGRAMS_MAX):
        data = channel.recv(_DATAGRAM_BYTES)
        while len(data) >= _HEADER.size:
            length, kind, *_rest = _HEADER.unpack_from(data)
            if kind != _SOCK_DIAG_BY_FAMILY or length < _HEADER.size + _MESSAGE.size:
                return  # the end, or an error
            family, _state, _timer, _again, own, _other, address, *_more, inode = _MESSAGE.unpack_from(
                data, _HEADER.size
            )
            if int.from_bytes(own) == port:
                yield ip_address(address if family == socket.AF_INET6 else address[:4]), inode
            data = data[(length + 3) & ~3 :]

"""Links of a container's network namespace, through netlink.

The only importer of pyroute2, whose import takes a quarter of a second: the supervisor alone imports this module. Only
its message classes are used; the request is built by them and sent once, since `IPRoute` costs 3-5 ms a call.
"""

import errno
import os
import socket
import struct
from typing import Final

from pyroute2.netlink import NLM_F_ACK, NLM_F_REQUEST
from pyroute2.netlink.rtnl import RTM_NEWLINK
from pyroute2.netlink.rtnl.ifinfmsg import IFF_UP, ifinfmsg

from engine.network import namespace

_LOOPBACK_INDEX: Final = 1
"""net/core/dev.c: the loopback device is the first of every namespace."""
_HEADER: Final = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port."""
_NLMSG_ERROR: Final = 2


def loopback_up(pid: int) -> None:
    """Set `lo` up in the network namespace of this process; 127.0.0.1 and ::1 follow by themselves.

    Raises: OSError. Source: rtnetlink(7).
    """
    message = ifinfmsg()
    message["header"] = {
        "type": RTM_NEWLINK,
        "flags": NLM_F_REQUEST | NLM_F_ACK,
        "sequence_number": 1,
        "pid": 0,
    }
    message["index"] = _LOOPBACK_INDEX
    message["flags"] = message["change"] = IFF_UP
    message.encode()
    with _netlink_socket(pid) as sock:
        sock.send(bytes(message.data))
        _acknowledged(sock.recv(65536))


def _netlink_socket(pid: int) -> socket.socket:
    with namespace.inside(pid):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    sock.settimeout(5.0)
    return sock


def _acknowledged(answer: bytes) -> None:
    """Raise what the kernel reports; an error of 0 is the acknowledgement."""
    _length, kind, *_ = _HEADER.unpack_from(answer)
    code = struct.unpack_from("=i", answer, _HEADER.size)[0] if kind == _NLMSG_ERROR else -errno.EPROTO
    if code:
        raise OSError(-code, f"netlink: {os.strerror(-code)}")

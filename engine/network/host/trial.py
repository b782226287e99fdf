"""Trying out which kinds of links the kernel makes, in a network namespace that lives as long as the try."""

import os
import socket
import struct
import threading
from collections.abc import Iterable, Mapping
from typing import Final

from engine.kernel import const, syscalls

# linux/rtnetlink.h, netlink.h, if_link.h
_RTM_NEWLINK: Final = 16
_REQUEST_ACK_CREATE_EXCL: Final = 0x1 | 0x4 | 0x400 | 0x200
_IFLA_LINKINFO, _IFLA_INFO_KIND = 18, 1
_HEADER: Final = struct.Struct("=IHHII")
_IFINFO: Final = struct.Struct("=BxHiII")
_SECONDS: Final = 10.0
"""A module may have to be loaded first."""


def refused(kinds: Iterable[str]) -> Mapping[str, str]:
    """Those that cannot be made, and why. Raises OSError where there is no namespace to try it in.

    In a thread of its own, for a namespace cannot be left by the thread that has made it without another descriptor.
    """
    found: dict[str, str] = {}
    failures: list[OSError] = []

    def work() -> None:
        try:
            syscalls.unshare(const.CLONE_NEWNET)
            found.update(_refused(kinds))
        except OSError as err:
            failures.append(err)

    thread = threading.Thread(target=work, name="links tried out")
    thread.start()
    thread.join()
    for failure in failures:
        raise failure
    return found


def _refused(kinds: Iterable[str]) -> Mapping[str, str]:
    flags = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    found: dict[str, str] = {}
    with socket.socket(socket.AF_NETLINK, flags, socket.NETLINK_ROUTE) as sock:
        sock.settimeout(_SECONDS)
        for kind in kinds:
            sock.send(_new_link(kind))
            if code := struct.unpack_from("=i", sock.recv(65536), _HEADER.size)[0]:
                found[kind] = os.strerror(-code)
    return found


def _new_link(kind: str) -> bytes:
    """A link of this kind, whose name the kernel chooses. Source: rtnetlink(7)."""
    info = _attribute(_IFLA_LINKINFO, _attribute(_IFLA_INFO_KIND, kind.encode()))
    body = _IFINFO.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + info
    return _HEADER.pack(_HEADER.size + len(body), _RTM_NEWLINK, _REQUEST_ACK_CREATE_EXCL, 1, 0) + body


def _attribute(number: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)

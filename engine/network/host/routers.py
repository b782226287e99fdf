"""Who else on this host depends on its being a router."""

import array
import fcntl
import os
import socket
import struct
from contextlib import closing, suppress
from typing import Final

from engine import errors
from engine.network.host import sysctls
from engine.network.table.libnftables import Nft

# include/uapi/linux/sockios.h, ethtool.h
_SIOCETHTOOL: Final = 0x8946
_ETHTOOL_GDRVINFO: Final = 0x3
_DRVINFO: Final = struct.Struct("=I32s160x")
_IFREQ: Final = struct.Struct("@16sP")

# include/uapi/linux/ipv6_route.h: a default route that an advertisement has brought
_RTF_DEFAULT: Final = 0x00010000
_RTF_ADDRCONF: Final = 0x00040000
_ROUTES_MOST: Final = 4 << 20


def are_needed(own_table: str) -> bool:
    """Whether a bridge or another engine's table of rules is in this namespace."""
    return bool(bridges()) or any(name != own_table for name in _tables())


def bridges() -> list[str]:
    """Names of the links of this namespace that are bridges, whoever made them. Raises OSError.

    Asked of the driver, since /sys shows the namespace in which it was mounted. Source: netdevice(7), ethtool.h.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        return [name for _, name in socket.if_nameindex() if _driver(sock, name) == b"bridge"]


def _driver(sock: socket.socket, name: str) -> bytes:
    """What drives a link; empty where it says nothing, such as the loopback, or has gone."""
    answer = array.array("B", _DRVINFO.pack(_ETHTOOL_GDRVINFO, b""))
    request = _IFREQ.pack(os.fsencode(name), answer.buffer_info()[0])
    with suppress(OSError):
        fcntl.ioctl(sock, _SIOCETHTOOL, request.ljust(40, b"\0"))
        return bytes(_DRVINFO.unpack(answer.tobytes())[1]).rstrip(b"\0")
    return b""


def _tables() -> list[str]:
    """Names of the tables of rules of quarterdeck's engines. Without the library there is none."""
    try:
        nft = Nft()
    except errors.MissingFeature:
        return []
    with closing(nft):
        words = [line.split() for line in nft.run("list tables").splitlines()]
    return [name for _, _, name in words if name == "quarterdeck" or name.startswith("quarterdeck-")]


def links_that_listen() -> list[str]:
    """Links whose default route the kernel has from a router's advertisement, and will lose when it becomes a router.

    Where a daemon listens instead of the kernel, `accept_ra` is 0, and nothing has to be done.
    """
    found = {line.split()[9] for line in _routes() if _is_advertised(line)}
    return sorted(name for name in found if sysctls.read(sysctls.link("ipv6", name, "accept_ra")) == "1")


def _routes() -> list[str]:
    """Lines of ten fields: destination, source, next hop and so on, flags, device. Source: net/ipv6/route.c."""
    try:
        with open("/proc/thread-self/net/ipv6_route", encoding="ascii", errors="replace") as file:
            return [line for line in file.read(_ROUTES_MOST).splitlines() if len(line.split()) == 10]
    except FileNotFoundError:
        return []  # a kernel without IPv6


def _is_advertised(line: str) -> bool:
    flags = int(line.split()[8], 16)
    return flags & (_RTF_DEFAULT | _RTF_ADDRCONF) == _RTF_DEFAULT | _RTF_ADDRCONF

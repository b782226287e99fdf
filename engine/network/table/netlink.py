"""The form of netfilter's messages. Pure.

Source: linux/netlink.h, linux/netfilter/nfnetlink.h.
"""

import struct
from typing import Final

NETLINK_NETFILTER: Final = 12
HEADER: Final = struct.Struct("=IHHII")  # nlmsghdr: length, kind, flags, number, port
FAMILY: Final = struct.Struct("!BBH")  # nfgenmsg: family, version, subsystem
REQUEST: Final = 1
ERROR: Final = 2
_NESTED: Final = 1 << 15


def message(kind: int, flags: int, body: bytes, number: int = 0) -> bytes:
    """One message, filled up to four bytes."""
    body += bytes(-len(body) % 4)
    return HEADER.pack(HEADER.size + len(body), kind, flags, number, 0) + body


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, filled up to four bytes; its length is the value's own."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def nested(kind: int, value: bytes) -> bytes:
    """An attribute of attributes."""
    return attribute(kind | _NESTED, value)

"""Which links there are, and whose they are."""

import errno
import fcntl
import os
import struct
from typing import Final, NamedTuple

from engine import errors
from engine.network.link import linkmessages, numbers
from engine.network.link.encoding import Request, attributes, text_of, u32_of
from engine.network.link.transport import Refused, Transport

_IFINFOMSG_BYTES: Final = 16
_SIOCGIFINDEX: Final = 0x8933
_IFREQ: Final = struct.Struct("16si20x")


class Link(NamedTuple):
    """A link as the kernel describes it."""

    number: int
    name: str
    kind: str
    """bridge, veth, ifb; empty for hardware."""
    alias: str
    mtu: int
    mac: str


def alias_of(tag: str) -> str:
    """What marks the links of the engine with this tag."""
    return f"quarterdeck:{tag}"


def parse(body: bytes) -> Link:
    """A link from the body of RTM_NEWLINK."""
    number = int(struct.unpack_from("=i", body, 4)[0])
    found = attributes(body, _IFINFOMSG_BYTES)
    info = attributes(found.get(numbers.IFLA_LINKINFO, b""))
    return Link(
        number,
        text_of(found.get(numbers.IFLA_IFNAME, b"")),
        text_of(info.get(numbers.IFLA_INFO_KIND, b"")),
        text_of(found.get(numbers.IFLA_IFALIAS, b"")),
        u32_of(found.get(numbers.IFLA_MTU, b"")),
        found.get(numbers.IFLA_ADDRESS, b"").hex(":"),
    )


def find(transport: Transport, name: str) -> Link | None:
    """The link with this name. Raises: OSError."""
    return _asked(transport, linkmessages.get(name))


def find_number(transport: Transport, number: int) -> Link | None:
    """The link with this number. Raises: OSError."""
    return _asked(transport, linkmessages.get_number(number))


def _asked(transport: Transport, request: Request) -> Link | None:
    try:
        body = transport.ask(request)
    except Refused as refused:
        if refused.errno == errno.ENODEV:
            return None
        raise
    return parse(body) if body else None


def find_own(transport: Transport, name: str, alias: str) -> Link | None:
    """The link with this name, if there is one. Raises: Conflict where somebody else has it; OSError."""
    link = find(transport, name)
    if link is not None and link.alias != alias:
        raise errors.Conflict(
            f"there is a link {name} already that is not of this engine's making",
            hint=f"look at it with: ip link show {name}",
        )
    return link


def every(transport: Transport) -> list[Link]:
    """All links of the transport's namespace. Raises: OSError."""
    return [parse(body) for body in transport.dump(linkmessages.list_all())]


def index_of(transport: Transport, name: str) -> int:
    """The number of a link in the transport's namespace; 0 where there is none. Source: netdevice(7)."""
    try:
        answer = fcntl.ioctl(transport.socket.fileno(), _SIOCGIFINDEX, _IFREQ.pack(os.fsencode(name), 0))
    except OSError:
        return 0
    return int(_IFREQ.unpack(answer)[1])

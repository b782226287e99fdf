"""Requests that make, change and delete links. Pure."""

import hashlib
import struct
from typing import Final

from engine import errors
from engine.network.link import numbers as n
from engine.network.link.encoding import Request, attribute, mac, nested, text, u8, u16, u32
from engine.network.values import Plug

_IFINFOMSG: Final = struct.Struct("=BxHiII")
"""Family, type, index, flags, which flags to change; rtnetlink(7)."""
_AF_INET6: Final = 10
_MODES: Final = {
    "macvlan": {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8},
    "ipvlan": {"l2": 0, "l3": 1, "l3s": 2},
}
"""linux/if_link.h."""
_NO_ADDRESS_OF_ITS_OWN: Final = nested(
    n.IFLA_AF_SPEC, nested(_AF_INET6, u8(n.IFLA_INET6_ADDR_GEN_MODE, n.IN6_ADDR_GEN_MODE_NONE))
)
_HAIRPIN: Final = nested(
    n.IFLA_LINKINFO,
    text(n.IFLA_INFO_SLAVE_KIND, "bridge"),
    nested(n.IFLA_INFO_SLAVE_DATA, u8(n.IFLA_BRPORT_MODE, n.BRIDGE_MODE_HAIRPIN)),
)
_BRIDGE: Final = nested(
    n.IFLA_LINKINFO,
    text(n.IFLA_INFO_KIND, "bridge"),
    nested(
        n.IFLA_INFO_DATA,
        u32(n.IFLA_BR_STP_STATE, 0),
        u8(n.IFLA_BR_MCAST_SNOOPING, 0),
        attribute(n.IFLA_BR_MULTI_BOOLOPT, struct.pack("=II", n.BR_BOOLOPT_NO_LL_LEARN, n.BR_BOOLOPT_NO_LL_LEARN)),
    ),
)
_ONE_QUEUE: Final = u32(n.IFLA_NUM_TX_QUEUES, 1) + u32(n.IFLA_NUM_RX_QUEUES, 1)
"""A queue for each processor is the default, which makes folders in /sys and serves nothing: no queue ever fills."""


def stable_mac(tag: str, name: str) -> str:
    """A hardware address that a link of the host has at each start, so that no neighbour's table goes stale.

    One that is set is also left alone by udev, which would otherwise replace it. Unicast, locally administered.
    """
    digest = bytearray(hashlib.sha256(f"{tag}/{name}".encode()).digest()[:6])
    digest[0] = digest[0] & 0xFC | 0x02
    return digest.hex(":")


def _link(index: int, flags: int, *inner: bytes) -> bytes:
    return _IFINFOMSG.pack(0, 0, index, flags, flags) + b"".join(inner)


def make_bridge(name: str, tag: str) -> Request:
    """A bridge, down. No port of it waits before it forwards: set here, as one that has a spanning tree must wait."""
    delay = nested(n.IFLA_INFO_DATA, u32(n.IFLA_BR_FORWARD_DELAY, 0))
    info = nested(n.IFLA_LINKINFO, text(n.IFLA_INFO_KIND, "bridge"), delay)
    body = _link(0, 0, text(n.IFLA_IFNAME, name), mac(n.IFLA_ADDRESS, stable_mac(tag, name)), info)
    return Request(f"make the bridge {name}", n.RTM_NEWLINK, n.NLM_F_CREATE | n.NLM_F_EXCL, body)


def set_bridge(name: str, alias: str, mtu: int, has_ipv6: bool) -> Request:
    """Alias and MTU of a bridge; up. It gets no IPv6 address by itself.

    Without a spanning tree, so that a port forwards from its first moment on, and without snooping, which keeps
    multicast from containers whose reports were sent before their port was up. Nothing is learnt from frames to the
    addresses of link protocols, which come by no hook of ours: by one a container could take another's place.

    `has_ipv6`, here and below: whether the kernel has it; without, it refuses the attribute.
    """
    inner = [text(n.IFLA_IFNAME, name), text(n.IFLA_IFALIAS, alias), u32(n.IFLA_MTU, mtu), _BRIDGE]
    if has_ipv6:
        inner.append(_NO_ADDRESS_OF_ITS_OWN)
    return Request(f"set up the bridge {name}", n.RTM_NEWLINK, 0, _link(0, n.IFF_UP, *inner))


def make_veth(plug: Plug, tag: str, bridge: int, namespace: int) -> Request:
    """The pair, its inner end in that network namespace already (a descriptor), both down."""
    peer = nested(
        n.VETH_INFO_PEER,
        _link(0, 0),
        text(n.IFLA_IFNAME, plug.interface),
        mac(n.IFLA_ADDRESS, plug.mac),
        u32(n.IFLA_MTU, plug.mtu),
        u32(n.IFLA_NET_NS_FD, namespace),
        _ONE_QUEUE,
    )
    body = _link(
        0,
        0,
        text(n.IFLA_IFNAME, plug.link),
        mac(n.IFLA_ADDRESS, stable_mac(tag, plug.link)),
        u32(n.IFLA_MTU, plug.mtu),
        u32(n.IFLA_MASTER, bridge),
        _ONE_QUEUE,
        nested(n.IFLA_LINKINFO, text(n.IFLA_INFO_KIND, "veth"), nested(n.IFLA_INFO_DATA, peer)),
    )
    return Request(f"make the link {plug.link}", n.RTM_NEWLINK, n.NLM_F_CREATE | n.NLM_F_EXCL, body)


def set_veth(name: str, alias: str, has_ipv6: bool) -> Request:
    """The host's end: alias, hairpin, up.

    Hairpin lets a frame leave by the port that it came by, which a container needs to reach its own published port.
    The kernel sets a link up before it looks at the address mode, but gives no address before the other end is up, too.
    """
    inner = [text(n.IFLA_IFNAME, name), text(n.IFLA_IFALIAS, alias), _HAIRPIN]
    if has_ipv6:
        inner.append(_NO_ADDRESS_OF_ITS_OWN)
    return Request(f"set up the link {name}", n.RTM_NEWLINK, 0, _link(0, n.IFF_UP, *inner))


def make_child(plug: Plug, parent: int, namespace: int) -> Request:
    """A macvlan or ipvlan interface on a link of the host, born in that network namespace (a descriptor), down.

    An ipvlan interface has its parent's hardware address. Raises: InvalidInput for an unknown mode.
    """
    mode = _mode(plug)
    is_macvlan = plug.kind == "macvlan"
    data = u32(n.IFLA_MACVLAN_MODE, mode) if is_macvlan else u16(n.IFLA_IPVLAN_MODE, mode)
    body = _link(
        0,
        0,
        text(n.IFLA_IFNAME, plug.interface),
        mac(n.IFLA_ADDRESS, plug.mac) if is_macvlan and plug.mac else b"",
        u32(n.IFLA_MTU, plug.mtu),
        u32(n.IFLA_LINK, parent),
        u32(n.IFLA_NET_NS_FD, namespace),
        nested(n.IFLA_LINKINFO, text(n.IFLA_INFO_KIND, plug.kind), nested(n.IFLA_INFO_DATA, data)),
    )
    what = f"make a {plug.kind} interface on {plug.parent}"
    return Request(what, n.RTM_NEWLINK, n.NLM_F_CREATE | n.NLM_F_EXCL, body)


def _mode(plug: Plug) -> int:
    modes = _MODES[plug.kind]
    name = plug.mode or ("bridge" if plug.kind == "macvlan" else "l2")
    if name not in modes:
        raise errors.InvalidInput(f"{plug.kind} has no mode {name}", hint=f"choose one of {', '.join(modes)}")
    return modes[name]


def make_ifb(name: str) -> Request:
    """A link through which incoming frames are sent, to be shaped on their way."""
    info = nested(n.IFLA_LINKINFO, text(n.IFLA_INFO_KIND, "ifb"))
    body = _link(0, 0, text(n.IFLA_IFNAME, name), _ONE_QUEUE, info)
    return Request(f"make the link {name}", n.RTM_NEWLINK, n.NLM_F_CREATE | n.NLM_F_EXCL, body)


def set_ifb(name: str, alias: str, has_ipv6: bool) -> Request:
    """Alias, up."""
    inner = [text(n.IFLA_IFNAME, name), text(n.IFLA_IFALIAS, alias)]
    if has_ipv6:
        inner.append(_NO_ADDRESS_OF_ITS_OWN)
    return Request(f"set up the link {name}", n.RTM_NEWLINK, 0, _link(0, n.IFF_UP, *inner))


def no_own_address(index: int) -> Request:
    """No IPv6 address but those that are given; before it is up."""
    return Request("set how addresses are made", n.RTM_NEWLINK, 0, _link(index, 0, _NO_ADDRESS_OF_ITS_OWN))


def up(index: int) -> Request:
    """Set up."""
    return Request(f"set the link {index} up", n.RTM_NEWLINK, 0, _link(index, n.IFF_UP))


def delete(index: int, name: str) -> Request:
    """Delete; the other end of a pair goes with it."""
    return Request(f"delete the link {name}", n.RTM_DELLINK, 0, _link(index, 0))


def get(name: str) -> Request:
    """One link by its name."""
    inner = text(n.IFLA_IFNAME, name) + u32(n.IFLA_EXT_MASK, n.RTEXT_FILTER_SKIP_STATS)
    return Request(f"look at the link {name}", n.RTM_GETLINK, 0, _link(0, 0) + inner)


def get_number(number: int) -> Request:
    """One link by its number."""
    inner = u32(n.IFLA_EXT_MASK, n.RTEXT_FILTER_SKIP_STATS)
    return Request(f"look at the link {number}", n.RTM_GETLINK, 0, _link(number, 0) + inner)


def list_all() -> Request:
    """All links of the namespace."""
    body = _link(0, 0) + u32(n.IFLA_EXT_MASK, n.RTEXT_FILTER_SKIP_STATS)
    return Request("list the links", n.RTM_GETLINK, 0, body)

"""Requests that give links addresses and namespaces routes. Pure."""

import struct
from ipaddress import IPv4Interface, IPv6Interface, ip_address
from typing import Final

from engine.network.link import numbers as n
from engine.network.link.encoding import Request, attribute, attributes, u32
from engine.network.values import Interface

IFADDRMSG: Final = struct.Struct("=BBBBI")
"""Family, prefix length, flags, scope, index of the link; rtnetlink(7)."""
RTMSG: Final = struct.Struct("=BBBBBBBBI")
"""Family, destination's and source's prefix length, tos, table, protocol, scope, type, flags; rtnetlink(7)."""
FAMILIES: Final = {4: 2, 6: 10}
"""AF_INET, AF_INET6."""
_SCOPE_LINK: Final = 253


def link_local(mac: str) -> IPv6Interface:
    """fe80::/64 with the modified EUI-64 of a hardware address; RFC 4291, appendix A."""
    octets = bytearray(bytes.fromhex(mac.replace(":", "")))
    octets[0] ^= 0x02
    identifier = bytes(octets[:3]) + b"\xff\xfe" + bytes(octets[3:])
    return IPv6Interface((b"\xfe\x80" + bytes(6) + identifier, 64))


def add(address: Interface, index: int) -> Request:
    """An address of a link; there already is no error. IPv6 is not looked for elsewhere, which takes a second."""
    body = _address(address, index)
    return Request(f"add the address {address}", n.RTM_NEWADDR, n.NLM_F_CREATE | n.NLM_F_REPLACE, body)


def remove(address: Interface, index: int) -> Request:
    """Take an address from a link."""
    return Request(f"remove the address {address}", n.RTM_DELADDR, 0, _address(address, index))


def _address(address: Interface, index: int) -> bytes:
    family = FAMILIES[address.version]
    flags = n.IFA_F_NODAD if address.version == 6 else 0
    scope = _SCOPE_LINK if address.is_link_local and address.version == 6 else 0
    packed = address.ip.packed
    body = IFADDRMSG.pack(family, address.network.prefixlen, flags, scope, index)
    body += attribute(n.IFA_LOCAL, packed) + attribute(n.IFA_ADDRESS, packed)
    if isinstance(address, IPv4Interface) and address.network.prefixlen < 31:
        body += attribute(n.IFA_BROADCAST, address.network.broadcast_address.packed)
    return body


def list_addresses(index: int = 0) -> Request:
    """The addresses of a link, or of all."""
    return Request("list addresses", n.RTM_GETADDR, 0, IFADDRMSG.pack(0, 0, 0, 0, index))


def default_route(gateway: str, index: int) -> Request:
    """The default route of the gateway's family by this link; it replaces another one."""
    address = ip_address(gateway)
    body = RTMSG.pack(FAMILIES[address.version], 0, 0, 0, n.RT_TABLE_MAIN, n.RTPROT_BOOT, 0, n.RTN_UNICAST, 0)
    body += attribute(n.RTA_GATEWAY, address.packed) + u32(n.RTA_OIF, index)
    return Request(f"set the default route to {gateway}", n.RTM_NEWROUTE, n.NLM_F_CREATE | n.NLM_F_REPLACE, body)


def list_routes(family: int) -> Request:
    """All routes of a family."""
    return Request("list routes", n.RTM_GETROUTE, 0, RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0))


def get_route(destination: str) -> Request:
    """The route that a packet to there would take."""
    address = ip_address(destination)
    length = len(address.packed) * 8
    body = RTMSG.pack(FAMILIES[address.version], length, 0, 0, 0, 0, 0, 0, 0) + attribute(n.RTA_DST, address.packed)
    return Request(f"look for the way to {destination}", n.RTM_GETROUTE, 0, body)


def parse(body: bytes, index: int) -> Interface | None:
    """The address in the body of RTM_NEWADDR; None where it is another link's, or of a family of neither IP."""
    family, length, _flags, _scope, owner = IFADDRMSG.unpack_from(body)
    found = attributes(body, IFADDRMSG.size)
    packed = found.get(n.IFA_LOCAL) or found.get(n.IFA_ADDRESS)
    if owner != index or family not in FAMILIES.values() or packed is None:
        return None
    return IPv4Interface((packed, length)) if family == FAMILIES[4] else IPv6Interface((packed, length))

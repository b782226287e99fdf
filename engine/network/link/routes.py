"""Where the packets of this network namespace go: what a new subnet must keep clear of, and the way out."""

import errno
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from typing import Final, NamedTuple

from engine.network.link import addressmessages, lookups
from engine.network.link import numbers as n
from engine.network.link.encoding import Request, attributes, u32_of
from engine.network.link.transport import Refused, Transport

Subnet = IPv4Network | IPv6Network
_FAMILIES: Final = {2: 4, 10: 16}
"""AF_INET and AF_INET6, and how many bytes their addresses have."""
_OUTSIDE: Final = ("198.51.100.1", "2001:db8::1")
"""Addresses for documentation, which nobody has a route of its own for; RFC 5737, RFC 3849."""
_NO_WAY: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EAFNOSUPPORT, errno.EINVAL, errno.EACCES)
_DEFAULT_MTU: Final = 1500


class Uplink(NamedTuple):
    """The link of the default route."""

    name: str
    """Empty where there is none."""
    mtu: int


def taken() -> list[Subnet]:
    """The subnets of all routes but default ones, and of all addresses. Raises: OSError."""
    with Transport() as transport:
        found: set[Subnet] = set()
        for family in _FAMILIES:
            found.update(_routes(_dumped(transport, addressmessages.list_routes(family))))
        found.update(_subnets(transport.dump(addressmessages.list_addresses())))
    return sorted(found, key=lambda subnet: (subnet.version, subnet))


def _dumped(transport: Transport, request: Request) -> list[bytes]:
    """Nothing of a family that the kernel lacks."""
    try:
        return transport.dump(request)
    except Refused as refused:
        if refused.errno in (errno.EAFNOSUPPORT, errno.EOPNOTSUPP):
            return []
        raise


def _routes(bodies: list[bytes]) -> Iterator[Subnet]:
    for body in bodies:
        family, length, *_, flags = addressmessages.RTMSG.unpack_from(body)
        destination = attributes(body, addressmessages.RTMSG.size).get(n.RTA_DST, b"")
        if family in _FAMILIES and length and len(destination) == _FAMILIES[family] and not flags & n.RTM_F_CLONED:
            yield ip_network((destination, length), strict=False)


def _subnets(bodies: list[bytes]) -> Iterator[Subnet]:
    for body in bodies:
        family, length, *_ = addressmessages.IFADDRMSG.unpack_from(body)
        address = attributes(body, addressmessages.IFADDRMSG.size).get(n.IFA_ADDRESS, b"")
        if family in _FAMILIES and len(address) == _FAMILIES[family]:
            yield ip_interface((address, length)).network


def uplink() -> Uplink:
    """The link by which packets to the world leave, as the kernel itself decides it. Raises: OSError."""
    with Transport() as transport:
        for destination in _OUTSIDE:
            if index := _way(transport, destination):
                link = lookups.find_number(transport, index)
                if link is not None:
                    return Uplink(link.name, link.mtu)
    return Uplink("", _DEFAULT_MTU)


def _way(transport: Transport, destination: str) -> int:
    """The number of the link; 0 where no way leads there, or it ends on this host."""
    try:
        body = transport.ask(addressmessages.get_route(destination))
    except Refused as refused:
        if refused.errno in _NO_WAY:
            return 0
        raise
    return u32_of(attributes(body or b"", addressmessages.RTMSG.size).get(n.RTA_OIF, b""))

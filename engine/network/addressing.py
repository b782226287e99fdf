"""Which address a container gets on a network, and the MAC that goes with it.

An address is chosen after the one that was chosen last, and from the beginning again behind the end of the range. So
that of a container that is gone is not at once another's, while neighbours, connections that are still tracked and
whoever has resolved its name take it for the old one. It is quick, too, where many are used: the next is mostly free.
"""

from collections.abc import Collection, Iterator, Mapping, Set
from ipaddress import IPv4Network, IPv6Address, ip_network
from itertools import chain
from socket import AF_INET, inet_ntop
from typing import Final

from engine import model
from engine.errors import Conflict, InvalidInput
from engine.network.subnets import (
    Address,
    Subnet,
    broadcast_of,
    choose_subnet,
    choose_subnet6,
    gateway_of,
    parse_address,
)

__all__ = [
    "allocate",
    "allocate6",
    "check_address",
    "choose_subnet",
    "choose_subnet6",
    "gateway_of",
    "mac_of",
]

_MAC: Final = {4: "f2:71", 6: "f2:72"}
"""Locally administered and of one station (IEEE 802, 8.2). High, since a bridge takes the lowest address of its ports
where nobody has given it one; the next four bytes are of the address, so that no two on one network are the same."""


def allocate(network: model.Network, used: Collection[str], after: str = "") -> str:
    """A free IPv4 address of the network; `after` is the one that was chosen last, `used` best a set.

    Never the network's own, the broadcast or the gateway. Raises `Conflict` where none is left.
    """
    return _free(network, network.subnet, network.gateway, network.ip_range, used, after)


def allocate6(network: model.Network, used: Collection[str], after: str = "") -> str:
    """Likewise of IPv6, as `ipaddress` writes them."""
    return _free(network, network.subnet6, network.gateway6, "", used, after)


def check_address(network: model.Network, address: str, used: Collection[str], version: int = 0) -> str:
    """The address, as `ipaddress` writes it, if a container may have it; a mapping `used` tells who has which,
    `version` which family it has to be of.

    Raises `InvalidInput`, or `Conflict` where another one has it.
    """
    found = parse_address(address)
    if version not in (0, found.version):
        raise InvalidInput(f"{found} is no IPv{version} address", hint="IPv4: --ip; IPv6: --ip6")
    subnet = _subnet_for(network, found)
    if str(found) in _reserved(subnet, network.gateway if found.version == 4 else network.gateway6):
        raise InvalidInput(f"{found} is no container's address on network {network.name}", hint="choose another one")
    if str(found) in used:
        holder = f"container {used[str(found)]}" if isinstance(used, Mapping) else "another container"
        raise Conflict(f"the address {found} is taken by {holder}", hint="choose another one, or leave it out")
    return str(found)


def mac_of(address: str) -> str:
    """The MAC of whoever has this address, the same at any time. Raises `InvalidInput`."""
    found = parse_address(address)
    return ":".join([_MAC[found.version], *(f"{byte:02x}" for byte in found.packed[-4:])])


def _subnet_for(network: model.Network, address: Address) -> Subnet:
    text = network.subnet if address.version == 4 else network.subnet6
    if not text:
        raise InvalidInput(
            f"network {network.name} has no IPv{address.version} subnet",
            hint=f"what it has: qd network inspect {network.name}",
        )
    subnet = ip_network(text)
    if address not in subnet:
        raise InvalidInput(
            f"the address {address} is not in the subnet {subnet} of network {network.name}", hint=f"one of {subnet}"
        )
    return subnet


def _free(network: model.Network, subnet: str, gateway: str, ip_range: str, used: Collection[str], after: str) -> str:
    if not subnet:
        raise InvalidInput(f"network {network.name} has no such addresses", hint=f"qd network inspect {network.name}")
    whole = ip_network(subnet)
    quick = used if isinstance(used, Set | Mapping) else frozenset(used)
    reserved = _reserved(whole, gateway)
    for text in _candidates(ip_network(ip_range or subnet), after):
        if text not in quick and text not in reserved:
            return text
    raise Conflict(
        f"network {network.name} has no free address in {ip_range or subnet}",
        hint="remove containers that are on it, or make a larger one: qd network create --subnet",
    )


def _candidates(span: Subnet, after: str) -> Iterator[str]:
    """Each address of the span once, as text, from behind `after` on; written by the C library, which is quick."""
    first, last = int(span.network_address), int(span.broadcast_address)
    start = int(parse_address(after)) + 1 if after else first
    start = start if first < start <= last else first
    if isinstance(span, IPv4Network):
        return (inet_ntop(AF_INET, value.to_bytes(4, "big")) for value in _around(first, start, last))
    return (str(IPv6Address(value)) for value in _around(first, start, last))


def _around(first: int, start: int, last: int) -> Iterator[int]:
    return chain(range(start, last + 1), range(first, start))


def _reserved(subnet: Subnet, gateway: str) -> frozenset[str]:
    special = (subnet.network_address, broadcast_of(subnet))
    return frozenset({*map(str, filter(None, special)), gateway})

"""Who is at the far end of a container's connections. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from engine.model import Connection, Container, Network
from engine.network.dns.sockets import ADDRESS

HOST: Final = "host"
RESOLVER: Final = "resolver"
"""The engine's own, in the container's namespace."""


def directory(containers: Iterable[Container], networks: Iterable[Network], own: Container) -> dict[str, str]:
    """Address -> the name of the container that has it, or host for the gateways of bridges.

    Networks that are no bridges may have the same subnet: those that `own` is on come last, and are believed.
    """
    mine = {endpoint.network for endpoint in own.endpoints}
    found = {address: HOST for network in networks for address in gateways(network)}
    places = [(end.network in mine, end.address, end.address6, one.name) for one in containers for end in one.endpoints]
    for _, address, address6, name in sorted(places, key=lambda place: place[0]):
        found |= dict.fromkeys((address, address6), name)
    found.pop("", None)
    return found | {ADDRESS: RESOLVER}


def gateways(network: Network) -> tuple[str, ...]:
    """Those that are the host's own; a gateway of macvlan or ipvlan is somebody else's machine."""
    return (network.gateway, network.gateway6) if network.driver == "bridge" else ()


def named(connections: Iterable[Connection], names: Mapping[str, str]) -> list[Connection]:
    """With the names of their far ends; what listens comes last, and otherwise they are in the order of their ports."""
    return sorted((msgspec.structs.replace(one, far_name=_name(one, names)) for one in connections), key=_place)


def _name(one: Connection, names: Mapping[str, str]) -> str:
    """What listens where the resolver does is the resolver, and nothing of the container's."""
    if not one.far_address:
        return RESOLVER if one.address == ADDRESS else ""
    return names.get(one.far_address, "")


def _place(one: Connection) -> tuple[bool, str, int, str, str, int]:
    return (not one.far_address, one.protocol, one.port, one.address, one.far_address, one.far_port)

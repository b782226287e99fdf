"""What a running container has of its networks, as values for the rooms that make it: plugs and forwards."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from engine import model
from engine.network import names
from engine.network.ports.relayed import LOOPBACK6
from engine.network.values import Bridge, Forward, Interface, Plug
from engine.supervise.registry import Live

_ANYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - what an operator publishes
Find = Callable[[str], model.Network]
"""A network by its id."""


class Attached(NamedTuple):
    """All of one container."""

    plugs: tuple[Plug, ...]
    forwards: tuple[Forward, ...]
    targets: tuple[str, str] = ("", "")
    """Where published ports lead to, IPv4 and IPv6; empty where it has no such address."""


class _Way(NamedTuple):
    """A bridge, and the container's address on it."""

    link: str
    target: str


def attached(live: Live, find: Find, mtu: int) -> Attached:
    """What this run is to have, `mtu` being the uplink's. Raises `NotFound` where a network is gone."""
    places = [(endpoint, find(endpoint.network)) for endpoint in live.container.endpoints]
    gateways = _gateways(places)
    plugs = tuple(
        _plug(live, endpoint, network, gateways.get(endpoint.interface, ()), mtu) for endpoint, network in places
    )
    ways = _ways_in(places)
    target, target6 = (way.target if way is not None else "" for way in ways)
    return Attached(plugs, tuple(_forwards(live.container.ports, ways)), (target, target6))


def bridge_of(network: model.Network, mtu: int) -> Bridge:
    """The bridge of a network that has one."""
    gateways = ((network.gateway, network.subnet), (network.gateway6, network.subnet6))
    return Bridge(
        name=network.link,
        addresses=tuple(_with_prefix(address, subnet) for address, subnet in gateways if address),
        mtu=network.mtu or mtu,
        internal=network.internal,
        isolate=network.isolate,
    )


def _with_prefix(address: str, subnet: str) -> Interface:
    return ipaddress.ip_interface(f"{address}/{subnet.partition('/')[2]}")


def _gateways(places: list[tuple[model.Endpoint, model.Network]]) -> dict[str, tuple[str, ...]]:
    """Interface -> the default routes through it: the first that leads out has that of its family."""
    found: dict[str, tuple[str, ...]] = {}
    for family in ("gateway", "gateway6"):
        address = "address" if family == "gateway" else "address6"
        for endpoint, network in places:
            way = getattr(network, family)
            if way and getattr(endpoint, address) and not network.internal:
                found[endpoint.interface] = (*found.get(endpoint.interface, ()), way)
                break
    return found


def _plug(live: Live, endpoint: model.Endpoint, network: model.Network, gateways: tuple[str, ...], mtu: int) -> Plug:
    pairs = ((endpoint.address, network.subnet), (endpoint.address6, network.subnet6))
    rate = live.options.bandwidth
    return Plug(
        link=names.host_end(live.id, live.state.run, number_of(endpoint)),
        interface=endpoint.interface,
        mac=endpoint.mac,
        addresses=tuple(_with_prefix(address, subnet) for address, subnet in pairs if address),
        gateways=gateways,
        mtu=network.mtu or mtu,
        bridge=network.link,
        parent=network.parent,
        kind=network.driver,
        mode=network.mode,
        bits_into=rate.into or 0,
        bits_out_of=rate.out_of or 0,
    )


def number_of(endpoint: model.Endpoint) -> int:
    """eth2 -> 2."""
    return int(endpoint.interface.removeprefix("eth"))


def _forwards(ports: tuple[model.Port, ...], ways: tuple[_Way | None, ...]) -> Iterator[Forward]:
    """Each port in the families that it is published in, but for ::1, which the kernel cannot forward from."""
    for port in ports:
        for anywhere, way in zip(_ANYWHERE, ways, strict=True):
            host = port.address or anywhere
            if way is not None and (":" in host) == (":" in anywhere) and host != LOOPBACK6:
                yield Forward(port.protocol, host, port.host, way.link, way.target, port.container)


def _ways_in(places: list[tuple[model.Endpoint, model.Network]]) -> tuple[_Way | None, ...]:
    """The first bridge of each family by which ports lead in; an internal one has none."""
    found = []
    for field in ("address", "address6"):
        ways = (_Way(network.link, target) for place, network in _open(places) if (target := getattr(place, field)))
        found.append(next(ways, None))
    return tuple(found)


def _open(places: list[tuple[model.Endpoint, model.Network]]) -> Iterator[tuple[model.Endpoint, model.Network]]:
    return ((place, network) for place, network in places if network.link and not network.internal)

"""What a running container has of its networks, as values for the rooms that make it: plugs and forwards."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import NamedTuple

from engine import model
from engine.network import names
from engine.network.values import Bridge, Forward, Interface, Plug
from engine.supervise.registry import Live

Find = Callable[[str], model.Network]
"""A network by its id."""


class Attached(NamedTuple):
    """All of one container."""

    plugs: tuple[Plug, ...]
    forwards: tuple[Forward, ...]


def attached(live: Live, find: Find, mtu: int) -> Attached:
    """What this run is to have, `mtu` being the uplink's. Raises `NotFound` where a network is gone."""
    places = [(endpoint, find(endpoint.network)) for endpoint in live.container.endpoints]
    gateways = _gateways(places)
    plugs = tuple(
        _plug(live, endpoint, network, gateways.get(endpoint.interface, ()), mtu) for endpoint, network in places
    )
    return Attached(plugs, tuple(_forwards(live.container.ports, places)))


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


def _forwards(ports: tuple[model.Port, ...], places: list[tuple[model.Endpoint, model.Network]]) -> Iterator[Forward]:
    """Each port in the families that it is published in, to the first bridge that the container has an address on."""
    for port in ports:
        for anywhere, field in _families(port):
            for endpoint, network in places:
                target = getattr(endpoint, field)
                if target and network.link and not network.internal:
                    host = port.address or anywhere
                    yield Forward(port.protocol, host, port.host, network.link, target, port.container)
                    break


def _families(port: model.Port) -> tuple[tuple[str, str], ...]:
    both = (("0.0.0.0", "address"), ("::", "address6"))  # noqa: S104 - what an operator publishes
    if not port.address:
        return both
    return (both[ipaddress.ip_address(port.address).version == 6],)

"""The `NetworkSettings` of `docker inspect`, and what of `HostConfig` and `Config` concerns networks."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.cli.render.ports import bindings, exposed
from engine.model import Container, CreateOptions, Endpoint, Joining, Network, Port, Status

_NOWHERE = ("none", "host")
_DEFAULT = "bridge"
_ACTIVE = (Status.RUNNING, Status.PAUSED)


def network_settings(
    container: Container, networks: Mapping[str, Network], image_ports: Iterable[str] = ()
) -> dict[str, Any]:
    """`networks` are those of its endpoints by their ids; `image_ports` are those that its image exposes."""
    views = {
        _name(endpoint, networks): _endpoint(
            endpoint, networks.get(endpoint.network), _joining(container, endpoint, networks)
        )
        for endpoint in container.endpoints
    }
    if not views and container.options.network in _NOWHERE:
        views = {container.options.network: _endpoint(Endpoint(network="", interface=""), None, None)}
    return {
        "Bridge": "",
        "Ports": _ports(container, image_ports),
        **_of_default(views.get(_DEFAULT)),
        "Networks": views,
    }


def network_config(options: CreateOptions) -> dict[str, Any]:
    """For `HostConfig`: as it was asked for."""
    asked: dict[str, list[dict[str, str]]] = {}
    for port in options.ports:
        binding = {"HostIp": port.address, "HostPort": _asked(port)}
        asked.setdefault(f"{port.container}/{port.protocol}", []).append(binding)
    bandwidth = options.bandwidth
    return {
        "NetworkMode": options.network,
        "PortBindings": asked,
        "PublishAllPorts": options.publish_all,
        "Dns": list(options.dns) or None,
        "DnsOptions": list(options.dns_options) or None,
        "DnsSearch": list(options.dns_search) or None,
        "ExtraHosts": list(options.hosts) or None,
        "NetworkBandwidth": {"In": bandwidth.into or 0, "Out": bandwidth.out_of or 0},
    }


def exposed_ports(options: CreateOptions, of_image: Iterable[str]) -> dict[str, dict[str, str]] | None:
    """For `Config`: every port that the image, `--expose` or `-p` names."""
    published = [f"{port.container}/{port.protocol}" for port in options.ports]
    names = dict.fromkeys([*of_image, *options.expose, *published])
    return {name: {} for name in names} or None


def _ports(container: Container, image_ports: Iterable[str]) -> dict[str, list[dict[str, str]] | None]:
    """Docker's: an exposed port is there and has nothing; all of it only of what runs."""
    if container.state.status not in _ACTIVE:
        return {}
    found: dict[str, list[dict[str, str]] | None] = {f"{port}/{name}": None for port, name in exposed(container)}
    found |= dict.fromkeys(image_ports)
    for one in bindings(container):
        own = found.get(one.private) or []
        found[one.private] = [*own, {"HostIp": one.address, "HostPort": str(one.host)}]
    return found


def _asked(port: Port) -> str:
    if not port.host:
        return ""
    return f"{port.host}-{port.last}" if port.last > port.host else str(port.host)


def _name(endpoint: Endpoint, networks: Mapping[str, Network]) -> str:
    return networks[endpoint.network].name if endpoint.network in networks else endpoint.network


def _joining(container: Container, endpoint: Endpoint, networks: Mapping[str, Network]) -> Joining | None:
    """How it was asked for, where more was said than the name."""
    names = (endpoint.network, _name(endpoint, networks))
    return next((join for join in container.options.joins if join.network in names), None)


def _endpoint(endpoint: Endpoint, network: Network | None, join: Joining | None) -> dict[str, Any]:
    asked = {"IPv4Address": join.address, "IPv6Address": join.address6} if join is not None else {}
    return {
        "IPAMConfig": {key: address for key, address in asked.items() if address} or None,
        "Aliases": list(endpoint.aliases) or None,
        "MacAddress": endpoint.mac,
        "NetworkID": endpoint.network,
        "Interface": endpoint.interface,
        "Gateway": network.gateway if network is not None and endpoint.address else "",
        "IPAddress": endpoint.address,
        "IPPrefixLen": _prefix(network.subnet) if network is not None and endpoint.address else 0,
        "IPv6Gateway": network.gateway6 if network is not None and endpoint.address6 else "",
        "GlobalIPv6Address": endpoint.address6,
        "GlobalIPv6PrefixLen": _prefix(network.subnet6) if network is not None and endpoint.address6 else 0,
    }


def _prefix(subnet: str) -> int:
    length = subnet.partition("/")[2]
    return int(length) if length.isdigit() else 0


def _of_default(view: dict[str, Any] | None) -> dict[str, Any]:
    """What Docker once had a single network for, and many a script still looks at."""
    view = view or _endpoint(Endpoint(network="", interface=""), None, None)
    keys = ("IPAddress", "IPPrefixLen", "Gateway", "MacAddress")
    six = ("IPv6Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen")
    return {key: view[key] for key in (*keys, *six)}

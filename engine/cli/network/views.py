"""A network in the form of `docker network inspect`."""

from collections.abc import Mapping
from typing import Any, Final

from engine.cli.render.human import rfc3339
from engine.model import Endpoint, Network

_BUILT_IN: Final = ("bridge", "host", "none")
_NEVER: Final = "0001-01-01T00:00:00Z"
"""Go's zero time: the built-in ones were made by nobody."""
_NULL: Final = {"none": "null"}
"""What Docker calls the driver of the network `none`."""


def is_built_in(network: Network) -> bool:
    """Whether it is there without anybody having made it."""
    return network.id in _BUILT_IN


def driver_name(network: Network) -> str:
    """As Docker has it."""
    return _NULL.get(network.driver, network.driver)


def network_view(network: Network, ids: Mapping[str, str]) -> dict[str, Any]:
    """The object of `docker network inspect`, and whether it is isolated; `ids` are of containers, by name."""
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": rfc3339(network.created_ns) if network.created_ns else _NEVER,
        "Scope": "local",
        "Driver": driver_name(network),
        "EnableIPv4": bool(network.subnet),
        "EnableIPv6": bool(network.subnet6),
        "IPAM": {"Driver": "default", "Options": {}, "Config": _configs(network)},
        "Internal": network.internal,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {
            ids.get(name, name): _endpoint(name, endpoint, network) for name, endpoint in network.containers.items()
        },
        "Options": _options(network),
        "Labels": dict(network.labels),
        "Isolated": network.isolate,
    }


def _configs(network: Network) -> list[dict[str, str]]:
    families = (
        {"Subnet": network.subnet, "IPRange": network.ip_range, "Gateway": network.gateway},
        {"Subnet": network.subnet6, "Gateway": network.gateway6},
    )
    return [{key: value for key, value in one.items() if value} for one in families if one["Subnet"]]


def _endpoint(name: str, endpoint: Endpoint, network: Network) -> dict[str, str]:
    return {
        "Name": name,
        "Interface": endpoint.interface,
        "MacAddress": endpoint.mac,
        "IPv4Address": _with_prefix(endpoint.address, network.subnet),
        "IPv6Address": _with_prefix(endpoint.address6, network.subnet6),
    }


def _with_prefix(address: str, subnet: str) -> str:
    return f"{address}/{subnet.rpartition('/')[2]}" if address else ""


def _options(network: Network) -> dict[str, str]:
    found = {
        "com.docker.network.bridge.name": network.link,
        "com.docker.network.driver.mtu": str(network.mtu or ""),
        "parent": network.parent,
        f"{network.driver}_mode": network.mode,
    }
    return {key: value for key, value in found.items() if value}

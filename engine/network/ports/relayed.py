"""Which published ports the kernel cannot forward."""

from collections.abc import Iterable
from typing import NamedTuple

from engine.network.ports.holding import Bound

LOOPBACK6 = "::1"
_PROTOCOLS = frozenset({"tcp", "udp"})


class Relayed(NamedTuple):
    """A held socket, and where what comes to it goes."""

    bound: Bound
    target: str
    """An address of the container."""


def relayed(bound: Iterable[Bound], address: str, address6: str) -> tuple[Relayed, ...]:
    """Those of a container with these addresses, either of them empty where it has none.

    The kernel forwards within a family. What is left: one family for the other, and [::1], from which it sends a
    connection to the container and then refuses the answer, IPv6 having nothing like route_localnet
    (tests/integration/network/test_network_relay.py shows it). A socket on :: gets [::1] alone where rules take the
    rest.
    """
    pairs = ((one, _target(one.host, address, address6)) for one in bound if one.port.protocol in _PROTOCOLS)
    return tuple(Relayed(one, target) for one, target in pairs if target)


def _target(host: str, address: str, address6: str) -> str:
    if ":" not in host:
        return "" if address else address6
    if address6 and host not in (LOOPBACK6, "::"):
        return ""
    return address6 or address

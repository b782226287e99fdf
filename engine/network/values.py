"""What the rooms of the network tell each other: all of it settled, so that nobody below has to choose."""

from ipaddress import IPv4Interface, IPv6Interface
from typing import NamedTuple

Interface = IPv4Interface | IPv6Interface
"""An address with the prefix of its subnet."""


class Bridge(NamedTuple):
    """A bridge on the host."""

    name: str
    """qd0, at most 15 characters."""
    addresses: tuple[Interface, ...]
    """The host's own, the gateways of the containers: 172.17.0.1/16."""
    mtu: int = 1500
    internal: bool = False
    """No way out and none in, but from the host itself."""
    isolate: bool = True
    """Containers of other bridges reach published ports of it alone."""


class Plug(NamedTuple):
    """One interface of a container and the host's end of it."""

    link: str
    """Name of the host's end; for macvlan and ipvlan of the link while it is still the host's."""
    interface: str
    """Its name inside: eth0."""
    mac: str
    addresses: tuple[Interface, ...]
    gateways: tuple[str, ...] = ()
    """Default routes that this interface gives; one of each family at most."""
    mtu: int = 1500
    bridge: str = ""
    """The bridge that it is on; empty for macvlan and ipvlan."""
    parent: str = ""
    kind: str = "bridge"
    """bridge (a veth pair), macvlan, ipvlan."""
    mode: str = ""
    bits_into: int = 0
    """A second; 0 is no limit."""
    bits_out_of: int = 0


class Forward(NamedTuple):
    """One published port of one family."""

    protocol: str
    """tcp, udp, sctp."""
    host: str
    """The host's address, 0.0.0.0 or :: for each one."""
    port: int
    bridge: str
    """The bridge that the target is on."""
    target: str
    """The container's address, of the same family."""
    target_port: int


class Counters(NamedTuple):
    """What went through one interface since it was made, or through several, as the container sees it."""

    rx_bytes: int = 0
    rx_packets: int = 0
    rx_drops: int = 0
    rx_errors: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_drops: int = 0
    tx_errors: int = 0

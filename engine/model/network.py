"""Networks, who is on them, and the ports that are published."""

from engine.model.value import Value


class Port(Value, frozen=True, kw_only=True):
    """One published port, as asked for or as settled."""

    container: int
    protocol: str = "tcp"
    """tcp, udp or sctp."""
    host: int = 0
    """0: any free one. Settled ones are never 0."""
    last: int = 0
    """The end of the range in which a free one is looked for, `host` being its beginning; 0: `host` alone."""
    address: str = ""
    """The one address of the host that it is published on, without brackets; empty: every one, IPv4 and IPv6."""


class Joining(Value, frozen=True, kw_only=True):
    """A network that a container is to be on, and how."""

    network: str
    """Name or id."""
    address: str = ""
    """Empty: one is chosen. Likewise the next two."""
    address6: str = ""
    mac: str = ""
    aliases: tuple[str, ...] = ()


class Endpoint(Value, frozen=True, kw_only=True):
    """A container's place on one network; kept as long as the container is on it, whether it runs or not."""

    network: str
    """Id."""
    interface: str
    """Its name inside: eth0, eth1 ..."""
    mac: str = ""
    address: str = ""
    """IPv4 without a prefix; empty: none. Likewise IPv6."""
    address6: str = ""
    aliases: tuple[str, ...] = ()


class Bandwidth(Value, frozen=True, kw_only=True):
    """Limits of what goes through each interface, in bits a second; None is none."""

    into: int | None = None
    out_of: int | None = None


class Network(Value, frozen=True, kw_only=True):
    """A network as created."""

    id: str
    """64 hex digits; for the built-in ones their names: bridge, host, none."""
    name: str
    driver: str = "bridge"
    """bridge, macvlan, ipvlan, none or host."""
    created_ns: int = 0
    subnet: str = ""
    """172.18.0.0/16; empty: no IPv4. Likewise the other three."""
    gateway: str = ""
    ip_range: str = ""
    """The part of the subnet from which addresses are chosen; empty: all of it."""
    subnet6: str = ""
    gateway6: str = ""
    internal: bool = False
    """No way out and no way in but from the host."""
    isolate: bool = True
    """Other networks' containers cannot reach it."""
    mtu: int = 0
    """0: the uplink's."""
    parent: str = ""
    """For macvlan and ipvlan: the host's link."""
    mode: str = ""
    """For macvlan (bridge, private, vepa, passthru) and ipvlan (l2, l3, l3s); empty: the first of them."""
    link: str = ""
    """The name of the bridge on the host; empty where there is none."""
    labels: dict[str, str] = {}
    containers: dict[str, Endpoint] = {}
    """Names of containers on it; filled in where it is shown, not on disk."""

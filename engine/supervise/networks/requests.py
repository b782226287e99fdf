"""What a request about networks may say."""

import msgspec


class NewNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network to be made, as it was asked for. Of what each family has one, the address says which is meant."""

    name: str
    driver: str = "bridge"
    subnets: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    ip_ranges: tuple[str, ...] = ()
    ipv4: bool = True
    """Choose an IPv4 subnet where none is named."""
    ipv6: bool = False
    internal: bool = False
    isolate: bool = True
    mtu: int = 0
    parent: str = ""
    mode: str = ""
    labels: dict[str, str] = {}


class NetworkName(msgspec.Struct, frozen=True):
    """One network."""

    ref: str
    force: bool = False


class PruneNetworks(msgspec.Struct, frozen=True):
    """Those that nobody is on: `until` (nanoseconds since the epoch) and `label`, `label!` (KEY or KEY=VALUE)."""

    filters: dict[str, list[str]] = {}


class Connect(msgspec.Struct, frozen=True, kw_only=True):
    """A container that is to be on one more network."""

    network: str
    container: str
    address: str = ""
    address6: str = ""
    mac: str = ""
    aliases: tuple[str, ...] = ()


class Disconnect(msgspec.Struct, frozen=True, kw_only=True):
    """A container that is to leave a network; with `force` also where it is not known or does not answer."""

    network: str
    container: str
    force: bool = False

"""From what was asked for to a network, everything checked and chosen; touches nothing."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Final, NamedTuple, TypeVar

from engine import model
from engine.errors import Conflict, InvalidInput
from engine.network import subnets
from engine.network.subnets import Address, Subnet
from engine.supervise.networks.requests import NewNetwork

DRIVERS: Final = ("bridge", "macvlan", "ipvlan")
MODES: Final = {
    "bridge": ("",),
    "macvlan": ("bridge", "private", "vepa", "passthru"),
    "ipvlan": ("l2", "l3", "l3s"),
}
_ALONE: Final = {"host": "host", "none": "none", "null": "none"}
"""Drivers of networks of which there is one, and its name."""
_LINK: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}")
"""Of what Linux allows for a name of 15 characters, that which nobody can take for something else."""
_MTU: Final = {4: 68, 6: 1280}
"""The least that a link must carry. Sources: RFC 791, section 3.2; RFC 8200, section 5."""
_MTU_MAX: Final = 65_535
_LABELS: Final = 64 << 10
"""Bytes of all labels."""

T = TypeVar("T", bound="Subnet | Address")


class Place(NamedTuple):
    """What a network is given, whatever was asked for."""

    id: str
    link: str
    """What its bridge is called."""
    created_ns: int
    seed: bytes
    """Random: its IPv6 subnet is made of it where none is named."""
    pool: tuple[tuple[IPv4Network, int], ...] = subnets.POOL
    """From which its IPv4 subnet is chosen likewise."""


def plan(request: NewNetwork, place: Place, taken: Mapping[Subnet, str]) -> model.Network:
    """The network. `taken` are subnets and whose they are.

    Raises `InvalidInput`, and `Conflict` where a subnet is taken.
    """
    _check_driver(request)
    subnet, subnet6 = _subnets(request, place, taken)
    families = {4: subnet, 6: subnet6}
    gateway, gateway6 = (_gateway(request, families, version) for version in (4, 6))
    return model.Network(
        id=place.id,
        name=request.name,
        driver=request.driver,
        created_ns=place.created_ns,
        subnet=_text(subnet),
        gateway=_text(gateway),
        ip_range=_text(_ip_range(request, subnet)),
        subnet6=_text(subnet6),
        gateway6=_text(gateway6),
        internal=request.internal,
        isolate=request.isolate,
        mtu=_mtu(request, subnet6),
        parent=request.parent,
        mode=request.mode,
        link=place.link if request.driver == "bridge" else "",
        labels=_labels(request),
    )


def _check_driver(request: NewNetwork) -> None:
    driver = request.driver
    if driver in _ALONE:
        name = _ALONE[driver]
        raise Conflict(
            f"there is one network {name}, and it is there already", hint=f"give a container --network {name}"
        )
    if driver not in DRIVERS:
        raise InvalidInput(f"there is no network driver {driver[:64]!r}", hint=f"one of {', '.join(DRIVERS)}")
    if request.mode and request.mode not in MODES[driver]:
        known = ", ".join(MODES[driver]) if driver != "bridge" else "it has none"
        raise InvalidInput(f"{request.mode[:64]!r} is no mode of the driver {driver}", hint=known)
    if driver == "bridge" and request.parent:
        raise InvalidInput("a bridge has no parent", hint="leave out parent, or choose --driver macvlan or ipvlan")
    if driver != "bridge" and not _LINK.fullmatch(request.parent):
        raise InvalidInput(
            f"the driver {driver} needs a link of this host that its containers are on", hint="name it: -o parent=eth0"
        )


def _subnets(
    request: NewNetwork, place: Place, taken: Mapping[Subnet, str]
) -> tuple[IPv4Network | None, IPv6Network | None]:
    named = [subnets.check_subnet(subnets.parse_subnet(text)) for text in request.subnets]
    for one in named:
        if (other := subnets.clash(one, taken)) is not None:
            raise Conflict(
                f"the subnet {one} overlaps {other} of {taken[other]}",
                hint="choose another one; `ip route` and `qd network ls` show who has it",
            )
    subnet, subnet6 = _one(named, IPv4Network, "subnet"), _one(named, IPv6Network, "subnet")
    if subnet is None and request.ipv4:
        subnet = subnets.choose_subnet(taken, place.pool)
    if subnet6 is None and request.ipv6:
        subnet6 = subnets.choose_subnet6(place.seed, taken)
    if subnet is None and subnet6 is None:
        raise InvalidInput("a network needs addresses", hint="--ipv4, --ipv6 or a --subnet")
    return subnet, subnet6


def _gateway(request: NewNetwork, families: dict[int, Subnet | None], version: int) -> Address | None:
    named = [subnets.parse_address(text, "gateway") for text in request.gateways]
    subnet = families[version]
    mine = [one for one in named if one.version == version]
    if len(mine) > 1:
        raise InvalidInput(f"two gateways for IPv{version}", hint="one of each family at most")
    if not mine:
        return None if subnet is None else subnets.gateway_of(subnet)
    if subnet is None or not any(":" in text if version == 6 else "." in text for text in request.subnets):
        raise InvalidInput(f"the gateway {mine[0]} has no subnet", hint="name the one that it is in: --subnet")
    subnets.check_gateway(mine[0], subnet)
    return mine[0]


def _ip_range(request: NewNetwork, subnet: IPv4Network | None) -> IPv4Network | None:
    found = [subnets.parse_subnet(text, "ip range") for text in request.ip_ranges]
    if any(isinstance(one, IPv6Network) for one in found):
        raise InvalidInput("an IPv6 subnet takes no ip range", hint="give a container its address: --ip6")
    span = _one(found, IPv4Network, "ip range")
    if span is None:
        return None
    if subnet is None or not any("." in text for text in request.subnets):
        raise InvalidInput(f"the ip range {span} has no subnet", hint="name the one that it is in: --subnet")
    subnets.check_within(span, subnet, "ip range")
    return span


def _one(found: Sequence[Subnet], kind: type[T], what: str) -> T | None:
    mine = [one for one in found if isinstance(one, kind)]
    if len(mine) > 1:
        raise InvalidInput(f"two {what}s of one family: {mine[0]} and {mine[1]}", hint="one of each family at most")
    return mine[0] if mine else None


def _mtu(request: NewNetwork, subnet6: IPv6Network | None) -> int:
    least = _MTU[6 if subnet6 else 4]
    if request.mtu and not least <= request.mtu <= _MTU_MAX:
        raise InvalidInput(f"an MTU of {request.mtu} is not possible here", hint=f"from {least} to {_MTU_MAX}")
    return request.mtu


def _labels(request: NewNetwork) -> dict[str, str]:
    if sum(len(key) + len(value) for key, value in request.labels.items()) > _LABELS:
        raise InvalidInput("the labels are too long", hint=f"{_LABELS >> 10} KiB in all")
    return request.labels


def _text(value: object) -> str:
    return "" if value is None else str(value)

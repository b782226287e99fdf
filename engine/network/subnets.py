"""Subnets: how they are written, which of them a network may have, and which is chosen where none is named."""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from engine.errors import Conflict, InvalidInput

Subnet = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

DEFAULT: Final = IPv4Network("172.17.0.0/16")
"""What the default network has where it is free, as with Docker; other networks leave it alone."""
POOL: Final[tuple[tuple[IPv4Network, int], ...]] = (
    *((IPv4Network(f"172.{second}.0.0/16"), 16) for second in range(18, 32)),
    (IPv4Network("192.168.0.0/16"), 20),
    (IPv4Network("10.0.0.0/8"), 20),
)
"""From which the others are chosen, in this order: a block of RFC 1918, and the prefix of what is cut from it."""
DEFAULT_POOL: Final = ((DEFAULT, 16), *POOL)
"""Likewise for the default network."""
_ULA: Final = IPv6Network("fd00::/8")
"""Local addresses with a global id of 40 random bits. Source: RFC 4193, section 3.1."""
_EVERYTHING: Final = {4: 3, 6: 3}
"""Prefixes up to which a route is a way out and no place: VPNs halve 0.0.0.0/0, and 2000::/3 is all of today's IPv6."""
_WRITTEN: Final = re.compile(r"[0-9a-fA-F:.]{2,45}/[0-9]{1,3}")
_WRITTEN_ADDRESS: Final = re.compile(r"[0-9a-fA-F:.]{2,45}")
_SHORTEST: Final = {4: 8, 6: 16}
_LONGEST: Final = {4: 30, 6: 126}
"""Network, gateway, one container and, with IPv4, broadcast."""
_FORBIDDEN: Final[dict[str, str]] = {
    "0.0.0.0/8": "means this host",
    "127.0.0.0/8": "is loopback",
    "169.254.0.0/16": "is for links without a subnet",
    "224.0.0.0/4": "is multicast",
    "240.0.0.0/4": "is reserved",
    "::/8": "is loopback, or IPv4 in disguise",
    "64:ff9b::/96": "is IPv4 in disguise",
    "fe80::/10": "is for links without a subnet",
    "ff00::/8": "is multicast",
}
_NOT_ANYONE_S: Final = tuple((ip_network(text), why) for text, why in _FORBIDDEN.items())


def parse_subnet(text: str, what: str = "subnet") -> Subnet:
    """`172.30.0.0/16` or `fd12::/64`; `what` names it in errors. Raises `InvalidInput`."""
    hint = "an address and a prefix: 172.30.0.0/16 or fd12:3456:789a::/64"
    if not _WRITTEN.fullmatch(text):
        raise InvalidInput(f"{text[:64]!r} is no {what}", hint=hint)
    try:
        found = ip_network(text, strict=False)
    except ValueError as err:
        raise InvalidInput(f"{text!r} is no {what}", hint=hint) from err
    if found.network_address != ip_address(text.partition("/")[0]):
        raise InvalidInput(f"the {what} {text} begins in the middle of {found}", hint=f"is {found} meant?")
    return found


def parse_address(text: str, what: str = "address") -> Address:
    """`172.30.0.7` or `fd12::7`; without a zone. Raises `InvalidInput`."""
    try:
        if _WRITTEN_ADDRESS.fullmatch(text):
            return ip_address(text)
    except ValueError:
        pass
    raise InvalidInput(f"{text[:64]!r} is no {what}", hint="such as 172.30.0.7 or fd12:3456:789a::7")


def check_subnet(subnet: Subnet) -> Subnet:
    """The subnet, if containers may have it. Raises `InvalidInput`."""
    for block, why in _NOT_ANYONE_S:
        if block.version == subnet.version and subnet.overlaps(block):
            raise InvalidInput(
                f"{subnet} cannot be a subnet: {block} {why}", hint="a private one, such as 172.30.0.0/16"
            )
    shortest, longest = _SHORTEST[subnet.version], _LONGEST[subnet.version]
    if not shortest <= subnet.prefixlen <= longest:
        raise InvalidInput(
            f"the subnet {subnet} is too {'small' if subnet.prefixlen > longest else 'large'}",
            hint=f"a prefix from /{shortest} to /{longest}",
        )
    return subnet


def check_within(part: Subnet | Address, subnet: Subnet, what: str) -> None:
    """Raises `InvalidInput` where an address or a range is not of the subnet; `what` names it."""
    first = part if isinstance(part, IPv4Address | IPv6Address) else part.network_address
    last = part if isinstance(part, IPv4Address | IPv6Address) else part.broadcast_address
    if first not in subnet or last not in subnet:
        raise InvalidInput(f"the {what} {part} is not in the subnet {subnet}", hint=f"choose one of {subnet}")


def check_gateway(gateway: Address, subnet: Subnet) -> None:
    """Raises `InvalidInput`."""
    check_within(gateway, subnet, "gateway")
    if gateway in (subnet.network_address, broadcast_of(subnet)):
        raise InvalidInput(f"{gateway} cannot be a gateway of {subnet}", hint=f"for example {gateway_of(subnet)}")


def broadcast_of(subnet: Subnet) -> Address | None:
    """The address that means everyone; IPv6 has none."""
    return subnet.broadcast_address if isinstance(subnet, IPv4Network) else None


def gateway_of(subnet: Subnet) -> Address:
    """Where nothing else is said: the first one. IPv6's zero means any router there (RFC 4291, section 2.6.1)."""
    return subnet.network_address + 1


def clash(subnet: Subnet, taken: Iterable[Subnet]) -> Subnet | None:
    """What of `taken` it overlaps; routes to everywhere do not count."""
    for other in taken:
        if other.version == subnet.version and is_place(other) and subnet.overlaps(other):
            return other
    return None


def is_place(route: Subnet) -> bool:
    """Whether it is somewhere, and not the way to all that is nowhere else."""
    return route.prefixlen > _EVERYTHING[route.version]


def choose_subnet(taken: Iterable[Subnet], pool: Iterable[tuple[IPv4Network, int]] = DEFAULT_POOL) -> IPv4Network:
    """The first of the pool that overlaps nothing taken. Raises `Conflict` where each one does."""
    spans = _spans(taken)
    begins = [begin for begin, _end in spans]
    for block, prefix in pool:
        for candidate in _cut(block, prefix):
            first, last = int(candidate.network_address), int(candidate.broadcast_address)
            before = bisect_right(begins, last) - 1
            if before < 0 or spans[before][1] < first:
                return candidate
    raise Conflict("no private subnet is left on this host", hint="name one yourself: --subnet 203.0.113.0/24")


def choose_subnet6(seed: bytes, taken: Iterable[Subnet] = ()) -> IPv6Network:
    """A /64 of local addresses that nobody else has, by all likelihood; `seed` is of the network alone.

    40 bits of global id and 16 of the subnet from a hash. Source: RFC 4193, section 3.2.2.
    """
    held = list(taken)
    for attempt in range(256):
        digest = hashlib.sha256(seed + bytes([attempt])).digest()
        value = int(_ULA.network_address) | int.from_bytes(digest[:7], "big") << 64
        found = IPv6Network((value, 64))
        if clash(found, held) is None:
            return found
    raise Conflict("no local IPv6 subnet is left on this host", hint="name one yourself: --subnet fd12:3456:789a::/64")


def is_chosen(subnet: str) -> bool:
    """Whether it may have been chosen here, and not by an operator."""
    found = IPv4Network(subnet)
    return any(found.prefixlen == prefix and found.subnet_of(block) for block, prefix in DEFAULT_POOL)


def _cut(block: IPv4Network, prefix: int) -> Iterator[IPv4Network]:
    return block.subnets(new_prefix=prefix)


def _spans(taken: Iterable[Subnet]) -> list[tuple[int, int]]:
    """First and last of each IPv4 place, as numbers, merged and in order: many networks are many candidates, too."""
    places = [one for one in taken if isinstance(one, IPv4Network) and is_place(one)]
    merged: list[tuple[int, int]] = []
    for first, last in sorted((int(one.network_address), int(one.broadcast_address)) for one in places):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged

"""Who is called what: the names of one network's containers, and of the networks that one container is on."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

_SHORT_ID: Final = 12
_REVERSE4: Final = ".in-addr.arpa"
_REVERSE6: Final = ".ip6.arpa"
_HEX: Final = "0123456789abcdef"
_BYTES4: Final = 4
_NIBBLES6: Final = 32


class Zone(Protocol):
    """What a resolver knows by itself."""

    def addresses(self, name: str) -> Sequence[str] | None:
        """IPv4 and IPv6, of this name in lower case; None: not ours."""

    def name_of(self, address: str) -> str | None:
        """The name of what has this address; None: not ours."""


class Names:
    """The containers of one network that can be reached."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, tuple[str, ...]]] = {}
        """Name -> id of a container -> its addresses: several containers may share an alias."""
        self._addresses: dict[str, tuple[str, str]] = {}
        """Address -> id, name."""
        self._containers: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        """Id -> names, addresses."""

    def set(self, container_id: str, names: Sequence[str], addresses: Sequence[str]) -> None:
        """Its name, then its aliases; its short id is one, too. What was said of it before is forgotten."""
        self.drop(container_id)
        called = tuple(dict.fromkeys(name.lower() for name in (*names, container_id[:_SHORT_ID])))
        found = tuple(str(ipaddress.ip_address(address)) for address in addresses)
        self._containers[container_id] = (called, found)
        for name in called:
            self._names.setdefault(name, {})[container_id] = found
        for address in found:
            self._addresses[address] = (container_id, called[0])

    def drop(self, container_id: str) -> None:
        """It is gone; gone already is no error."""
        names, addresses = self._containers.pop(container_id, ((), ()))
        for name in names:
            del self._names[name][container_id]
            if not self._names[name]:
                del self._names[name]
        for address in addresses:
            if self._addresses.get(address, ("",))[0] == container_id:  # else somebody else has it by now
                del self._addresses[address]

    def addresses(self, name: str) -> Sequence[str] | None:
        """Of every container that is called so."""
        found = self._names.get(name)
        return None if found is None else [address for addresses in found.values() for address in addresses]

    def name_of(self, address: str) -> str | None:
        """The name of the container that has it."""
        return self._addresses.get(address, (None, None))[1]


class Union:
    """What a container on several networks sees: all of them. `zones` may be changed at any time."""

    def __init__(self, zones: Iterable[Zone]) -> None:
        self.zones: tuple[Zone, ...] = tuple(zones)

    def addresses(self, name: str) -> Sequence[str] | None:
        """On each network where somebody is called so."""
        found = [addresses for zone in self.zones if (addresses := zone.addresses(name)) is not None]
        return list(dict.fromkeys(address for addresses in found for address in addresses)) if found else None

    def name_of(self, address: str) -> str | None:
        """On the first network that has it."""
        return next((name for zone in self.zones if (name := zone.name_of(address)) is not None), None)


def address_of(name: str) -> str | None:
    """4.3.2.1.in-addr.arpa -> 1.2.3.4, and likewise of ip6.arpa; None: not the name of an address.

    Source: RFC 1035, 3.5; RFC 3596, 2.5.
    """
    try:
        if name.endswith(_REVERSE4):
            parts = name.removesuffix(_REVERSE4).split(".")
            return str(ipaddress.IPv4Address(".".join(reversed(parts)))) if len(parts) == _BYTES4 else None
        if name.endswith(_REVERSE6):
            return _address6(name.removesuffix(_REVERSE6).split("."))
    except ValueError:
        return None
    return None


def _address6(nibbles: list[str]) -> str | None:
    if len(nibbles) != _NIBBLES6 or any(len(nibble) != 1 or nibble not in _HEX for nibble in nibbles):
        return None
    return str(ipaddress.IPv6Address(int("".join(reversed(nibbles)), 16)))

"""Which port of the host each published one gets."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from engine import errors
from engine.model import Port
from engine.network.ports import holding

_RANGE_FILE: Final = "/proc/sys/net/ipv4/ip_local_port_range"
_RESERVED_FILE: Final = "/proc/sys/net/ipv4/ip_local_reserved_ports"
_USUAL_RANGE: Final = (32768, 60999)
_ANOTHER: Final = "another container"


def settle(
    wanted: Sequence[Port],
    taken: Collection[Port] = (),
    is_free: Callable[[Port], bool] = holding.is_free,
) -> tuple[Port, ...]:
    """The same ports with the host's known; what is said twice is there once.

    `taken` are those of other containers; a mapping gives the name of the container that has each. `is_free` says of a
    port that was not named whether anybody else on the host has it; for named ones `holding.hold` does.
    Raises: Conflict, naming the container.
    """
    owners = {**taken} if isinstance(taken, Mapping) else dict.fromkeys(taken, _ANOTHER)
    known = _Known(owners)
    # Those that leave no choice first, lest one that does takes what another needs.
    for port in sorted(dict.fromkeys(wanted), key=_freedom):
        known.add(_one(port, known, is_free), "")
    return tuple(sorted(known.own(), key=lambda port: (port.container, port.protocol, port.host, port.address)))


class _Known:
    """Ports that are somebody's, and whose: empty for those that are being settled."""

    def __init__(self, owners: Mapping[Port, str]) -> None:
        self._owners: dict[tuple[str, int], dict[Port, str]] = {}
        for port, owner in owners.items():
            self.add(port, owner)

    def add(self, port: Port, owner: str) -> None:
        """One more."""
        self._owners.setdefault((port.protocol, port.host), {})[port] = owner

    def own(self) -> list[Port]:
        """Those that were settled."""
        return [port for those in self._owners.values() for port, owner in those.items() if not owner]

    def in_the_way(self, port: Port) -> tuple[Port, str] | None:
        """The one that clashes with this one, and whose it is."""
        those = self._owners.get((port.protocol, port.host), {})
        other = clash(port, those)
        return None if other is None else (other, those[other])


def clash(port: Port, taken: Iterable[Port]) -> Port | None:
    """The one of these that has the same port of a common address of the host."""
    same = (other for other in taken if (other.host, other.protocol) == (port.host, port.protocol))
    return next((other for other in same if _meet(port.address, other.address)), None)


def _meet(one: str, other: str) -> bool:
    """Whether two places to publish on have an address in common; empty is every one, IPv4 and IPv6."""
    if one == other or not one or not other:
        return True
    wide = {":" in address for address in (one, other)}
    return len(wide) == 1 and bool({one, other} & set(holding.ANYWHERE))


def _freedom(port: Port) -> int:
    """How many ports it would do with."""
    if not port.host:
        return 1 << 16
    return max(port.last - port.host, 0)


def _one(port: Port, known: _Known, is_free: Callable[[Port], bool]) -> Port:
    if port.host and port.last <= port.host:
        made = msgspec.structs.replace(port, last=0)
        _refuse_taken(made, known)
        return made
    for number in _candidates(port):
        made = msgspec.structs.replace(port, host=number, last=0)
        if known.in_the_way(made) is None and is_free(made):
            return made
    where = f"from {port.host} to {port.last}" if port.host else "for programs"
    raise errors.Conflict(
        f"every port of the host {where} is taken", hint="see qd ps and ss -tulpn, or name another port to publish on"
    )


def _refuse_taken(port: Port, known: _Known) -> None:
    found = known.in_the_way(port)
    if found is None:
        return
    other, owner = found
    if not owner:
        raise errors.Conflict(
            f"port {holding.told(port)} on the host is published twice, for {other.container} and {port.container}",
            hint="give each a port of its own",
        )
    raise errors.Conflict(
        f"port {holding.told(port)} on the host is taken by {_container(owner)}", hint=holding.another(port)
    )


def _container(name: str) -> str:
    return name if name == _ANOTHER else f"the container {name}"


def _candidates(port: Port) -> Iterator[int]:
    """A range in its order; else what the kernel gives to programs, from somewhere in the middle: the port of a
    container that is gone is not the next one's, to which old clients would talk."""
    if port.host:
        yield from range(port.host, port.last + 1)
        return
    first, last = _local_range()
    reserved = parse_ranges(_read(_RESERVED_FILE))
    count = last - first + 1
    start = int.from_bytes(os.urandom(4)) % count
    for number in range(count):
        candidate = first + (start + number) % count
        if not any(candidate in numbers for numbers in reserved):
            yield candidate


def _local_range() -> tuple[int, int]:
    """The ports that the kernel gives to those who ask for any. Source: ip(7), ip_local_port_range."""
    words = _read(_RANGE_FILE).split()
    return (int(words[0]), int(words[1])) if len(words) == 2 and all(map(str.isdigit, words)) else _USUAL_RANGE


def parse_ranges(text: str) -> list[range]:
    """`8080,9148-9150`. Source: ip(7), ip_local_reserved_ports."""
    found = []
    for word in filter(None, text.strip().split(",")):
        first, _dash, last = word.partition("-")
        found.append(range(int(first), int(last or first) + 1))
    return found


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""

"""What went through the containers' interfaces: one dump of the kernel's counters for all who ask at one time."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from engine import errors
from engine.sandbox import sharing
from engine.supervise.registry import Registry


class Counters(Protocol):
    """Of one interface since it was made, as the container sees them: rx is what it received."""

    @property
    def rx_bytes(self) -> int: ...
    @property
    def rx_packets(self) -> int: ...
    @property
    def rx_drops(self) -> int: ...
    @property
    def rx_errors(self) -> int: ...
    @property
    def tx_bytes(self) -> int: ...
    @property
    def tx_packets(self) -> int: ...
    @property
    def tx_drops(self) -> int: ...
    @property
    def tx_errors(self) -> int: ...


class Counted(NamedTuple):
    """The sum of several interfaces; the names are those of `model.Sample`."""

    rx_bytes: int = 0
    rx_packets: int = 0
    rx_drops: int = 0
    rx_errors: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_drops: int = 0
    tx_errors: int = 0
    interfaces: int = 0


NOTHING: Final = Counted()
_COUNTED: Final = Counted._fields[:-1]
Dump = Callable[[], Mapping[str, Counters]]


class Traffic:
    """Counters by container. `dump` gives those of every link of ours, by the name of the host's end."""

    def __init__(self, dump: Dump = dict) -> None:
        self.dump = dump
        self._seen: Mapping[str, Counters] = {}
        self._fresh = False

    def of(self, registry: Registry, container_id: str) -> Counted:
        """What went through the interfaces that this container sees; those of another's where it shares them."""
        names = links(registry, container_id)
        if not names:
            return NOTHING
        seen = self._now()
        return total(seen[name] for name in names if name in seen)

    def _now(self) -> Mapping[str, Counters]:
        """One dump serves all who ask before the loop goes on: the round of each second, a list of figures.

        Figures are not worth a failure: where the kernel refuses they stand still.
        """
        if not self._fresh:
            with suppress(OSError, errors.EngineError):
                self._seen = self.dump()
            self._fresh = True
            asyncio.get_running_loop().call_soon(self._age)
        return self._seen

    def _age(self) -> None:
        self._fresh = False


def links(registry: Registry, container_id: str) -> tuple[str, ...]:
    """The host's ends of the interfaces that a container sees; none on the host's network, or where it is gone.

    Whoever shares its network with others has one of its own.
    """
    try:
        live = registry.find(container_id)
        word = live.options.network
        other = word.removeprefix(sharing.CONTAINER)
        return live.links if other == word else registry.find(other).links
    except (errors.NotFound, errors.Conflict):
        return ()


def total(counters: Iterable[Counters]) -> Counted:
    """The sum."""
    rows = [tuple(getattr(one, field) for field in _COUNTED) for one in counters]
    return Counted._make((*(sum(column) for column in zip(*rows, strict=True)), len(rows))) if rows else NOTHING

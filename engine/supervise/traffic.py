"""What went through the containers' interfaces: one dump of the kernel's counters for all who ask at one time."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from engine import errors
from engine.network.sight import interfaces
from engine.network.values import Counters
from engine.supervise.networks.connections import network_owner
from engine.supervise.registry import Live, Registry


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
        """What went through the interfaces that this container sees; those of another's where it shares them.

        Those of macvlan and ipvlan have no end on the host, and are asked for in the container's namespace.
        """
        live = _owner(registry, container_id)
        if live is None or not live.container.endpoints:
            return NOTHING
        if len(live.links) < len(live.container.endpoints):
            return total(_inside(live).values())
        seen = self._now()
        return total(seen[name] for name in live.links if name in seen)

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


def _owner(registry: Registry, container_id: str) -> Live | None:
    """Whose interfaces it sees; None where those are the host's, or where it is gone."""
    try:
        return network_owner(registry, registry.find(container_id))
    except (errors.NotFound, errors.Conflict):
        return None


def _inside(live: Live) -> Mapping[str, Counters]:
    try:
        return interfaces.read(live.state.pid, [endpoint.interface for endpoint in live.container.endpoints])
    except OSError:
        return {}


def total(counters: Iterable[Counters]) -> Counted:
    """The sum."""
    rows = [tuple(getattr(one, field) for field in _COUNTED) for one in counters]
    return Counted._make((*(sum(column) for column in zip(*rows, strict=True)), len(rows))) if rows else NOTHING

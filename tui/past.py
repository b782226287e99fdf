"""What happened to each container in the last fifteen minutes, gathered from events and figures.

A container that is killed and restarted again and again looks healthy for most of every second; what makes it
trouble is its recent past, and the order of the list must not flicker with its state.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from engine.model import Event, Stats

WINDOW_NS: Final = 15 * 60 * 1_000_000_000
THROTTLE_NS: Final = 30 * 1_000_000_000
"""How long a container counts as throttled after it was."""
THROTTLE_RATIO: Final = 0.25
"""The share of scheduling periods from which on being throttled is worth a word."""
EVENTS_MAX: Final = 1000
"""Events kept for one container; a loop cannot fill the memory."""


class Past(NamedTuple):
    """The recent past of one container."""

    ooms: int = 0
    """Kills for the memory limit."""
    deaths: int = 0
    """Runs that ended."""
    throttled: bool = False
    last_death: Event | None = None
    """Its attributes say exitCode and cause."""


NOTHING: Final = Past()


class Recorder:
    """Gathers events and figures; used by one thread at a time."""

    def __init__(self) -> None:
        self._events: dict[str, deque[Event]] = {}
        self._throttled_ns: dict[str, int] = {}

    def add(self, event: Event) -> None:
        """Take in one event; only ends and kills matter here."""
        if event.type == "container" and event.action in ("die", "oom"):
            self._events.setdefault(event.id, deque(maxlen=EVENTS_MAX)).append(event)

    def measure(self, stats: Iterable[Stats], now_ns: int) -> None:
        """Take in the figures of one moment."""
        for one in stats:
            if one.throttled_ratio >= THROTTLE_RATIO:
                self._throttled_ns[one.id] = now_ns

    def past(self, container_id: str, now_ns: int) -> Past:
        """The last fifteen minutes of one container."""
        events = self._fresh(container_id, now_ns)
        throttled = now_ns - self._throttled_ns.get(container_id, 0) < THROTTLE_NS
        if not events:
            return Past(throttled=throttled) if throttled else NOTHING
        deaths = [event for event in events if event.action == "die"]
        return Past(len(events) - len(deaths), len(deaths), throttled, deaths[-1] if deaths else None)

    def keep(self, container_ids: frozenset[str]) -> None:
        """Forget containers that are gone."""
        for known in (self._events, self._throttled_ns):
            for gone in known.keys() - container_ids:
                del known[gone]

    def clear(self) -> None:
        """Forget the events: the journal is about to be read again."""
        self._events.clear()

    def _fresh(self, container_id: str, now_ns: int) -> deque[Event]:
        events = self._events.get(container_id)
        while events and events[0].time_ns < now_ns - WINDOW_NS:
            events.popleft()
        return events or deque()

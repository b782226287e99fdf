"""One moment of everything as rows, trouble first. Pure: values in, values out."""

import enum
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from engine.model import Container, ContainerState, Overview, Stats, Status
from tui import figures
from tui.past import WINDOW_NS, Past, Recorder

LOOP_RESTARTS: Final = 3
"""So many automatic restarts are a loop, once one of them was in the last fifteen minutes."""
ALIVE: Final = frozenset({Status.RUNNING, Status.PAUSED})


class Trouble(enum.IntEnum):
    """What a container suffers from, worst first; the list is in this order."""

    OOM = 0
    """Killed for its memory limit in the last fifteen minutes."""
    LOOP = 1
    """Ends and is restarted, again and again."""
    FAILED = 2
    """Ended by itself with an error, or could not start."""
    THROTTLED = 3
    PAUSED = 4
    RUNNING = 5
    CREATED = 6
    ENDED = 7
    """Ended well, or because somebody stopped it."""


class Row(NamedTuple):
    """One container with all that is drawn of it."""

    container: Container
    stats: Stats | None
    cpu: tuple[float, ...]
    """Cores of the last 30 seconds at most, oldest first."""
    past: Past
    trouble: Trouble

    @property
    def id(self) -> str:
        """The id of the container."""
        return self.container.id

    @property
    def name(self) -> str:
        """The name of the container."""
        return self.container.name

    @property
    def status(self) -> Status:
        """The state of the container."""
        return self.container.state.status

    @property
    def alive(self) -> bool:
        """Whether it has processes."""
        return self.status in ALIVE


class Moment(NamedTuple):
    """Everything at one time."""

    now_ns: int
    rows: tuple[Row, ...]
    oom_recent: int
    warnings: tuple[str, ...]

    def find(self, container_id: str | None) -> Row | None:
        """The row of one container."""
        return next((row for row in self.rows if row.id == container_id), None)


def moment(overview: Overview, recorder: Recorder) -> Moment:
    """Rank every container and put trouble first; containers with the same trouble are in the order of their names.

    A supervisor counts the kills that it saw itself, the journal knows those before it: the larger number is told.
    """
    recorder.keep(frozenset(container.id for container in overview.containers))
    recorder.measure(overview.stats.values(), overview.time_ns)
    rows = [_row(container, overview, recorder) for container in overview.containers]
    rows.sort(key=lambda row: (row.trouble, row.name, row.id))
    kills = sum(row.past.ooms for row in rows)
    return Moment(overview.time_ns, tuple(rows), max(overview.oom_recent, kills), overview.warnings)


def rank(state: ContainerState, past: Past, now_ns: int) -> Trouble:
    """What a container in this state and with this past suffers from."""
    if past.ooms or (state.oom_killed and now_ns - state.finished_ns < WINDOW_NS):
        return Trouble.OOM
    if _loops(state, now_ns):
        return Trouble.LOOP
    if state.status is Status.RUNNING:
        return Trouble.THROTTLED if past.throttled else Trouble.RUNNING
    if state.status is Status.PAUSED:
        return Trouble.PAUSED
    if failed(state):
        return Trouble.FAILED
    return Trouble.CREATED if state.status is Status.CREATED else Trouble.ENDED


def failed(state: ContainerState) -> bool:
    """Whether the last run ended, or did not begin, in a way that nobody asked for."""
    if state.error:
        return True
    return state.status is Status.EXITED and state.exit_code != 0 and not state.stopped_by_user


def status_words(row: Row, now_ns: int) -> str:
    """The state in about fourteen characters: up 3h, exit 1 2m, OOM x3 up 2s, restart in 5s."""
    state = row.container.state
    kills = f"OOM x{row.past.ooms} " if row.past.ooms > 1 else "OOM " if row.trouble is Trouble.OOM else ""
    return kills + _state_words(state, now_ns, short=bool(kills))


def matches(row: Row, query: str) -> bool:
    """Whether every word of the query occurs in the row's name, image, id or state; `!word` must not occur."""
    text = " ".join((row.name, row.container.image, row.status, row.trouble.name)).lower()
    return all(_has(text, row.id, word) for word in query.lower().split())


def in_trouble(row: Row) -> bool:
    """Whether it needs a look."""
    return row.trouble <= Trouble.PAUSED


def steady(shown: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """The wanted ids in the order in which they are shown already; new ones at the end."""
    ids = list(wanted)
    present: Collection[str] = set(ids)
    kept = [container_id for container_id in shown if container_id in present]
    known = set(kept)
    return kept + [container_id for container_id in ids if container_id not in known]


def _row(container: Container, overview: Overview, recorder: Recorder) -> Row:
    past = recorder.past(container.id, overview.time_ns)
    trouble = rank(container.state, past, overview.time_ns)
    stats = overview.stats.get(container.id)
    return Row(container, stats, overview.recent_cpu.get(container.id, ()), past, trouble)


def _loops(state: ContainerState, now_ns: int) -> bool:
    if state.status is Status.RESTARTING:
        return True
    return state.status in ALIVE and state.restarts >= LOOP_RESTARTS and now_ns - state.started_ns < WINDOW_NS


def _state_words(state: ContainerState, now_ns: int, *, short: bool) -> str:
    match state.status:
        case Status.RUNNING:
            return f"up {figures.short_age(now_ns - state.started_ns)}"
        case Status.PAUSED:
            return "frozen"
        case Status.RESTARTING:
            due = figures.short_age(state.restart_at_ns - now_ns)
            return f"in {due}" if short else f"restart in {due}"
        case Status.EXITED if not state.error or state.finished_ns:
            ended = figures.short_age(now_ns - state.finished_ns)
            return ended if short else f"exit {'?' if state.exit_code is None else state.exit_code} {ended}"
        case Status.REMOVING:
            return "removing"
    return "cannot start" if state.error else "created"


def _has(text: str, container_id: str, word: str) -> bool:
    if word.startswith("!"):
        return len(word) == 1 or not _has(text, container_id, word[1:])
    return word in text or container_id.startswith(word)

"""Why a container is as it is, in sentences for a person at three in the morning. Pure."""

import enum
from typing import Final, NamedTuple

from engine.model import Container, ContainerState, Limits, Stats, Status
from tui import figures
from tui.rows import Row, Trouble

NEAR_LIMIT: Final = 0.9
"""The share of a memory limit from which on it is worth a word."""


class Tone(enum.StrEnum):
    """How a sentence is meant; a theme gives each a colour."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    NOTE = "muted"


class Sentence(NamedTuple):
    """One statement."""

    tone: Tone
    text: str


def explain(row: Row, now_ns: int) -> list[Sentence]:
    """The most important statement first; never empty."""
    state = row.container.state
    said = _present(row, now_ns)
    if row.past.ooms > 1:
        said.append(Sentence(Tone.BAD, f"killed for memory {row.past.ooms} times in the last 15 min"))
    if state.restarts:
        said.append(Sentence(Tone.WARN, _restarts(state, now_ns)))
    return said


def headline(row: Row, now_ns: int) -> Sentence:
    """The one sentence for a place that has room for one."""
    said = explain(row, now_ns)
    worst = [sentence for sentence in said if sentence.tone is Tone.BAD]
    return (worst or said)[0]


def limits(limits: Limits) -> list[str]:
    """The ceilings that are set, as words; empty where there is none."""
    said = [
        ("memory", limits.memory_bytes, figures.size),
        ("cpus", limits.cpus, figures.cores),
        ("shares", limits.cpu_shares, str),
        ("cpuset", limits.cpuset_cpus, str),
        ("pids", limits.pids if limits.pids != -1 else None, str),
        ("blkio", limits.blkio_weight, str),
    ]
    return [f"{name} {write(value)}" for name, value, write in said if value is not None]  # type: ignore[operator]


def last_cause(container: Container) -> str:
    """Why the last run ended, in the engine's words or else by its exit code."""
    state = container.state
    if state.oom_killed and not state.cause:
        return "killed by the kernel: memory limit reached"
    return state.cause or figures.exit_words(state.exit_code)


def _present(row: Row, now_ns: int) -> list[Sentence]:
    state = row.container.state
    match state.status:
        case Status.RUNNING:
            return [*_running(row, now_ns), *_last_death(row, now_ns)]
        case Status.PAUSED:
            return [Sentence(Tone.WARN, "frozen: its processes stand still until it is thawed")]
        case Status.RESTARTING | Status.EXITED if state.finished_ns:
            return _ended(row, now_ns)
        case Status.REMOVING:
            return [Sentence(Tone.NOTE, "being removed")]
    if state.error:
        return [Sentence(Tone.BAD, f"could not start: {state.error}")]
    return [Sentence(Tone.NOTE, "created, never started")]


def _running(row: Row, now_ns: int) -> list[Sentence]:
    up = f"running for {figures.age(now_ns - row.container.state.started_ns)}"
    pressed = _pressure(row.stats, throttled=row.trouble is Trouble.THROTTLED) if row.stats else []
    return [*pressed, Sentence(Tone.NOTE if pressed else Tone.GOOD, up)]


def _pressure(stats: Stats, *, throttled: bool) -> list[Sentence]:
    said = []
    if throttled:
        limit = (
            "" if stats.cpu_limit_cores is None else f" by its limit of {figures.cores(stats.cpu_limit_cores)} cores"
        )
        share = figures.percent(stats.throttled_ratio)
        said.append(Sentence(Tone.WARN, f"held back{limit}: throttled in {share} of periods"))
    if stats.memory_limit_bytes and stats.memory_bytes >= NEAR_LIMIT * stats.memory_limit_bytes:
        share = figures.percent(stats.memory_bytes / stats.memory_limit_bytes)
        said.append(Sentence(Tone.WARN, f"memory at {share} of its limit"))
    return said


def _last_death(row: Row, now_ns: int) -> list[Sentence]:
    """Of a container that runs again: what its run before it ended of."""
    event = row.past.last_death
    if event is None or not (row.past.ooms or row.container.state.restarts):
        return []
    code = event.attributes.get("exitCode", "")
    cause = event.attributes.get("cause") or figures.exit_words(int(code) if code.isdecimal() else None)
    return [Sentence(Tone.BAD, f"last run, {figures.age(now_ns - event.time_ns)} ago: {cause}")]


def _ended(row: Row, now_ns: int) -> list[Sentence]:
    state = row.container.state
    cause = last_cause(row.container)
    said = [Sentence(Tone.NOTE if row.trouble is Trouble.ENDED else Tone.BAD, cause)]
    said.append(Sentence(Tone.NOTE, _facts(state, now_ns, code=not cause.startswith("exit"))))
    if state.error:
        said.insert(0, Sentence(Tone.BAD, f"could not start again: {state.error}"))
    return said


def _facts(state: ContainerState, now_ns: int, *, code: bool) -> str:
    """The code where the cause does not say it, how long the run lasted, and when it ended."""
    facts = [figures.exit_words(state.exit_code)] if code else []
    if state.started_ns:
        facts.append(f"ran for {figures.duration(state.finished_ns - state.started_ns)}")
    return ", ".join([*facts, f"ended {figures.age(now_ns - state.finished_ns)} ago"])


def _restarts(state: ContainerState, now_ns: int) -> str:
    times = "once" if state.restarts == 1 else f"{state.restarts} times"
    due = ""
    if state.status is Status.RESTARTING:
        due = f", next attempt in {figures.age(state.restart_at_ns - now_ns)}"
    return f"restarted {times}{due}"

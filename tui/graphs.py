"""The graphs of a container as data: values, their top, and a line of words. Pure."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.model import Series, Stats
from tui import braille, figures

SECOND_USEC: Final = 1_000_000
CORES_LEAST: Final = 0.1
RATE_LEAST: Final = 1 << 20
"""The smallest top of a graph without a limit: what is almost nothing should look like it."""

HOT: Final = 0.05
"""The share of periods from which on a point of the CPU graph is drawn as throttled."""

Value = float | None


class Graph(NamedTuple):
    """One graph."""

    key: str
    """cpu, memory or disk: the name of its look."""
    title: str
    now: str
    """The newest value in words, against the limit where there is one."""
    note: str
    """What is wrong, in words; mostly empty."""
    values: tuple[Value, ...]
    top: float
    top_words: str
    hot: tuple[Value, ...] = ()
    """Shares, 0 to 1; a point where it is `HOT` is drawn in the colour of a warning."""
    end: int = 0
    """The number of the last value, in steps since the epoch; see `braille.shrink`."""


class Scaled(NamedTuple):
    """A graph cut to the points of its place."""

    lines: list[str]
    hot: list[bool]
    """One for each cell across."""
    group: int
    """How many values one point stands for."""


def graphs(series: Series | None, stats: Stats | None) -> list[Graph]:
    """CPU, memory, reading and writing."""
    if series is None:
        return []
    end = series.end_ns // 1000 // max(1, series.step_usec)
    return [_cpu(series, stats, end), _memory(series, stats, end), *_disk(series, end)]


def scale(graph: Graph, width: int, height: int) -> Scaled:
    """Fit all values of a graph into its place; every peak is kept."""
    points = max(1, width * braille.POINTS)
    group = max(1, math.ceil(len(graph.values) / points))
    values = braille.shrink(graph.values, group, graph.end)
    hot = braille.shrink(graph.hot, group, graph.end) if graph.hot else []
    padded = [False] * (points - len(hot)) + [(share or 0.0) >= HOT for share in hot[-points:]]
    cells = [any(padded[i : i + braille.POINTS]) for i in range(0, points, braille.POINTS)]
    return Scaled(braille.filled(values, width, height, graph.top), cells, group)


def span_seconds(series: Series) -> float:
    """How much time the graphs cover."""
    return len(series.cpu_cores) * series.step_usec / SECOND_USEC


def _cpu(series: Series, stats: Stats | None, end: int) -> Graph:
    limit = stats.cpu_limit_cores if stats else None
    top = limit or _round_up(max(CORES_LEAST, _most(series.cpu_cores)))
    now = "-" if stats is None else figures.cores(stats.cpu_cores)
    of = f" of {figures.cores(limit)} cores" if limit else " cores"
    throttled = stats.throttled_ratio if stats else 0.0
    note = f"throttled {figures.percent(throttled)}" if throttled >= 0.005 else ""
    values, hot = tuple(series.cpu_cores), tuple(series.throttled_ratio)
    return Graph("cpu", "CPU", now + of, note, values, top, f"{figures.cores(top)} cores", hot, end)


def _memory(series: Series, stats: Stats | None, end: int) -> Graph:
    limit = stats.memory_limit_bytes if stats else None
    top = limit or _round_up(max(RATE_LEAST, _most(series.memory_bytes)), base=2.0)
    now = "-" if stats is None else figures.size(stats.memory_bytes)
    if stats is not None and limit:
        now += f" of {figures.size(limit)} ({figures.percent(stats.memory_bytes / limit)})"
    note = f"peak {figures.size(stats.memory_peak_bytes)}" if stats and stats.memory_peak_bytes else ""
    values = tuple(series.memory_bytes)
    return Graph("memory", "MEMORY", now, note, values, float(top), figures.size(top), (), end)


def _disk(series: Series, end: int) -> list[Graph]:
    top = _round_up(
        max(RATE_LEAST, _most(series.read_bytes_per_second), _most(series.write_bytes_per_second)), base=2.0
    )
    found = []
    for title, values in (("READ", series.read_bytes_per_second), ("WRITE", series.write_bytes_per_second)):
        last = values[-1] if values else None
        now = "-" if last is None else figures.rate(last)
        found.append(Graph("disk", title, now, "", tuple(values), top, figures.rate(top), (), end))
    return found


def _most(values: Sequence[Value]) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _round_up(value: float, base: float = 0.0) -> float:
    """A top that does not move with every value: the next 1, 2 or 5 times a power of ten, or the next power of two."""
    if base:
        return base ** math.ceil(math.log(value, base))
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= value * 0.999)

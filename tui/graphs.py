"""The graphs of a container as data: values, their top, and a line of words. Pure."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.model import Series
from tui import braille, figures
from tui.rows import Row

CORES_LEAST: Final = 0.1
RATE_LEAST: Final = 1 << 20
"""The smallest top of a graph without a limit: what is almost nothing should look like it."""

STILL: Final = "not running"
HOT: Final = 0.05
"""The share of periods from which on a point of the CPU graph is drawn as throttled."""

Value = float | None


class Graph(NamedTuple):
    """One graph."""

    key: str
    """cpu, memory or disk: the name of its look. The network looks as the disk does: both are what flows."""
    title: str
    now: str
    """The newest value in words, against the limit where there is one."""
    note: str
    """What is wrong, or else what the upper edge stands for where no limit says it."""
    values: tuple[Value, ...]
    top: float
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


def graphs(series: Series | None, row: Row | None) -> list[Graph]:
    """CPU, memory, reading and writing, and the network where there was any; of a container that does not run, what is
    remembered.

    None where nothing was ever measured.
    """
    if series is None or row is None or not any(value is not None for value in series.memory_bytes):
        return []
    end = series.end_ns // 1000 // max(1, series.step_usec)
    disk = _pair("READ", series.read_bytes_per_second, "WRITE", series.write_bytes_per_second, end)
    network = _pair("RECEIVED", series.rx_bytes_per_second, "SENT", series.tx_bytes_per_second, end)
    used = network if any(any(graph.values) for graph in network) else []
    return [_cpu(series, row, end), _memory(series, row, end), *disk, *used]


def fitting(found: Sequence[Graph], room: int) -> list[Graph]:
    """As many as there is room for: those of flows that never flowed are left out first."""
    kept = [graph for graph in found if graph.key != "disk" or any(graph.values)]
    return (list(found) if len(found) <= room else kept)[:room]


def scale(graph: Graph, width: int, height: int) -> Scaled:
    """Fill the place of a graph with its newest values; every peak of them is kept."""
    points = max(1, width * braille.POINTS)
    group = _group(len(graph.values), width)
    values = braille.shrink(graph.values, group, graph.end)
    hot = braille.shrink(graph.hot, group, graph.end) if graph.hot else []
    padded = [False] * (points - len(hot)) + [(share or 0.0) >= HOT for share in hot[-points:]]
    cells = [any(padded[i : i + braille.POINTS]) for i in range(0, points, braille.POINTS)]
    return Scaled(braille.filled(values, width, height, graph.top), cells, group)


def span_ns(series: Series, width: int) -> int:
    """How long ago the left edge of graphs of this width is."""
    return _group(len(series.cpu_cores), width) * width * braille.POINTS * series.step_usec * 1000


def _group(count: int, width: int) -> int:
    """How many values one point stands for, so that the whole width is used as soon as there is enough."""
    return max(1, count // max(1, width * braille.POINTS))


def _cpu(series: Series, row: Row, end: int) -> Graph:
    stats = row.stats
    limit = stats.cpu_limit_cores if stats else row.container.options.limits.cpus
    top = limit or _round_up(max(CORES_LEAST, _most(series.cpu_cores)))
    now = (
        STILL
        if stats is None
        else figures.cores(stats.cpu_cores) + (f" of {figures.cores(limit)}" if limit else "") + " cores"
    )
    throttled = stats.throttled_ratio if stats else 0.0
    note = (
        f"throttled {figures.percent(throttled)}" if throttled >= 0.005 else _top(limit, f"{figures.cores(top)} cores")
    )
    values, hot = tuple(series.cpu_cores), tuple(series.throttled_ratio)
    return Graph("cpu", "CPU", now, note, values, top, hot, end)


def _memory(series: Series, row: Row, end: int) -> Graph:
    stats = row.stats
    limit = stats.memory_limit_bytes if stats else row.container.options.limits.memory_bytes
    top = limit or _round_up(max(RATE_LEAST, _most(series.memory_bytes)), base=2.0)
    now = STILL if stats is None else figures.size(stats.memory_bytes)
    if stats is not None and limit:
        now += f" of {figures.size(limit)} ({figures.percent(stats.memory_bytes / limit)})"
    note = _top(limit, figures.size(top))
    values = tuple(series.memory_bytes)
    return Graph("memory", "MEMORY", now, note, values, float(top), (), end)


def _pair(first: str, into: Sequence[Value], second: str, out_of: Sequence[Value], end: int) -> list[Graph]:
    """Both ways of one flow in bytes a second, with one top."""
    top = _round_up(max(RATE_LEAST, _most(into), _most(out_of)), base=2.0)
    found = []
    for title, values in ((first, into), (second, out_of)):
        last = values[-1] if values else None
        now = STILL if last is None else figures.rate(last)
        found.append(Graph("disk", title, now, _top(None, figures.rate(top)), tuple(values), top, (), end))
    return found


def _top(limit: float | None, words: str) -> str:
    return "" if limit else f"top {words}"


def _most(values: Sequence[Value]) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _round_up(value: float, base: float = 0.0) -> float:
    """A top that does not move with every value: the next 1, 2 or 5 times a power of ten, or the next power of two."""
    if base:
        return base ** math.ceil(math.log(value, base))
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= value * 0.999)

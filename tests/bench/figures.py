"""Figures: medians, pairs, and a table of them."""

import statistics
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table."""

    what: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    """Ours by theirs: the median of the ratios of each pair, not the ratio of the medians."""


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes, by the wall clock."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def run_seconds(command: list[str], environment: dict[str, str] | None = None) -> float:
    """How long one command takes as a whole, its output thrown away. Raises RuntimeError with its words if it fails."""
    begin = time.perf_counter()
    result = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    taken = time.perf_counter() - begin
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} returned {result.returncode}: {result.stderr.strip()}")
    return taken


def pairs(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Median of ours, of theirs, and of their ratios, measured in turns so that both see the same machine."""
    measured = [in_turns(ours, theirs, number) for number in range(rounds)]
    return (
        statistics.median(mine for mine, _ in measured),
        statistics.median(other for _, other in measured),
        statistics.median(mine / other for mine, other in measured),
    )


def in_turns(ours: Callable[[], float], theirs: Callable[[], float], number: int) -> tuple[float, float]:
    """One pair. Whoever comes second finds another machine than the first: each does in every other round."""
    if number % 2:
        other = theirs()
        return ours(), other
    return ours(), theirs()


def milliseconds(value: float) -> str:
    """Seconds as milliseconds with three digits that mean something."""
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value * 1000:.0f} ms"


def paired_row(what: str, figures: tuple[float, float, float]) -> Row:
    """A row of a comparison in time."""
    ours, theirs, ratio = figures
    return Row(what, milliseconds(ours), milliseconds(theirs), f"{ratio:.2f}")


def table(rows: list[Row]) -> str:
    """Columns under their heads, as wide as they need."""
    lines = [Row("measured", "quarterdeck", "peer", "ratio"), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(Row._fields))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )

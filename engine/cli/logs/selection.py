"""Which part of which runs is asked for."""

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import NamedTuple

from engine.cli.logs.lines import Start
from engine.cli.logs.tail import find_tail
from engine.errors import NotFound
from engine.supervise.log import LogReader


class Selection(NamedTuple):
    """The flags of `qd logs` that select."""

    since_ns: int | None = None
    until_ns: int | None = None
    tail: int | None = None
    """How many lines from the end; None is all."""


class Part(NamedTuple):
    """One run, from here on."""

    run: int
    start: Start


def select(open_log: Callable[[int], LogReader], runs: Iterable[int], selection: Selection) -> list[Part]:
    """The parts to print, the oldest run first; a run whose record is gone is passed over."""
    parts: list[Part] = []
    wanted = selection.tail
    for run in sorted(runs, reverse=True):
        try:
            log = open_log(run)
        except NotFound:
            continue
        with closing(log):
            start, lines = _start(log, selection, wanted)
        parts.append(Part(run, start))
        if wanted is not None:
            wanted -= lines
            if wanted <= 0:
                break
    return parts[::-1]


def _start(log: LogReader, selection: Selection, wanted: int | None) -> tuple[Start, int]:
    """Where both the time and the number of lines allow to begin, and how many lines were counted."""
    since = Start(0)
    if selection.since_ns is not None:
        log.seek_time(selection.since_ns)
        since = Start(log.position)
    if wanted is None:
        return since, 0
    end = log.count()
    if selection.until_ns is not None:
        log.seek_time(selection.until_ns + 1)
        end = log.position
    tail = find_tail(log, wanted, end)
    return max(since, tail.start), tail.lines

"""Where the last N lines of a log begin, found from its end."""

from typing import NamedTuple

from engine.cli.logs.lines import WARM_PIECES, Start
from engine.supervise.log import LogReader, Stream


class Tail(NamedTuple):
    """Where to begin, and how many lines there are from there: fewer than asked for where the log has no more."""

    start: Start
    lines: int


def find_tail(log: LogReader, wanted: int, end: int) -> Tail:
    """The beginning of the last `wanted` lines before the piece `end`.

    Lines of both streams count in the order in which they were completed, which is the order of their ends in the
    file; after them comes what has no end yet, stdout first.
    """
    unfinished = _unfinished(log, end)
    found = len(unfinished)
    if wanted <= found:
        return Tail(Start(end, unwanted=unfinished[: found - wanted]), wanted)
    for number in range(end - 1, -1, -1):
        piece = log.piece(number)
        if piece.stream == Stream.STDIN:
            continue
        data = log.read(piece)
        ends = data.count(b"\n")
        if found + ends > wanted:
            return Tail(Start(number, _after_end(data, wanted - found)), wanted)
        found += ends
    return Tail(Start(0), found)


def _unfinished(log: LogReader, end: int) -> tuple[int, ...]:
    """The streams whose last line has no end."""
    unseen = {Stream.STDOUT, Stream.STDERR}
    unfinished: list[int] = []
    for number in range(end - 1, max(-1, end - 1 - WARM_PIECES), -1):
        piece = log.piece(number)
        if piece.stream in unseen:
            unseen.discard(Stream(piece.stream))
            if not log.read(piece).endswith(b"\n"):
                unfinished.append(piece.stream)
        if not unseen:
            break
    return tuple(sorted(unfinished))


def _after_end(data: bytes, lines: int) -> int:
    """Just after the line end that has `lines` ends behind it."""
    position = len(data)
    for _ in range(lines + 1):
        position = data.rindex(b"\n", 0, position)
    return position + 1

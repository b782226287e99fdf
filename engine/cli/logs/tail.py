"""Where the last N lines of a log begin, found from its end."""

from typing import NamedTuple

from engine.cli.logs.lines import Start
from engine.supervise.log import LogReader, Stream


class Tail(NamedTuple):
    """Where to begin, and how many lines there are from there: fewer than asked for where the log has no more."""

    start: Start
    lines: int


def find_tail(log: LogReader, wanted: int, end: int) -> Tail:
    """The beginning of the last `wanted` lines before the piece `end`.

    Lines of both streams count in the order in which they were completed, which is the order of their ends in the
    file. Text after the last end of its stream counts as a line.
    """
    number = end
    found = 0
    unseen = {Stream.STDOUT, Stream.STDERR}
    while number > 0 and wanted > 0:
        piece = log.piece(number - 1)
        if piece.stream == Stream.STDIN:
            number -= 1
            continue
        data = log.read(piece)
        if piece.stream in unseen:
            unseen.discard(Stream(piece.stream))
            found += not data.endswith(b"\n")
        ends = data.count(b"\n")
        if found + ends > wanted:
            return Tail(Start(number - 1, _after_end(data, wanted - found)), wanted)
        found += ends
        number -= 1
    return Tail(Start(number), min(found, wanted))


def _after_end(data: bytes, lines: int) -> int:
    """Just after the line end that has `lines` ends behind it."""
    position = len(data)
    for _ in range(lines + 1):
        position = data.rindex(b"\n", 0, position)
    return position + 1

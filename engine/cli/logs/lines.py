"""Lines of recorded output, cut out of the pieces that were read, with the time at which each was complete.

A piece is what one read(2) delivered, so a line may spread over several, and lines of stdout and stderr may be
interleaved. A line is complete when its end has come; that moment is its time, so that times never go backwards.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.supervise.log import LogReader, Piece, Stream

LINE_MAX: Final = 1 << 20
"""A longer line comes out in parts: memory stays bounded whatever a container writes."""
WARM_PIECES: Final = 512
"""How far back the beginning of a line is looked for."""


class Lines(NamedTuple):
    """Whole lines of one stream that were complete at one time, their ends included."""

    time_ns: int
    stream: int
    data: bytes
    """The last one lacks its end at the end of the log, and where a line is too long."""


class Start(NamedTuple):
    """Where reading begins: in this piece, after so many of its bytes."""

    piece: int
    skip: int = 0
    unwanted: tuple[int, ...] = ()
    """Streams whose line that has no end yet is not asked for."""


class LineCutter:
    """Puts the pieces of each stream together to lines."""

    def __init__(self) -> None:
        self._rests: dict[int, bytearray] = {}

    def feed(self, piece: Piece, data: bytes) -> Lines | None:
        """The lines that this piece completes: they have one stream and one time. None where it completes none."""
        rest = self._rests.get(piece.stream)
        end = data.rfind(b"\n") + 1
        if not rest and end == len(data):
            return Lines(piece.time_ns, piece.stream, data)
        if rest is None:
            rest = self._rests[piece.stream] = bytearray()
        end = len(rest) + end if end else 0
        rest += data
        if len(rest) - end > LINE_MAX:
            end = len(rest)
        if not end:
            return None
        lines = Lines(piece.time_ns, piece.stream, bytes(rest[:end]))
        del rest[:end]
        return lines

    def drop(self, stream: int) -> None:
        """Forget what this stream has begun."""
        self._rests.pop(stream, None)

    def rests(self, time_ns: int) -> Iterator[Lines]:
        """What has no end yet, stdout first; forgotten here."""
        for stream, rest in sorted(self._rests.items()):
            if rest:
                yield Lines(time_ns, stream, bytes(rest))
        self._rests.clear()


def begin(log: LogReader, cutter: LineCutter, start: Start) -> Iterator[Lines]:
    """Go to `start`: what the lines around it begin with is taken from before, and nothing that ended before."""
    _warm(log, cutter, start.piece)
    for stream in start.unwanted:
        cutter.drop(stream)
    log.seek(start.piece)
    if not start.skip:
        return
    piece, data = next(log.chunks())
    log.seek(start.piece + 1)
    cutter.drop(piece.stream)
    lines = cutter.feed(piece, data[start.skip :])
    if lines is not None:
        yield lines


def read_lines(log: LogReader, cutter: LineCutter, until_ns: int | None = None) -> Iterator[Lines]:
    """The lines from the present position on that were complete by `until_ns`."""
    for piece, data in log.chunks():
        if until_ns is not None and piece.time_ns > until_ns:
            return
        lines = cutter.feed(piece, data) if piece.stream != Stream.STDIN else None
        if lines is not None:
            yield lines


def _warm(log: LogReader, cutter: LineCutter, number: int) -> None:
    """Feed the pieces before `number` and forget the lines that end there."""
    log.seek(_first_to_warm(log, number))
    for piece, data in log.chunks():
        if log.position > number:
            return
        if piece.stream != Stream.STDIN:
            cutter.feed(piece, data)


def _first_to_warm(log: LogReader, number: int) -> int:
    """Far enough back that each stream has had the end of a line since."""
    open_streams = {Stream.STDOUT, Stream.STDERR}
    for before in range(number - 1, max(-1, number - 1 - WARM_PIECES), -1):
        piece = log.piece(before)
        if b"\n" in log.read(piece):
            open_streams.discard(Stream(piece.stream))
        if not open_streams:
            return before
    return max(0, number - WARM_PIECES)

"""Prints records: as they are where they may be, stamped line by line or cleaned where they must be."""

import os
import time
from typing import Final

from engine.cli.logs.clean import Cleaner
from engine.cli.logs.lines import LineCutter, Lines, Start, begin, read_lines
from engine.cli.render.human import rfc3339
from engine.cli.terminal.output import STDERR, STDOUT, copy_range, write_all
from engine.supervise.log import LogReader, Stream

_STYLE_OFF: Final = b"\x1b[0m"
_GATHER_BYTES: Final = 1 << 16


class Printer:
    """Standard output and error of one run after the other, on ours; cleaned where ours is a terminal."""

    def __init__(self, *, timestamps: bool, until_ns: int | None = None) -> None:
        self._timestamps = timestamps
        self._until_ns = until_ns
        self._cutter = LineCutter()
        self._cleaners = {fd: Cleaner() for fd in (STDOUT, STDERR) if os.isatty(fd)}
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._gathered_for = STDOUT

    def begin(self, log: LogReader, start: Start) -> None:
        """Go to where printing begins; prints what completes the lines that have begun before."""
        for lines in begin(log, self._cutter, start):
            self._write(lines)
        if not self._timestamps:
            self._write_rests()
        self._flush()

    def go_on(self, log: LogReader) -> None:
        """Print everything from the present position to the end."""
        if self._timestamps:
            for lines in read_lines(log, self._cutter, self._until_ns):
                self._write(lines)
        elif self._cleaners or self._until_ns is not None:
            self._write_pieces(log)
        else:
            for span in log.spans():
                if span.stream != Stream.STDIN:
                    copy_range(log.output, span.offset, span.length, _target(span.stream))
        self._flush()

    def end(self) -> None:
        """The end of a run: what has no line end comes out too, and the container's colours end."""
        self._write_rests()
        self._flush()
        for fd in self._cleaners:
            write_all(fd, _STYLE_OFF)

    def _write_pieces(self, log: LogReader) -> None:
        for piece, data in log.chunks():
            if self._until_ns is not None and piece.time_ns > self._until_ns:
                return
            if piece.stream != Stream.STDIN:
                self._emit(_target(piece.stream), data)

    def _write_rests(self) -> None:
        for lines in self._cutter.rests(time.time_ns()):
            self._write(lines)

    def _write(self, lines: Lines) -> None:
        self._emit(_target(lines.stream), _stamped(lines) if self._timestamps else lines.data)

    def _emit(self, fd: int, data: bytes) -> None:
        """Gather small pieces of one target: a write for each would be most of the time of a log of a million lines."""
        if fd != self._gathered_for or self._gathered_bytes >= _GATHER_BYTES:
            self._flush()
            self._gathered_for = fd
        self._gathered.append(data)
        self._gathered_bytes += len(data)

    def _flush(self) -> None:
        data, self._gathered, self._gathered_bytes = b"".join(self._gathered), [], 0
        cleaner = self._cleaners.get(self._gathered_for)
        write_all(self._gathered_for, cleaner.feed(data) if cleaner else data)


def _target(stream: int) -> int:
    return STDERR if stream == Stream.STDERR else STDOUT


def _stamped(lines: Lines) -> bytes:
    """All lines of one piece have one time, so one replacement stamps them."""
    stamp = f"{rfc3339(lines.time_ns)} ".encode()
    body = lines.data.removesuffix(b"\n")
    return stamp + body.replace(b"\n", b"\n" + stamp) + lines.data[len(body) :]

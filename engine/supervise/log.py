"""The record of a run's output: raw bytes, and an index of what came when.

    output   the bytes of all streams as they came, so that grep, less and tail -f work on it
    index    one record of 24 bytes for each piece read: realtime ns (8), offset (8), length (4), stream (1), 3 unused;
             little endian

A piece is written to `output` first and to `index` after it: a reader that goes by the index sees whole pieces only.
The reader works on two descriptors, which a client gets from the supervisor, and needs nothing else of it.
"""

import enum
import os
import re
import struct
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

_RECORD: Final = struct.Struct("<QQIB3x")
RECORD_SIZE: Final = _RECORD.size
_BATCH: Final = 4096
"""Index records read at once."""
_BLOCK_BYTES: Final = 1 << 18
_STREAM_AT: Final = 20
"""Where the byte of the stream lies in a record."""
_SAME_STREAM: Final = re.compile(rb"(.)\1*", re.DOTALL)


class Stream(enum.IntEnum):
    """Which of the three streams a piece belongs to; a terminal's output is STDOUT."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2


class Piece(NamedTuple):
    """What one read(2) delivered: where its bytes lie in `output`."""

    time_ns: int
    offset: int
    length: int
    stream: int


class LogWriter:
    """Appends to the record of one run; made by the supervisor alone."""

    def __init__(self, folder: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self.output = os.open(f"{folder}/output", flags, 0o600)
        try:
            self.index = os.open(f"{folder}/index", flags, 0o600)
        except OSError:
            os.close(self.output)
            raise
        self._offset = os.fstat(self.output).st_size
        self.records = os.fstat(self.index).st_size // RECORD_SIZE

    def append(self, stream: int, data: bytes) -> None:
        """Record one piece. Raises OSError (ENOSPC) with nothing indexed that is not there."""
        written = 0
        view = memoryview(data)
        while written < len(data):
            written += os.write(self.output, view[written:])
        os.write(self.index, _RECORD.pack(time.time_ns(), self._offset, len(data), stream))
        self._offset += len(data)
        self.records += 1

    def close(self) -> None:
        """Close both files; once more is no error."""
        for fd in (self.output, self.index):
            if fd >= 0:
                os.close(fd)
        self.output = self.index = -1


class LogReader:
    """Reads a record by its two descriptors, from any position, while it grows."""

    def __init__(self, output: int, index: int) -> None:
        self.output = output
        self.index = index
        self.position = 0
        """The number of the next piece to be read."""

    def close(self) -> None:
        """Close both descriptors."""
        os.close(self.output)
        os.close(self.index)

    def seek(self, position: int) -> None:
        """Go to the piece of this number; clamped to what there is."""
        self.position = max(0, min(position, self.count()))

    def count(self) -> int:
        """How many pieces there are now."""
        return os.fstat(self.index).st_size // RECORD_SIZE

    def piece(self, number: int) -> Piece:
        """The piece of this number. Raises IndexError beyond the end."""
        data = os.pread(self.index, RECORD_SIZE, number * RECORD_SIZE)
        if len(data) < RECORD_SIZE:
            raise IndexError(number)
        return Piece(*_RECORD.unpack(data))

    def pieces(self) -> Iterator[Piece]:
        """From the present position to the end as it is now; moves the position on."""
        while True:
            data = os.pread(self.index, RECORD_SIZE * _BATCH, self.position * RECORD_SIZE)
            usable = len(data) - len(data) % RECORD_SIZE
            if not usable:
                return
            for record in _RECORD.iter_unpack(data[:usable]):
                self.position += 1
                yield Piece(*record)

    def spans(self, batch: int = _BATCH) -> Iterator[Piece]:
        """Like `pieces`, with neighbours of one stream joined, at most `batch` of them: bulk costs no loop over pieces.

        The time is that of the first piece of each span.
        """
        while True:
            data = os.pread(self.index, RECORD_SIZE * batch, self.position * RECORD_SIZE)
            usable = len(data) - len(data) % RECORD_SIZE
            if not usable:
                return
            for run in _SAME_STREAM.finditer(data[_STREAM_AT:usable:RECORD_SIZE]):
                first = Piece(*_RECORD.unpack_from(data, run.start() * RECORD_SIZE))
                last = Piece(*_RECORD.unpack_from(data, (run.end() - 1) * RECORD_SIZE))
                self.position += run.end() - run.start()
                yield first._replace(length=last.offset + last.length - first.offset)

    def read(self, piece: Piece) -> bytes:
        """The bytes of a piece."""
        return os.pread(self.output, piece.length, piece.offset)

    def chunks(self) -> Iterator[tuple[Piece, bytes]]:
        """Pieces with their bytes, from the present position to the end; moves the position on.

        Small pieces are cut out of blocks: a read for each would be most of the time of a log of a million lines.
        """
        block, start = b"", 0
        for piece in self.pieces():
            if piece.offset < start or piece.offset + piece.length > start + len(block):
                start = piece.offset
                block = os.pread(self.output, max(_BLOCK_BYTES, piece.length), start)
            yield piece, block[piece.offset - start : piece.offset - start + piece.length]

    def seek_time(self, time_ns: int) -> None:
        """Go to the first piece at or after this time, by bisection."""
        low, high = 0, self.count()
        while low < high:
            middle = (low + high) // 2
            if self.piece(middle).time_ns < time_ns:
                low = middle + 1
            else:
                high = middle
        self.position = low

"""Compression of archives, both ways, over streams.

What comes in is told by its first bytes and not by what anybody says of it, and never takes more memory than a window
of 128 MiB. What goes out is the same for the same bytes and the same level: no name, no time, whatever the machine.

Levels, measured here on 60 MB of /usr/bin, MB/s of one thread and what is left of a byte:

    gzip  1  108  0.353     4  66  0.316     5  49  0.302     6  28  0.293     9  12  0.290
    zstd  1  473  0.268     3  320  0.234     5  163  0.223     9  60  0.207

So gzip's default is 5: three hundredths larger than with 6, and done in three fifths of the time.
"""

from typing import Final, Protocol

from engine.archive.streams import Output, Source
from engine.errors import InvalidInput

NONE, GZIP, ZSTD, BZIP2, XZ = "none", "gzip", "zstd", "bzip2", "xz"

LEVELS: Final = {GZIP: range(1, 10), ZSTD: range(1, 20)}
"""The levels of what can be written; zstd's above 19 take hundreds of megabytes."""
DEFAULT_LEVELS: Final = {GZIP: 5, ZSTD: 3}

_START_BYTES: Final = 10
_BZIP2_BLOCKS: Final = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
"""Behind `BZh9`: a block, or the end of an empty file."""


def kind_of(start: bytes) -> str:
    """What something is compressed with, by its first ten bytes; `none` for anything else.

    Source: RFC 1952, 2.3.1; RFC 8878, 3.1; the .xz file format, 2.1.1.1.
    """
    if start.startswith(b"\x1f\x8b\x08"):
        return GZIP
    if start.startswith(b"\x28\xb5\x2f\xfd") or (start[1:4] == b"\x2a\x4d\x18" and start[0] & 0xF0 == 0x50):
        return ZSTD
    if start.startswith(b"\xfd7zXZ\0"):
        return XZ
    if start.startswith(b"BZh") and start[4:10] in _BZIP2_BLOCKS:
        return BZIP2
    return NONE


def decompressed(source: Source) -> tuple[str, Source]:
    """What the source is compressed with, and what is in it; a source that is not compressed passes through.

    Reading raises InvalidInput for damage, for an end that is too early, for anything behind the end but zeros, and
    for what needs too much memory.
    """
    start = _start(source)
    kind, whole = kind_of(start), _Resumed(start, source)
    if kind == NONE:
        return kind, whole
    if kind == ZSTD:
        from engine.archive import zstd_in

        return kind, zstd_in.decompressed(whole)
    from engine.archive import inflate

    return kind, inflate.decompressed(whole, kind)


def _start(source: Source) -> bytes:
    start = b""
    while len(start) < _START_BYTES and (data := source.read(_START_BYTES - len(start))):
        start += data
    return start


class _Resumed:
    """A source whose first bytes have been read already."""

    def __init__(self, start: bytes, source: Source) -> None:
        self._start = start
        self._source = source

    def read(self, size: int, /) -> bytes:
        """The first bytes again, then the others."""
        if not self._start:
            return self._source.read(size)
        data, self._start = self._start[:size], self._start[size:]
        return data


class Closing(Protocol):
    """An output that has to be told of the end."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""
        ...

    def close(self) -> None:
        """Write what is still to be written; what is behind stays open."""
        ...


class Compressor:
    """Compresses what is written to it with gzip, zstd, or not at all."""

    def __init__(self, kind: str, output: Output, level: int | None = None) -> None:
        """Raises InvalidInput for a kind that is only read, and for a level that it has not."""
        self._compressor = _compressor(kind, output, _level(kind, level))

    def write(self, data: bytes, /) -> None:
        """Compress."""
        self._compressor.write(data)

    def close(self) -> None:
        """Write the end; the output stays open."""
        self._compressor.close()


def _level(kind: str, level: int | None) -> int:
    if kind == NONE:
        return 0
    levels = LEVELS.get(kind)
    if levels is None:
        raise InvalidInput(f"{kind} is no compression for writing", hint=f"use one of {NONE}, {', '.join(LEVELS)}")
    if level is None:
        return DEFAULT_LEVELS[kind]
    if level not in levels:
        raise InvalidInput(f"{kind} has no level {level}", hint=f"choose one of {levels[0]} to {levels[-1]}")
    return level


def _compressor(kind: str, output: Output, level: int) -> Closing:
    if kind == NONE:
        return _Plain(output)
    if kind == GZIP:
        from engine.archive.deflate import Gzip

        return Gzip(output, level)
    from engine.archive.zstd_out import Zstd

    return Zstd(output, level)


class _Plain:
    """No compression."""

    def __init__(self, output: Output) -> None:
        self.write = output.write

    def close(self) -> None:
        """Nothing is held back."""

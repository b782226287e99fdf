"""zstd, read: any number of frames, skippable ones between them.

The library takes a stream that stops within a frame for one that has ended, so its frames are followed beside it.

Source: RFC 8878, 3.1.
"""

from collections.abc import Generator
from typing import IO, Final, cast

import zstandard

from engine.archive.refusals import damaged
from engine.archive.streams import Source

WINDOW_MAX: Final = 128 << 20
"""Bytes; what zstd --ultra -22 takes, and the program itself accepts without being told to."""

_SKIPPABLE: Final = range(0x184D2A50, 0x184D2A60)
_DICTIONARY_BYTES: Final = (0, 1, 2, 4)
_SIZE_BYTES: Final = (0, 2, 4, 8)
_RLE: Final = 1
"""Type of a block that is one byte, repeated."""


def decompressed(source: Source) -> Source:
    """What is in a zstd source."""
    return _Zstd(source)


class _Zstd:
    def __init__(self, source: Source) -> None:
        self._followed = _Followed(source)
        decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_MAX)
        self._reader = decompressor.stream_reader(cast(IO[bytes], self._followed), read_across_frames=True)

    def read(self, size: int, /) -> bytes:
        """The next bytes. Raises InvalidInput."""
        try:
            data = self._reader.read(size)
        except zstandard.ZstdError as err:
            raise damaged(f"its zstd data cannot be decompressed ({err})") from err
        if not data and not self._followed.is_between_frames:
            raise damaged("its zstd data ends too early")
        return data


class _Followed:
    """Passes compressed bytes on, and knows whether they have stopped between two frames."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at_start = True
        """Whether what comes next is the start of a frame."""
        self._have = b""
        """What has come of the bytes that are wanted."""
        self._frames = self._follow_frames()
        self._wanted = next(self._frames)

    @property
    def is_between_frames(self) -> bool:
        """Whether all that has begun has ended."""
        return self._at_start and not self._have

    def read(self, size: int, /) -> bytes:
        """The next bytes of the source."""
        data = self._source.read(size)
        at = 0
        while at < len(data):
            at = self._follow(data, at)
        return data

    def _follow(self, data: bytes, at: int) -> int:
        """Take what is wanted next, or as much of it as is there; where to go on."""
        if self._wanted < 0:
            passed = min(-self._wanted, len(data) - at)
            self._wanted += passed
        else:
            passed = min(self._wanted - len(self._have), len(data) - at)
            self._have += data[at : at + passed]
        while len(self._have) == self._wanted:  # also where what comes next has no bytes
            have, self._have = self._have, b""
            self._wanted = self._frames.send(have)
        return at + passed

    def _follow_frames(self) -> Generator[int, bytes, None]:
        """Says how many bytes it wants to be given next; as a negative number, of how many it only wants the end."""
        while True:
            self._at_start = True
            magic = yield 4
            self._at_start = False
            if int.from_bytes(magic, "little") in _SKIPPABLE:
                yield -int.from_bytes((yield 4), "little")
            else:
                yield from _frame()


def _frame() -> Generator[int, bytes, None]:
    """Follow a frame from behind its magic number to its end. The library judges what is in it."""
    descriptor = (yield 1)[0]
    is_single_segment = bool(descriptor & 0x20)
    size_bytes = _SIZE_BYTES[descriptor >> 6] or is_single_segment
    yield (not is_single_segment) + _DICTIONARY_BYTES[descriptor & 3] + size_bytes
    is_last = False
    while not is_last:
        block = int.from_bytes((yield 3), "little")
        is_last = bool(block & 1)
        yield -(1 if block >> 1 & 3 == _RLE else block >> 3)
    if descriptor & 4:
        yield 4

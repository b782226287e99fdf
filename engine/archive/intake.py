"""The bytes of an archive on their way in: buffered, counted, bounded; whatever is asked for is there or an error."""

from typing import Final

from engine.archive.blocks import BLOCK
from engine.archive.limits import BYTES_VARIABLE, Limits
from engine.archive.refusals import beyond, damaged
from engine.archive.streams import PIECE, Source

CHUNK: Final = 256 << 10
"""Bytes asked of the source where less is wanted: some hundred small members."""


class Intake:
    """Reads a source once, from its start to its end."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._bytes_max = limits.bytes_max
        self._buffer = b""
        self._at = 0
        """Where in the buffer the next byte is."""
        self._received = 0

    def block(self) -> bytes:
        """The next block; empty at the end. Raises InvalidInput where a part of one is left."""
        at, end = self._at, self._at + BLOCK
        if end <= len(self._buffer):
            self._at = end
            return self._buffer[at:end]
        data = self._up_to(BLOCK)
        if len(data) not in {0, BLOCK}:
            raise damaged("it ends within a header")
        return data

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes. Raises InvalidInput where the source has fewer."""
        at, end = self._at, self._at + size
        if end <= len(self._buffer):
            self._at = end
            return self._buffer[at:end]
        data = self._up_to(size)
        if len(data) < size:
            raise damaged("it ends within a member")
        return data

    def some(self, size: int) -> bytes:
        """Between one and `size` bytes; large pieces pass without another copy."""
        left = len(self._buffer) - self._at
        if left or size < CHUNK:
            return self.exactly(min(size, left or size))
        data = self._receive(min(size, PIECE))
        if not data:
            raise damaged("it ends within a member")
        return data

    def skip(self, size: int) -> None:
        """Pass over bytes of content. Raises InvalidInput where the source has fewer."""
        while size:
            size -= len(self.some(min(size, PIECE)))

    def skip_padding(self, size: int) -> None:
        """Pass over what fills a block; at the end of the archive it may be missing, as other programs allow."""
        self._up_to(size)

    def drain(self) -> None:
        """Read all that is left."""
        self._buffer, self._at = b"", 0
        while self._receive(PIECE):
            pass

    def _up_to(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        parts = [self._buffer[self._at : self._at + size]]
        self._at += len(parts[0])
        size -= len(parts[0])
        while size:
            self._buffer = self._receive(max(size, CHUNK))
            self._at = min(size, len(self._buffer))
            if not self._buffer:
                break
            parts.append(self._buffer[: self._at])
            size -= self._at
        return b"".join(parts)

    def _receive(self, size: int) -> bytes:
        data = self._source.read(size)
        self._received += len(data)
        if self._received > self._bytes_max:
            raise beyond(f"more than {self._bytes_max} bytes", BYTES_VARIABLE)
        return data

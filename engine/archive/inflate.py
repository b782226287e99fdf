"""Decompression by the standard library: gzip, bzip2, xz. Several streams in a row are one, as in their programs."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Final, Protocol

from engine.archive.refusals import damaged
from engine.archive.streams import Source

CHUNK: Final = 64 << 10
"""Bytes that are read at once."""
XZ_MEMORY_MAX: Final = 128 << 20
"""Bytes; xz -9 needs 65 MiB."""
_GZIP: Final = 16 + zlib.MAX_WBITS


class _Decoder(Protocol):
    """One stream, as bz2 and lzma have it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Inflater:
    """zlib's decompressor, which leaves to its caller what it had no room for."""

    def __init__(self) -> None:
        self._object = zlib.decompressobj(_GZIP)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        """What was read behind its end."""
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """As much as is there, `max_length` bytes at most."""
        data = self._object.unconsumed_tail + data if self._object.unconsumed_tail else data
        output = self._object.decompress(data, max_length)
        self.needs_input = not self._object.unconsumed_tail and len(output) < max_length
        return output


_DECODERS: Final[dict[str, Callable[[], _Decoder]]] = {
    "gzip": _Inflater,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_MAX),
}


def decompressed(source: Source, kind: str) -> Source:
    """What is in a source of this kind."""
    return _Inflated(source, kind)


class _Inflated:
    def __init__(self, source: Source, kind: str) -> None:
        self._source = source
        self._kind = kind
        self._decoder = _DECODERS[kind]()
        self._rest = b""
        """Read, and not given to the decoder yet."""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """The next bytes. Raises InvalidInput."""
        while not self._ended:
            if self._decoder.eof:
                self._start_next()
                continue
            data = self._decode(size)
            if data:
                return data
        return b""

    def _decode(self, size: int) -> bytes:
        data = b""
        if self._decoder.needs_input:
            data, self._rest = self._rest or self._source.read(CHUNK), b""
            if not data:
                raise damaged(f"its {self._kind} data ends too early")
        try:
            return self._decoder.decompress(data, size)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as err:
            raise damaged(f"its {self._kind} data cannot be decompressed ({err})") from err

    def _start_next(self) -> None:
        """Go on with another stream, where one follows; tapes and their programs leave zeros between and behind."""
        rest = self._decoder.unused_data.lstrip(b"\0")
        while not rest:
            data = self._source.read(CHUNK)
            if not data:
                self._ended = True
                return
            rest = data.lstrip(b"\0")
        self._decoder, self._rest = _DECODERS[self._kind](), rest

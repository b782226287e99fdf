"""What is uploaded: a blob as it lies in the store, or compressed on its way.

Either can be read again from any byte on, since an upload that was cut goes on somewhere in its middle. Compressing is
deterministic, so the second time gives the same bytes, and nothing of it has to be kept.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from engine.archive.compression import Compressor, decompressed
from engine.archive.hashing import HashingSource
from engine.errors import EngineError
from engine.image.oci import Descriptor
from engine.image.store.blobs import Blobs

PIECE: Final = 1 << 20

Progress = Callable[[int], None]
"""Told how many bytes of the stored blob have been read."""


class Content(Protocol):
    """Something to upload."""

    size: int | None
    """Bytes; None before they have been counted."""

    @property
    def digest(self) -> str:
        """sha256:... of it; empty before it has been read to its end."""
        ...

    def read(self, offset: int, progress: Progress) -> Iterator[bytes]:
        """Its bytes from `offset` on."""
        ...


class Stored:
    """A blob of the store, or a document in memory."""

    def __init__(self, blobs: Blobs, blob: Descriptor) -> None:
        self._blobs = blobs
        self.digest = blob.digest
        self.size: int | None = blob.size

    def read(self, offset: int, progress: Progress) -> Iterator[bytes]:
        """Its bytes from `offset` on; the registry is who compares them with the digest."""
        with self._blobs.open(self.digest) as file:
            file.seek(offset)
            while piece := file.read(PIECE):
                yield piece
                offset += len(piece)
                progress(offset)


class Compressed:
    """A layer that is compressed while it is uploaded."""

    def __init__(self, blobs: Blobs, blob: Descriptor, kind: str, level: int | None) -> None:
        self._blobs = blobs
        self._blob = blob
        self._kind = kind
        self._level = level
        self.digest = ""
        self.size: int | None = None

    def read(self, offset: int, progress: Progress) -> Iterator[bytes]:
        """Its bytes from `offset` on. Raises EngineError where what lies in the store is damaged."""
        digest, size = hashlib.sha256(), 0
        for piece in self._pieces(progress):
            digest.update(piece)
            size += len(piece)
            if size > offset:
                yield piece[max(0, len(piece) - (size - offset)) :]
        self.digest, self.size = f"sha256:{digest.hexdigest()}", size

    def _pieces(self, progress: Progress) -> Iterator[bytes]:
        with self._blobs.open(self._blob.digest) as file:
            stored = HashingSource(file)
            _, plain = decompressed(stored)
            made: list[bytes] = []
            compressor = Compressor(self._kind, _Collector(made), self._level)
            while piece := plain.read(PIECE):
                compressor.write(piece)
                yield from _taken(made)
                progress(stored.size)
            compressor.close()
            if stored.digest != self._blob.digest:
                raise EngineError(f"the blob {self._blob.digest} is damaged on disk", hint="get the image again")
            yield from _taken(made)


class _Collector:
    """Takes what a compressor gives."""

    def __init__(self, made: list[bytes]) -> None:
        self._made = made

    def write(self, data: bytes, /) -> None:
        """Keep it until it is fetched."""
        self._made.append(data)


def _taken(made: list[bytes]) -> Iterator[bytes]:
    """What has been made so far, in one piece."""
    if data := b"".join(made):
        yield data
    made.clear()

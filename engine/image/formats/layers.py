"""Layers on their way into an archive: as they are stored, without their compression, or with another.

What is read from the store is hashed on its way, so that a blob which has been damaged on disk fails the archive.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from engine.archive.compression import Compressor, decompressed
from engine.archive.hashing import HashingOutput, HashingSource
from engine.archive.streams import PIECE, Source
from engine.errors import EngineError
from engine.image import oci
from engine.image.oci import Descriptor
from engine.image.store.blobs import Blobs
from engine.image.store.images import Store

TYPES: Final = {"none": oci.LAYER, "gzip": oci.LAYER_GZIP, "zstd": oci.LAYER_ZSTD}
"""Media types by compression."""

Progress = Callable[[int, int], None]


class Compressed(NamedTuple):
    """A layer in a temporary file."""

    path: str
    descriptor: Descriptor


def stored(blobs: Blobs, layer: Descriptor, progress: Progress) -> Iterator[bytes]:
    """The bytes of a blob. Raises EngineError where they are not what its digest says."""
    with blobs.open(layer.digest) as file:
        source = HashingSource(file)
        yield from _pieces(source, layer.size, progress)
    _check(layer.digest, source.digest)


def plain(blobs: Blobs, layer: Descriptor, diff_id: str, size: int, progress: Progress) -> Iterator[bytes]:
    """The archive of a layer without compression. Raises EngineError where that is not what `diff_id` says."""
    with blobs.open(layer.digest) as file:
        source = HashingSource(decompressed(file)[1])
        yield from _pieces(source, size, progress)
    _check(diff_id, source.digest)


def plain_size(store: Store, layer: Descriptor, diff_ids: tuple[str, ...], index: int) -> int:
    """Bytes of a layer without compression: as recorded when it was unpacked, else counted now."""
    key = store.unpacked.key(diff_ids, index)
    if key is not None and (known := store.unpacked.record(key).tar_bytes):
        return known
    with store.layout.blobs.open(layer.digest) as file:
        return sum(map(len, _pieces(decompressed(file)[1], 0, lambda _done, _total: None)))


@contextmanager
def recompressed(
    blobs: Blobs, layer: Descriptor, diff_id: str, kind: str, level: int | None, progress: Progress
) -> Iterator[Compressed]:
    """The layer with another compression, in a file that goes at the end of the block. Within `adding()`."""
    os.makedirs(blobs.ingest, mode=0o700, exist_ok=True)
    path = f"{blobs.ingest}/{os.getpid()}-{os.urandom(8).hex()}"
    try:
        with open(path, "xb") as file:
            output = HashingOutput(file)
            compressor = Compressor(kind, output, level)
            for piece in plain(blobs, layer, diff_id, 0, progress):
                compressor.write(piece)
            compressor.close()
        yield Compressed(path, Descriptor(media_type=TYPES[kind], digest=output.digest, size=output.size))
    finally:
        os.unlink(path)


def of_file(path: str) -> Iterator[bytes]:
    """The bytes of a file of ours."""
    with open(path, "rb", buffering=0) as file:
        yield from _pieces(file, 0, lambda _done, _total: None)


def _pieces(source: Source, total: int, progress: Progress) -> Iterator[bytes]:
    done = 0
    while data := source.read(PIECE):
        yield data
        done += len(data)
        progress(done, total)


def _check(expected: str, digest: str) -> None:
    if digest != expected:
        raise EngineError(f"the layer {expected} is damaged on disk", hint="remove the image and get it again")

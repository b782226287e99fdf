"""The layer of a commit: captured, hashed, kept as a blob and unpacked, all in one pass over what was changed.

    capture -> tar -> hash, blob (compressed where that is wanted)
                   -> pipe -> apply, in another process -> folder of the store

So the layer is unpacked by the same code that would unpack it on another machine.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from engine.archive.compression import Compressor
from engine.archive.hashing import HashingOutput
from engine.archive.streams import Output
from engine.archive.writer import Writer
from engine.image.formats.layers import TYPES, Progress
from engine.image.oci import Descriptor
from engine.image.store import ingest, locks
from engine.image.store.blobs import BlobWriter
from engine.image.store.images import Store
from engine.image.unpacking import Unpacking
from engine.layers.apply import Applied
from engine.layers.capture import Captured, capture


class Change(NamedTuple):
    """What a container has written, and over what."""

    tree: str
    lowers: Sequence[str]
    """Unpacked layers, top first."""
    diff_ids: Sequence[str]
    """Of them, from the bottom up."""
    complete: bool
    """The tree is a whole root, in which an absence is a deletion."""
    settled_ns: int = 0
    """When that root had been copied: what has not changed since need not be read."""


class Compression(NamedTuple):
    """How the blob is kept."""

    kind: str = "none"
    """none, gzip or zstd."""
    level: int | None = None


class Layer(NamedTuple):
    """A layer that is in the store."""

    descriptor: Descriptor
    diff_id: str
    captured: Captured


class _Unchanged(Exception):
    """There is nothing to keep."""


class _Result(NamedTuple):
    captured: Captured
    applied: Applied
    diff_id: str
    tar_bytes: int


def write(store: Store, change: Change, compression: Compression, progress: Progress) -> Layer | None:
    """Bring the change into the store; None where there is none. Within `adding()`.

    Raises what capture and apply raise; nothing is kept then.
    """
    with suppress(_Unchanged), store.unpacked.growing() as folder:
        with store.layout.blobs.writer() as blob:
            result = _run(change, compression, blob, f"{folder}/fs", progress)
            if not result.captured.entries:
                raise _Unchanged
        diff_id = result.diff_id
        _keep(store, folder, (*change.diff_ids, diff_id), result, blob.digest)
        descriptor = Descriptor(media_type=TYPES[compression.kind], digest=blob.digest, size=blob.size)
        return Layer(descriptor, diff_id, result.captured)
    return None


def _keep(store: Store, folder: str, diff_ids: Sequence[str], result: _Result, blob: str) -> None:
    """Let the folder be the layer, unless somebody was faster."""
    with locks.exclusive(store.layout.layers_lock, diff_ids[-1]):
        if store.unpacked.key(diff_ids, len(diff_ids) - 1) is None:
            record = ingest.record_of(result.applied, result.tar_bytes, blob)
            store.unpacked.keep(folder, ingest.key_of(store, diff_ids, result.applied), record)


def _run(change: Change, compression: Compression, blob: BlobWriter, folder: str, progress: Progress) -> _Result:
    """Both at once; where one fails the other ends too."""
    with Unpacking(folder, change.lowers) as unpacking:
        kept = Compressor(compression.kind, blob, compression.level)
        plain = HashingOutput(unpacking) if compression.kind != "none" else unpacking
        output = _Both(kept, plain)
        captured = _capture(change, output, progress)
        kept.close()
        hashed = plain if isinstance(plain, HashingOutput) else blob
        return _Result(captured, unpacking.result(), hashed.digest, hashed.size)


def _capture(change: Change, output: Output, progress: Progress) -> Captured:
    writer = Writer(output)
    captured = capture(
        change.tree,
        change.lowers,
        writer,
        complete=change.complete,
        settled_ns=change.settled_ns,
        progress=progress,
    )
    writer.close()
    return captured


class _Both:
    """An output that is two."""

    def __init__(self, first: Output, second: Output) -> None:
        self._first = first
        self._second = second

    def write(self, data: bytes) -> None:
        self._first.write(data)
        self._second.write(data)

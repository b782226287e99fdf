"""Brings a layer into the store: its archive as a blob, and its files unpacked, both complete or not at all."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from engine.archive.ahead import ReadAhead
from engine.archive.compression import decompressed
from engine.archive.hashing import HashingSource
from engine.archive.limits import BYTES_VARIABLE, Limits
from engine.archive.reader import Reader
from engine.archive.refusals import beyond
from engine.archive.streams import PIECE, Source
from engine.errors import EngineError, InvalidInput
from engine.image import oci
from engine.image.builtin import layer
from engine.image.builtin.layer import Entry
from engine.image.oci import Descriptor
from engine.image.store import locks
from engine.image.store.blobs import Blobs
from engine.image.store.images import Store
from engine.image.store.unpacked import LayerRecord, chain_id
from engine.layers.apply import Applied, apply

Progress = Callable[[int, int], None]
"""Called with how much is done, and how much there is."""

_DEFAULT: Final = Limits()


class Added(NamedTuple):
    """A layer that is in the store."""

    descriptor: Descriptor
    diff_id: str
    """The digest of the archive without compression, by which configs and folders know the layer."""


def add_layer(store: Store, plan: Mapping[str, Entry], progress: Progress) -> Added:
    """Write the layer of a plan. Within `store.adding()`, so that nobody takes it for rubbish."""
    with store.unpacked.growing() as folder:
        with store.layout.blobs.writer() as writer:
            size = layer.write(plan, writer, f"{folder}/fs", progress)
        record = LayerRecord(size_bytes=size, tar_bytes=writer.size, blobs=(writer.digest,))
        store.unpacked.keep(folder, writer.digest, record)
    return Added(Descriptor(media_type=oci.LAYER, digest=writer.digest, size=writer.size), writer.digest)


def unpack_layer(
    store: Store,
    layers: Sequence[Descriptor],
    diff_ids: Sequence[str],
    index: int,
    limits: Limits = _DEFAULT,
    progress: Progress = lambda _done, _total: None,
) -> None:
    """Unpack the layer at `index`, from the bottom up, unless it is; its blob and the layers below are there.

    Either way its archive is what the config says: one that is unpacked already, from another blob, is only hashed.
    Of two processes with the same layer one waits for the other. Progress is in bytes of the blob. Within
    `store.adding()`. Raises InvalidInput for an archive that is damaged, beyond the limits or another than its
    diff_id says: nothing of it is kept then. Raises EngineError where the blob is missing, or damaged on disk; that
    is removed. `progress` is called in a thread of the reading.
    """
    blob, diff_id = layers[index], oci.read_digest(diff_ids[index])
    with locks.exclusive(store.layout.layers_lock, diff_id), _blame(store.layout.blobs, blob):
        key = store.unpacked.key(diff_ids, index)
        if key is None:
            _unpack(store, blob, diff_ids[: index + 1], limits, progress)
        elif blob.digest not in {diff_id, *store.unpacked.record(key).blobs}:
            _verify(store, blob, diff_id, limits, progress)
            store.unpacked.note_blob(key, blob.digest)
    progress(blob.size, blob.size)


def _unpack(store: Store, blob: Descriptor, diff_ids: Sequence[str], limits: Limits, progress: Progress) -> None:
    """The topmost of these layers."""
    below = [_place(store, diff_ids, index) for index in reversed(range(len(diff_ids) - 1))]
    with store.unpacked.growing() as folder, _archive(store, blob, progress) as tar:
        reader = Reader(tar.source, limits)
        applied = apply(reader, f"{folder}/fs", below)
        reader.drain()
        _check(tar.seen, diff_ids[-1])
        store.unpacked.keep(folder, key_of(store, diff_ids, applied), record_of(applied, tar.seen.size, blob.digest))


def key_of(store: Store, diff_ids: Sequence[str], applied: Applied) -> str:
    """Under which digest what was unpacked is kept; where the diff_id is taken by what suits only there, the other."""
    chain = chain_id(diff_ids)
    return chain if applied.depends or store.unpacked.has(diff_ids[-1]) else diff_ids[-1]


def record_of(applied: Applied, tar_bytes: int, blob: str) -> LayerRecord:
    """What is to be known of an archive that was unpacked, of so many bytes, from this blob."""
    return LayerRecord(
        size_bytes=applied.size_bytes, tar_bytes=tar_bytes, root=applied.root, depends=applied.depends, blobs=(blob,)
    )


def _verify(store: Store, blob: Descriptor, diff_id: str, limits: Limits, progress: Progress) -> None:
    with _archive(store, blob, progress) as tar:
        while tar.source.read(PIECE):
            if tar.seen.size > limits.bytes_max:
                raise beyond(f"more than {limits.bytes_max} bytes", BYTES_VARIABLE)
        _check(tar.seen, diff_id)


def _check(seen: HashingSource, diff_id: str) -> None:
    if seen.digest != diff_id:
        raise InvalidInput(
            f"the config of the image says that a layer is {diff_id}, but it is {seen.digest}",
            hint="it was made wrongly or tampered with: do not trust where it came from",
        )


def _place(store: Store, diff_ids: Sequence[str], index: int) -> str:
    place = store.layer_place(diff_ids, index)
    if place is None:
        raise EngineError(f"the layer {diff_ids[index]} is not unpacked, which lies below another")
    return place


class _Archive(NamedTuple):
    """The archive of a layer on its way: a thread decompresses and hashes ahead of who unpacks."""

    source: ReadAhead
    seen: HashingSource
    """What has been read; all of it, when `source` has come to its end."""


@contextmanager
def _archive(store: Store, blob: Descriptor, progress: Progress) -> Iterator[_Archive]:
    """A blob without its compression, whatever its media type says of that: what counts is the diff_id."""
    with store.layout.blobs.open(blob.digest) as file:
        _, tar = decompressed(_Counted(file, blob.size, progress))
        seen = HashingSource(tar)
        with ReadAhead(seen) as source:
            yield _Archive(source, seen)


@contextmanager
def _blame(blobs: Blobs, blob: Descriptor) -> Iterator[None]:
    """Where an archive is refused: if the blob is not what it is called, it was damaged in the store, and goes."""
    try:
        yield
    except InvalidInput as err:
        if blobs.is_right(blob.digest):
            raise
        blobs.remove(blob.digest)
        raise EngineError(f"the blob {blob.digest} is damaged on disk", hint="get the image again") from err


class _Counted:
    """A file that tells how far it has been read."""

    def __init__(self, file: Source, total: int, progress: Progress) -> None:
        self._file = file
        self._total = total
        self._progress = progress
        self._done = 0

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        data = self._file.read(size)
        self._done += len(data)
        self._progress(self._done, self._total)
        return data

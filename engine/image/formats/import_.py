"""Makes an image of one layer out of a root file system in an archive, as `docker import` does.

An archive that is plain, gzip or zstd is kept as it came; of another compression only what is in it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from engine.archive.compression import decompressed
from engine.archive.hashing import HashingSource
from engine.archive.limits import Limits
from engine.archive.streams import PIECE, Source
from engine.errors import InvalidInput
from engine.image import instructions, moment, oci
from engine.image import platform as platforms
from engine.image.formats.layers import TYPES
from engine.image.formats.saying import Say, bytes_of, of_layer
from engine.image.making import new_name, swept_after_failure
from engine.image.oci import Descriptor, Platform
from engine.image.store.images import Store
from engine.image.store.ingest import unpack_layer


class _Layer(NamedTuple):
    descriptor: Descriptor
    diff_id: str


def import_(
    store: Store,
    source: Source,
    *,
    name: str = "",
    changes: Sequence[str] = (),
    message: str = "",
    platform: str = "",
    limits: Limits,
    say: Say,
) -> str:
    """Keep the root file system as an image; its id. `platform` is its own, where it is not that of this host.

    `source` is read to its end and never sought. Raises InvalidInput.
    """
    full, machine = new_name(name), platforms.parse(platform) if platform else platforms.host()
    config = _config(instructions.apply({}, changes), message, machine)
    with swept_after_failure(store), store.adding():
        layer = _take(store, source, bytes_of(say, "reading the archive"))
        progress = of_layer(say, layer.diff_id, "unpacking")
        unpack_layer(store, (layer.descriptor,), (layer.diff_id,), 0, limits, progress)
        config["rootfs"] = {"type": "layers", "diff_ids": [layer.diff_id]}
        return store.add_image(config, [layer.descriptor], full)


def _config(settings: dict[str, Any], message: str, wanted: Platform) -> dict[str, Any]:
    created = moment.now()
    machine = {"os": wanted.os, "architecture": wanted.architecture}
    return {
        "created": created,
        **machine,
        **({"variant": wanted.variant} if wanted.variant else {}),
        "config": settings,
        "history": [{"created": created, "comment": message or "imported"}],
    }


def _take(store: Store, source: Source, progress: Callable[[int], None]) -> _Layer:
    """Bring the archive into the store as a blob, and find out the digest of what is in it."""
    branch = _Branch(source, progress)
    kind, found = decompressed(branch)
    plain = HashingSource(found)
    with store.layout.blobs.writer() as writer:
        if kind in TYPES:
            branch.flow(writer.write)
            _pass(plain, lambda _data: None)
        else:
            branch.flow(lambda _data: None)
            _pass(plain, writer.write)
    if not plain.size:
        raise InvalidInput("there is nothing in the archive", hint="give a tar archive of a root file system")
    media_type = TYPES.get(kind, oci.LAYER)
    return _Layer(Descriptor(media_type=media_type, digest=writer.digest, size=writer.size), plain.digest)


def _pass(source: HashingSource, take: Callable[[bytes], object]) -> None:
    while data := source.read(PIECE):
        take(data)


class _Branch:
    """A source whose bytes also flow elsewhere; what was read before is known where to, waits."""

    def __init__(self, source: Source, progress: Callable[[int], None]) -> None:
        self._source = source
        self._progress = progress
        self._waiting: list[bytes] = []
        self._take: Callable[[bytes], object] = self._waiting.append
        self._done = 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = self._source.read(size)
        self._take(data)
        self._done += len(data)
        self._progress(self._done)
        return data

    def flow(self, take: Callable[[bytes], object]) -> None:
        """From here on, and with what has waited."""
        for data in self._waiting:
            take(data)
        self._waiting.clear()
        self._take = take

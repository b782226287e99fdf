"""Brings a layer into the store: its archive as a blob, and its files unpacked, both complete or not at all."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from engine.image import oci
from engine.image.builtin import layer
from engine.image.builtin.layer import Entry
from engine.image.oci import Descriptor
from engine.image.store.images import Store
from engine.image.store.unpacked import LayerRecord


class Added(NamedTuple):
    """A layer that is in the store."""

    descriptor: Descriptor
    diff_id: str
    """The digest of the archive without compression, by which configs and folders know the layer."""


def add_layer(store: Store, plan: Mapping[str, Entry], progress: Callable[[int, int], None]) -> Added:
    """Write the layer of a plan. Within `store.adding()`, so that nobody takes it for rubbish."""
    with store.unpacked.growing() as folder:
        with store.layout.blobs.writer() as writer:
            size = layer.write(plan, writer, f"{folder}/fs", progress)
        record = LayerRecord(size_bytes=size, tar_bytes=writer.size, blobs=(writer.digest,))
        store.unpacked.keep(folder, writer.digest, record)
    return Added(Descriptor(media_type=oci.LAYER, digest=writer.digest, size=writer.size), writer.digest)

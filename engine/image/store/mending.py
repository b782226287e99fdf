"""After the power has failed while a store was written to: what is not whole is dropped, and unpacked again.

A blob is whole where it has its digest. Of an unpacked layer nobody can tell, so it is unpacked again from its blob.
What cannot be mended is missing from then on, and the images that need it say so.
"""

import os
from contextlib import suppress

from engine.archive.limits import Limits
from engine.errors import EngineError
from engine.image.store import collecting, ingest
from engine.image.store.images import Store
from engine.model.image import Image
from engine.state import tree


def mend(store: Store, limits: Limits) -> list[str]:
    """See to it that no image is kept that is not whole; the names, or ids, of images that have something missing."""
    since = store.layout.unsettled.since()
    if since is None:
        return []
    with store.adding():
        _drop(store, since)
        broken = [image for image in store.images() if not _unpack(store, image, limits)]
    store.layout.unsettled.forget()
    store.layout.unsettled.settle()
    return [image.names[0] if image.names else image.id for image in broken]


def _drop(store: Store, since: float) -> None:
    """Whatever is newer and may not be whole."""
    blobs = store.layout.blobs
    for path in collecting.others(blobs.folder):
        if os.stat(path).st_mtime >= since and not blobs.is_right(f"sha256:{os.path.basename(path)}"):
            os.unlink(path)
    for path in collecting.others(store.unpacked.folder):
        if _written(path) >= since:
            tree.remove(path)


def _written(layer: str) -> float:
    """When a layer was complete; one without a record is not."""
    try:
        return os.stat(f"{layer}/layer.json").st_mtime
    except FileNotFoundError:
        return float("inf")


def _unpack(store: Store, image: Image, limits: Limits) -> bool:
    """Unpack what is missing of an image; whether nothing is afterwards."""
    with suppress(EngineError):
        layers = store.manifest(image).layers
        for index in range(len(image.layers)):
            if store.layer_place(image.layers, index) is None:
                ingest.unpack_layer(store, layers, image.layers, index, limits)
        return True
    return False

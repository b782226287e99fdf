"""What images take on disk, and how much of it several of them share.

Bytes are of disk, as removing them frees: blocks of regular files, one with several names once. So what is said to be
reclaimable is what `prune` says that it has reclaimed.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.image.store import catalog, collecting
from engine.image.store.catalog import Contents, Needs
from engine.image.store.layout import Layout
from engine.image.store.removal import Uses
from engine.image.store.unpacked import Unpacked
from engine.state import tree

LAYER: Final = "layer"
BLOB: Final = "blob"
Part = tuple[str, str]
"""What it is and its digest: a layer may be called by the digest of its own blob."""


def disk_usage(layout: Layout, unpacked: Unpacked, used_by: Uses) -> dict[str, Any]:
    """All of it, everything counted once; `used_by` says which images containers need.

    `{"images": [{"id", "names", "size_bytes", "shared_bytes", "unique_bytes", "containers"}], "layers_bytes",
    "blobs_bytes", "partial_bytes", "rubbish_bytes", "reclaimable_bytes"}`. Unpacked layers and blobs are counted;
    `unique_bytes` come back when that image alone goes, `reclaimable_bytes` when `prune` takes all that no container
    needs, downloads that may be continued and rubbish included.
    """
    contents = catalog.read(layout, unpacked)
    sizes = _sizes(layout, unpacked, contents)
    owners = Counter(part for needs in contents.found for part in _parts(needs))
    used = {part for needs in contents.found if used_by.get(needs.image.id) for part in _parts(needs)}
    partial = _total(collecting.others(layout.blobs.partials))
    rubbish = _total(collecting.rubbish(layout.blobs, unpacked.folder, contents, partials=False))
    return {
        "images": [_image(needs, sizes, owners, used_by) for needs in contents.found],
        "layers_bytes": sum(size for (kind, _), size in sizes.items() if kind == LAYER),
        "blobs_bytes": sum(size for (kind, _), size in sizes.items() if kind == BLOB),
        "partial_bytes": partial,
        "rubbish_bytes": rubbish,
        "reclaimable_bytes": sum(sizes[part] for part in sizes.keys() - used) + partial + rubbish,
    }


def _sizes(layout: Layout, unpacked: Unpacked, contents: Contents) -> dict[Part, int]:
    layers = {(LAYER, key): tree.disk_size(os.path.dirname(unpacked.path(key))) for key in contents.layers}
    return layers | {(BLOB, digest): tree.disk_size(layout.blobs.path(digest)) for digest in contents.blobs}


def _parts(needs: Needs) -> set[Part]:
    return {(LAYER, key) for key in needs.layers} | {(BLOB, digest) for digest in needs.blobs}


def _image(needs: Needs, sizes: Mapping[Part, int], owners: Mapping[Part, int], used_by: Uses) -> dict[str, Any]:
    total = sum(sizes[part] for part in _parts(needs))
    unique = sum(sizes[part] for part in _parts(needs) if owners[part] == 1)
    return {
        "id": needs.image.id,
        "names": list(needs.image.names),
        "size_bytes": total,
        "shared_bytes": total - unique,
        "unique_bytes": unique,
        "containers": len(used_by.get(needs.image.id, ())),
    }


def _total(paths: Iterable[str]) -> int:
    return sum(map(tree.disk_size, paths))

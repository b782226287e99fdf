"""What images take on disk, and how much of it several of them share.

Bytes are of disk, as removing them frees: blocks of regular files, one with several names once. So what is said to be
reclaimable is what `prune` says that it has reclaimed.
"""

import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.image.store import catalog, collecting
from engine.image.store.catalog import Contents, Needs
from engine.image.store.layout import Layout
from engine.image.store.removal import Uses
from engine.image.store.unpacked import Unpacked
from engine.state import tree

_BLOCK: Final = 512
"""Bytes of st_blocks. Source: stat(3type)."""


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
    layers = {(LAYER, key): _on_disk(os.path.dirname(unpacked.path(key))) for key in contents.layers}
    return layers | {(BLOB, digest): _on_disk(layout.blobs.path(digest)) for digest in contents.blobs}


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
    return sum(map(_on_disk, paths))


def _on_disk(path: str) -> int:
    """Bytes of a file or of a tree; 0 where it is gone."""
    try:
        walk = _Blocks(os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except FileNotFoundError:
        return 0
    try:
        walk.run(os.path.basename(path))
    finally:
        walk.close()
    return walk.total


class _Blocks(tree.Walk):
    """Adds up what the files of a tree take on disk."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self.total = 0
        self._counted: set[tuple[int, int]] = set()

    def visit(self, names: list[str]) -> list[str]:
        folders = []
        for name in names:
            info = self.stat(name)
            if info is None:
                continue
            if stat.S_ISDIR(info.st_mode):
                folders.append(name)
            elif self._is_new(info):
                self.total += info.st_blocks * _BLOCK
        return folders

    def _is_new(self, info: os.stat_result) -> bool:
        if info.st_nlink == 1:
            return True
        key = info.st_dev, info.st_ino
        is_new = key not in self._counted
        self._counted.add(key)
        return is_new

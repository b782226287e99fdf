"""What a store has on disk, whatever its index says."""

import os
from typing import NamedTuple

from engine.image.store.images import Store


class Contents(NamedTuple):
    """Names of files and folders, sorted."""

    blobs: list[str]
    layers: list[str]
    """Folders of unpacked layers, half unpacked ones included."""
    partials: list[str]
    ingest: list[str]
    names: list[str]
    """Of images."""


NOTHING = Contents([], [], [], [], [])


def of(store: Store) -> Contents:
    """What is there now."""
    blobs = store.layout.blobs
    folders = (blobs.folder, store.unpacked.folder, blobs.partials, blobs.ingest)
    names = sorted(name for image in store.images() for name in image.names or (image.id,))
    return Contents(*map(_listed, folders), names)


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []

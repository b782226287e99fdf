"""Throws away what no image needs: blobs, unpacked layers, and what a crash left half written."""

import os
from collections.abc import Iterator, Set
from typing import Final

from engine.image.store.blobs import Blobs, hexadecimal
from engine.state import tree

INGEST: Final = ".ingest-"
"""How the name of a layer begins that is being unpacked."""


def collect(blobs: Blobs, layers_dir: str, keep_blobs: Set[str], keep_layers: Set[str]) -> int:
    """Remove everything but these; the bytes it took. The caller knows that nobody adds anything meanwhile.

    Goes on past a failure, and raises an ExceptionGroup of all of them at the end.
    """
    rubbish = [
        *_others(blobs.folder, {hexadecimal(digest) for digest in keep_blobs}),
        *_others(blobs.ingest, set()),
        *_others(layers_dir, {hexadecimal(digest) for digest in keep_layers}),
    ]
    reclaimed, failures = 0, []
    for path in rubbish:
        try:
            reclaimed += tree.remove(path)
        except OSError as err:
            failures.append(err)
    if failures:
        raise ExceptionGroup("parts of the image store could not be removed", failures)
    return reclaimed


def _others(folder: str, keep: set[str]) -> Iterator[str]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(names):
        if name not in keep:
            yield f"{folder}/{name}"

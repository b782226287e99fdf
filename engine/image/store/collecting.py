"""Throws away what no image needs: blobs, unpacked layers, and what a crash left half written."""

import os
from collections.abc import Iterator, Set

from engine.image.store.blobs import Blobs, hexadecimal
from engine.image.store.catalog import Contents
from engine.state import files, tree


def collect(blobs: Blobs, layers_dir: str, contents: Contents, *, partials: bool) -> int:
    """Remove everything but these contents; the bytes of disk it took. The caller knows that nobody adds anything.

    Goes on past a failure, and raises an ExceptionGroup of all of them at the end.
    """
    reclaimed, failures = 0, []
    for path in rubbish(blobs, layers_dir, contents, partials=partials):
        try:
            reclaimed += tree.remove(path)
        except OSError as err:
            failures.append(err)
    if failures:
        raise ExceptionGroup("parts of the image store could not be removed", failures)
    return reclaimed


def rubbish(blobs: Blobs, layers_dir: str, contents: Contents, *, partials: bool) -> list[str]:
    """What these contents do not need; downloads that may be continued are among it where `partials` says so."""
    return [
        *others(blobs.folder, {hexadecimal(digest) for digest in contents.blobs}),
        *others(blobs.ingest),
        *(others(blobs.partials) if partials else ()),
        *others(layers_dir, {hexadecimal(key) for key in contents.layers}),
        *(path for key in contents.layers for path in _unfinished(f"{layers_dir}/{hexadecimal(key)}")),
    ]


def _unfinished(layer: str) -> list[str]:
    return [f"{layer}/{name}" for name in files.unfinished(layer)]


def others(folder: str, keep: Set[str] = frozenset()) -> Iterator[str]:
    """The paths of what lies in a folder, but for the names to keep."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(names):
        if name not in keep:
            yield f"{folder}/{name}"

"""Hard links of a changed tree: a link is a change too, although the file it leads to is as it was.

A container that runs `ln a b` has copied `a` up and changed nothing in it. A layer with `b` alone would make two files
of the one, so `a` goes into the layer with it.
"""

import os
from collections.abc import Iterator

from engine.layers.walking import Seen

Key = tuple[int, int, int]
"""Layer, device, inode."""


class Links:
    """The files with several names that a comparison has met."""

    def __init__(self) -> None:
        self._unchanged: dict[Key, list[str]] = {}
        self._before: dict[Key, set[Key]] = {}
        self._changed: set[Key] = set()

    def note(self, path: str, new: Seen, old: Seen | None, *, changed: bool) -> None:
        """Remember one name of a file, where that may have others."""
        if new.info.st_nlink < 2:
            return
        if changed or old is None:
            self._changed.add(_key(new))
            return
        self._unchanged.setdefault(_key(new), []).append(path)
        self._before.setdefault(_key(new), set()).add(_key(old))

    def torn(self) -> Iterator[str]:
        """Names that look unchanged of files of which another name has changed, or which were several files before."""
        for key, paths in self._unchanged.items():
            if key in self._changed or len(self._before[key]) > 1:
                yield from paths


def parents(path: str) -> Iterator[str]:
    """The directories above a path, without the root."""
    while (path := os.path.dirname(path)) != "/":
        yield path


def _key(seen: Seen) -> Key:
    return seen.layer, seen.info.st_dev, seen.info.st_ino

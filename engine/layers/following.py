"""Finds the directory that a path of an archive means, its links followed as a program in the container would.

The links are those of the layer itself and of the layers below (`lib -> usr/lib`). Every component is looked at by
itself and opened by its name in the one before; what a link says is read and goes on from the layer's root, so that
no link leads out of it, to wherever it points.
"""

import errno
import os
import stat
from typing import Final

from engine.archive.refusals import damaged
from engine.layers import merged
from engine.layers.folders import Folder
from engine.layers.growing import Growing
from engine.layers.paths import join, shown

KNOWN_MAX: Final = 4096
"""Paths with links in them of which it is remembered where they lead, and links that did."""


class Following:
    """Paths in one growing layer."""

    def __init__(self, layer: Growing) -> None:
        self._layer = layer
        self._known: dict[str, str] = {}
        """A path with links in it -> the same directory's without."""
        self._links: set[str] = set()
        """The links that those went through."""

    def folder(self, path: str) -> Folder:
        """The directory that a path means, open until the next member; missing ones are made.

        Raises InvalidInput where it leads through a file, or through too many links; OSError.
        """
        found = self._layer.root if not path else self._layer.opened.get(path) or self._find(path)
        return self._layer.opened.pin(found)

    def changing(self, folder: Folder, name: str) -> None:
        """An entry is about to be made or taken away: forget what was found through one of its name."""
        if self._links and join(folder.path, name) in self._links:
            self.forget()

    def forget(self) -> None:
        """Forget where paths lead."""
        self._known.clear()
        self._links.clear()

    def _find(self, path: str) -> Folder:
        if path in self._known:
            return self._walk(self._known[path])
        if max(len(self._known), len(self._links)) >= KNOWN_MAX:
            self.forget()
        found = self._walk(path)
        if found.path != path:
            self._known[path] = found.path
        return found

    def _walk(self, path: str) -> Folder:
        at, waiting = self._start(path)
        followed = 0
        while waiting:
            name = waiting.pop()
            if name in ("", "."):
                continue
            if name == "..":
                at = self._walk(at.path.rpartition("/")[0])
                continue
            step = self._step(at, name)
            if isinstance(step, Folder):
                at = step
                continue
            followed += 1
            if followed > merged.LINKS_MAX:
                raise damaged(f"{shown(path)} leads through more than {merged.LINKS_MAX} symbolic links")
            self._links.add(join(at.path, name))
            at = self._layer.root if step.startswith("/") else at
            waiting += step.split("/")[::-1]
        return at

    def _start(self, path: str) -> tuple[Folder, list[str]]:
        """The nearest directory on the way that is open, and the components after it, last first."""
        above = path
        while above:
            found = self._layer.opened.get(above)
            if found is not None:
                return found, path[len(above) + 1 :].split("/")[::-1]
            above = above.rpartition("/")[0]
        return self._layer.root, path.split("/")[::-1]

    def _step(self, at: Folder, name: str) -> Folder | str:
        """The directory of this name, or where the link of this name points."""
        try:
            return self._layer.child(at, name)
        except FileNotFoundError:
            return self._from_below(at, name)
        except OSError as err:
            if err.errno not in {errno.ENOTDIR, errno.ELOOP}:
                raise
        info = os.lstat(name, dir_fd=at.fd)
        if stat.S_ISLNK(info.st_mode):
            return os.readlink(name, dir_fd=at.fd)
        if merged.is_whiteout(info):
            return self._layer.imply_over_whiteout(at, name)
        raise damaged(f"it has something in {shown(join(at.path, name))}, which is a file")

    def _from_below(self, at: Folder, name: str) -> Folder | str:
        """The same where this layer has nothing of this name."""
        found = merged.lookup(self._layer.below(at), name)
        if found is not None and stat.S_ISLNK(found.info.st_mode):
            return os.readlink(found.path)
        return self._layer.imply(at, name, found)

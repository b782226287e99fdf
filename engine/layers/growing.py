"""A layer while it is unpacked, seen over the layers below it as a container will see them.

What the archive has said so far is on disk, so that nothing of it needs to be remembered: a whiteout that an entry of
the same layer meets makes that opaque, a directory, or gives way. Which of the two came first makes no difference.
Paths here have no link in them; `engine/layers/following.py` finds them. Nobody else writes to the layer meanwhile.
"""

import os
import stat
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final, Self

from engine.archive.refusals import beyond, damaged
from engine.kernel import files
from engine.layers import copying, merged, whiteouts
from engine.layers.folders import FOLDER, Folder, OpenFolders
from engine.layers.merged import Found
from engine.layers.paths import join, shown
from engine.state import tree

REMEMBERED_MAX: Final = 64 << 20
"""Bytes of memory for paths that the archive has not named; enough for some 400,000."""


class Growing:
    """The new layer in the directory `path`; `below`: directories of the layers under it, top first."""

    def __init__(self, path: str, below: Sequence[str]) -> None:
        self.root = Folder(os.open(path, FOLDER), "", hidden=False)
        self.root.below = tuple(below)
        self.depends = False
        """Over other layers it might have come out differently."""
        self.copied_bytes = 0
        self.opened = OpenFolders()
        self._root_is_hidden = False
        self._remembered_bytes = 0
        self._implied: set[str] = set()
        """Directories that the archive has not named."""
        self._copied: set[str] = set()
        """Files that it has not, which came from the layers below since a hard link leads to them."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.opened.close()
        finally:
            self.root.close()

    def child(self, folder: Folder, name: str) -> Folder:
        """A directory that is there. Raises FileNotFoundError, NotADirectoryError for anything else, a link too."""
        path = join(folder.path, name)
        found = self.opened.get(path)
        if found is not None:
            return found
        return self._opened(os.open(name, FOLDER, dir_fd=folder.fd), path, folder)

    def _opened(self, fd: int, path: str, above: Folder, dress: Callable[[int], None] | None = None) -> Folder:
        with ExitStack() as undo:
            undo.callback(os.close, fd)
            if dress is not None:
                dress(fd)
            found = Folder(fd, path, hidden=above.hidden or merged.is_opaque(fd))
            undo.pop_all()
        self.opened.add(found)
        return found

    def below(self, folder: Folder) -> tuple[str, ...]:
        """The directories that lie below this one, top first. The layer depends on them from here on."""
        self.depends = self.depends or not folder.hidden
        return self._find_below(folder)

    def _find_below(self, folder: Folder) -> tuple[str, ...]:
        if folder.hidden:
            return ()
        if folder.below is None:
            folders = self.root.below or ()
            for name in folder.path.split("/"):
                found = merged.lookup(folders, name)
                folders = found.folders if found else ()
            folder.below = folders
        return folder.below

    def imply(self, folder: Folder, name: str, found: Found | None) -> Folder:
        """Make a directory that the archive has not named; `found`: what the layers below have in its place.

        Raises FileExistsError, InvalidInput where there are too many.
        """
        path = join(folder.path, name)
        self._remember(path, self._implied)
        os.mkdir(name, 0o700, dir_fd=folder.fd)
        self._copied.discard(path)
        return self._opened(os.open(name, FOLDER, dir_fd=folder.fd), path, folder, lambda fd: _dress_implied(fd, found))

    def imply_over_whiteout(self, folder: Folder, name: str) -> Folder:
        """The same, in place of a whiteout of this layer."""
        os.unlink(name, dir_fd=folder.fd)
        made = self.imply(folder, name, None)
        self.hide(made)
        return made

    def directory(self, folder: Folder, name: str) -> tuple[Folder, bool]:
        """Open a directory that the archive names, make it where it is missing; whether it was there.

        What stood there instead has hidden what is below it, so that it still does.
        """
        path = join(folder.path, name)
        self._implied.discard(path)
        self._copied.discard(path)
        try:
            return self._make(folder, name), False
        except FileExistsError:
            if stat.S_ISDIR(os.lstat(name, dir_fd=folder.fd).st_mode):
                return self.child(folder, name), True
        self._remove(folder, name)
        made = self._make(folder, name)
        self.hide(made)
        return made, False

    def _make(self, folder: Folder, name: str) -> Folder:
        os.mkdir(name, 0o700, dir_fd=folder.fd)
        fd = os.open(name, FOLDER, dir_fd=folder.fd)
        made = Folder(fd, join(folder.path, name), hidden=folder.hidden, new=True)
        self.opened.add(made)
        return made

    def put(self, folder: Folder, name: str, make: Callable[[], None]) -> None:
        """Have an entry made that is no directory; what is there goes. Until then `make` raises FileExistsError."""
        if self._copied:
            self._copied.discard(join(folder.path, name))
        try:
            make()
        except FileExistsError:
            self._remove(folder, name)
            make()

    def _remove(self, folder: Folder, name: str) -> None:
        try:
            os.unlink(name, dir_fd=folder.fd)
            return
        except IsADirectoryError:
            self.opened.drop(join(folder.path, name))
        try:
            os.rmdir(name, dir_fd=folder.fd)
        except OSError:
            self._remove_tree(f"/proc/self/fd/{folder.fd}/./{name}")

    def _remove_tree(self, path: str) -> None:
        try:
            tree.remove(path)
        except ExceptionGroup as group:
            raise group.exceptions[0] from group

    def white_out(self, folder: Folder, name: str) -> None:
        """Let what the layers below have under this name be gone; what the archive itself has stays."""
        path = join(folder.path, name)
        if path in self._copied:
            self._copied.discard(path)
            files.remove(name, folder=folder.fd)  # gone already where its directory was replaced meanwhile
        if self._shows_whiteouts(folder):
            return
        try:
            whiteouts.make(folder.fd, name)
        except FileExistsError:
            if stat.S_ISDIR(os.lstat(name, dir_fd=folder.fd).st_mode):
                self._white_out_directory(self.child(folder, name))

    def _shows_whiteouts(self, folder: Folder) -> bool:
        """Whether a directory lies over nothing: overlay lists what is in it as it is, and has nothing to hide.

        The root lies over another one at least when a container has its own layer.
        """
        if folder is self.root or (not folder.hidden and self._find_below(folder)):
            return False
        self.depends = self.depends or not folder.hidden
        return True

    def _white_out_directory(self, folder: Folder) -> None:
        self.hide(folder)
        if folder.path in self._implied:
            whiteouts.reset(folder.fd)
            folder.mtime_ns, folder.default_acl = 0, None

    def hide(self, folder: Folder) -> None:
        """Let nothing of the layers below be in a directory. Of the root overlay takes no such mark."""
        if folder is self.root:
            return self._hide_root()
        if folder.hidden:
            return None
        self.opened.drop_within(folder.path)
        whiteouts.make_opaque(folder.fd)
        folder.hidden = True
        return whiteouts.sweep(folder.fd, folder.path, implied=self._implied, copied=self._copied)

    def _hide_root(self) -> None:
        if self._root_is_hidden:
            return
        self._root_is_hidden = True
        below = self.below(self.root)
        for name in merged.names(below):
            if merged.lookup(below, name) is not None:
                self.white_out(self.root, name)

    def copy_up(self, folder: Folder, name: str) -> None:
        """Copy a file of the layers below to its place in this one. Raises InvalidInput where there is none."""
        path = join(folder.path, name)
        found = merged.lookup(self.below(folder), name)
        if found is None or found.folders:
            raise damaged(f"a hard link leads to {shown(path)}, where no file is")
        self.copied_bytes += copying.copy_entry(found, f"/proc/self/fd/{folder.fd}/{name}")
        self._remember(path, self._copied)

    def _remember(self, path: str, paths: set[str]) -> None:
        self._remembered_bytes += sys.getsizeof(path)
        if self._remembered_bytes > REMEMBERED_MAX:
            raise beyond("it needs too many directories and files that it does not name")
        paths.add(path)


def _dress_implied(fd: int, found: Found | None) -> None:
    """As the layers below have it, or as a new directory."""
    if found is not None and found.folders:
        copying.copy_attributes(found, f"/proc/self/fd/{fd}/.")
    else:
        whiteouts.reset(fd)

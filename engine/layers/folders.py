"""Directories of a layer that is being unpacked, some of them kept open.

To make an entry in a directory changes its time, and what is made in one with a default ACL inherits that. So both are
taken off a directory while it is open, and given back when it is closed: nothing about a directory needs to be
remembered until the end, however many there are.
"""

import errno
import os
from collections import OrderedDict
from typing import Final

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
DEFAULT_ACL: Final = "system.posix_acl_default"
"""acl(5), "Object creation and default ACLs"."""
OPEN_MAX: Final = 128
"""Directories that are kept open."""


class Folder:
    """An open directory of the layer."""

    __slots__ = ("below", "default_acl", "fd", "hidden", "mtime_ns", "path")

    def __init__(self, fd: int, path: str, *, hidden: bool, new: bool = False) -> None:
        """`new`: it was just made, and has no attribute yet that is worth keeping."""
        self.fd = fd
        self.path = path
        """Beneath the layer's root, no link in it; empty for the root."""
        self.hidden = hidden
        """Nothing of the layers below shows in it, since it is opaque or lies in one that is."""
        self.below: tuple[str, ...] | None = None
        """What the layers below have in its place, top first; None: not looked up yet."""
        self.mtime_ns = 0 if new else os.fstat(fd).st_mtime_ns
        self.default_acl = None if new else _take_default_acl(fd)

    def close(self) -> None:
        """Give back what was taken off, and close it."""
        try:
            if self.default_acl is not None:
                os.setxattr(self.fd, DEFAULT_ACL, self.default_acl)
            os.utime(self.fd, ns=(self.mtime_ns, self.mtime_ns))
        finally:
            os.close(self.fd)


def _take_default_acl(fd: int) -> bytes | None:
    try:
        found: bytes = os.getxattr(fd, DEFAULT_ACL)
    except OSError as err:
        if err.errno in {errno.ENODATA, errno.EOPNOTSUPP}:
            return None
        raise
    os.removexattr(fd, DEFAULT_ACL)
    return found


class OpenFolders:
    """The directories used last, by their paths. The root is none of them."""

    def __init__(self, most: int = OPEN_MAX) -> None:
        self._most = most
        self._folders: OrderedDict[str, Folder] = OrderedDict()
        self._pinned: list[Folder] = []

    def get(self, path: str) -> Folder | None:
        """The open directory of this path."""
        folder = self._folders.get(path)
        if folder is not None:
            self._folders.move_to_end(path)
        return folder

    def add(self, folder: Folder) -> None:
        """Keep one more; the one that was not used for longest is closed, unless it is pinned."""
        self._folders[folder.path] = folder
        if len(self._folders) > self._most:
            oldest = next(path for path, found in self._folders.items() if found not in self._pinned)
            self._folders.pop(oldest).close()

    def pin(self, folder: Folder) -> Folder:
        """Keep it open until `unpin`."""
        self._pinned.append(folder)
        return folder

    def unpin(self) -> None:
        """Let go of all that are pinned."""
        self._pinned.clear()

    def drop(self, path: str) -> None:
        """Close the directory at `path` and all that lie in it."""
        self.drop_within(path)
        if path in self._folders:
            self._folders.pop(path).close()

    def drop_within(self, path: str) -> None:
        """Close all directories that lie in the one at `path`."""
        for within in [found for found in self._folders if found.startswith(f"{path}/")]:
            self._folders.pop(within).close()

    def close(self) -> None:
        """Close them all; goes on past a failure. Raises the first."""
        failures = []
        while self._folders:
            try:
                self._folders.popitem()[1].close()
            except OSError as err:
                failures.append(err)
        if failures:
            raise failures[0]

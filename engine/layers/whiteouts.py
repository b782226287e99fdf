"""Whiteouts: how the names of an archive's members say them, and how they are made on disk as overlay has them.

    .wh.NAME        NAME of the layers below is gone: a character device 0/0 called NAME
    .wh..wh..opq    nothing of the layers below is in this directory: an attribute of it, in both spellings, since
                    containers in a user namespace mount with `userxattr`
    .wh..wh.*       books of AUFS, which are passed over

Source: OCI image-spec 1.1, layer.md, "Whiteouts"; Documentation/filesystems/overlayfs.rst.
"""

import errno
import os
import stat
from typing import Final, NamedTuple

from engine.archive.refusals import damaged
from engine.errors import MissingFeature
from engine.layers import dressing, merged
from engine.layers.paths import join, shown
from engine.state.tree import Walk

PREFIX: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_AUFS: Final = ".wh..wh."
_IMPLIED_MODE: Final = 0o755


class Whiteout(NamedTuple):
    """What a member of that name orders."""

    folder: str
    name: str | None
    """Gone from `folder`; None: `folder` is opaque."""


def read(path: str) -> Whiteout | None:
    """The whiteout that a path with `.wh.` in it is; None where it is to be passed over, ValueError where it is none.

    Raises InvalidInput for what cannot be meant: a whiteout of `..`, or an entry in something that is gone.
    """
    folder, _, name = path.rpartition("/")
    parts = folder.split("/")
    if any(part.startswith(_AUFS) for part in parts):
        return None
    if any(part.startswith(PREFIX) for part in parts):
        raise damaged(f"{shown(path)} lies in a whiteout")
    if name == _OPAQUE:
        return Whiteout(folder, None)
    if name.startswith(_AUFS):
        return None
    if not name.startswith(PREFIX):
        raise ValueError
    gone = name.removeprefix(PREFIX)
    if gone in ("", ".", ".."):
        raise damaged(f"{shown(path)} is a whiteout of nothing")
    return Whiteout(folder, gone)


def make(folder: int, name: str) -> None:
    """A whiteout under this name. Raises FileExistsError where something is."""
    os.mknod(name, stat.S_IFCHR, 0, dir_fd=folder)


def make_opaque(fd: int) -> None:
    """Hide what lies below a directory. Raises MissingFeature where its file system cannot keep that."""
    for mark in merged.OPAQUE:
        try:
            os.setxattr(fd, mark, b"y")
        except OSError as err:
            if err.errno not in {errno.EOPNOTSUPP, errno.EPERM}:
                raise
            kind = mark.partition(".")[0]
            raise MissingFeature(
                f"the file system of the layers keeps no extended attributes {kind}.*, which this image needs",
                hint="keep the state folder on ext4, XFS or btrfs, or on a tmpfs of Linux 6.6 or newer: qd --root",
                errno=err.errno,
            ) from err


def reset(fd: int) -> None:
    """Give a directory that no member of the archive names the attributes that it has where nothing is below it."""
    dressing.strip(fd, keep={})
    os.fchown(fd, 0, 0)
    os.fchmod(fd, _IMPLIED_MODE)
    os.utime(fd, ns=(0, 0))


class Sweep(Walk):
    """Goes through a directory that has become opaque, and takes out what made sense over other layers alone.

    Those are whiteouts, which a directory that lies over nothing would show to programs; files that were copied from
    the layers below; and attributes of directories that came from there. What is opaque in it was swept before.
    """

    def __init__(self, fd: int, path: str, *, implied: set[str], copied: set[str]) -> None:
        super().__init__(os.open("..", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd))
        self._trail = [path.rpartition("/")[0]]
        self._implied = implied
        self._copied = copied

    def visit(self, names: list[str]) -> list[str]:
        """The directories among the names."""
        if len(self._trail) == 1:
            return names
        if len(self._trail) > 2 and merged.is_opaque(self.fd):
            return []
        info = os.fstat(self.fd)
        folders = [name for name in names if self._see(name)]
        os.utime(self.fd, ns=(info.st_atime_ns, info.st_mtime_ns))
        return folders

    def entered(self, name: str) -> None:
        """One level down."""
        self._trail.append(join(self._trail[-1], name))
        if len(self._trail) > 2 and self._trail[-1] in self._implied:
            reset(self.fd)

    def left(self, name: str) -> None:  # noqa: ARG002 - it is the one at the end of the trail
        """One level up."""
        self._trail.pop()

    def _see(self, name: str) -> bool:
        """Take an entry out, or leave it; whether it is a directory."""
        info = self.stat(name)
        if info is None:
            return False
        path = f"{self._trail[-1]}/{name}"
        if merged.is_whiteout(info) or path in self._copied:
            self._copied.discard(path)
            os.unlink(name, dir_fd=self.fd)
        return stat.S_ISDIR(info.st_mode)


def sweep(fd: int, path: str, *, implied: set[str], copied: set[str]) -> None:
    """Sweep the directory at `path`, which `fd` is open on. Raises OSError."""
    walk = Sweep(fd, path, implied=implied, copied=copied)
    try:
        walk.run(path.rpartition("/")[2])
    finally:
        walk.close()
    if walk.failures:
        raise walk.failures[0]

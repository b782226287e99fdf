"""A root directory copied from layers, where the kernel has no overlay for it.

Blocks are shared where the file system can (btrfs, XFS), else copied. Owners, permissions, times, extended attributes,
hard links, device nodes and holes come along.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Sequence
from typing import Final

from engine.archive import holes
from engine.layers import merged
from engine.layers.merged import Found

_OVERLAY: Final = ("trusted.overlay.", "user.overlay.")
_FICLONE: Final = 0x40049409
"""ioctl_ficlone(2)."""
_PIECE: Final = 64 << 20


def copy(lowers: Sequence[str], target: str) -> int:
    """Copy what the layers, top first, show together into the new directory `target`; bytes of its files."""
    copying = _Copying()
    os.mkdir(target)
    os.chmod(target, 0o755)  # noqa: S103 - it becomes the container's root
    copying.run(tuple(lowers), target)
    return copying.copied_bytes


def copy_directory(lowers: Sequence[str], path: str, target: str) -> bool:
    """Copy what the layers show at `path` into the new directory `target`, its own owner and permissions included.

    False, and nothing is made, where they show no directory there.
    """
    found = merged.resolve(lowers, path)
    if found is None or not found.folders:
        return False
    copy(found.folders, target)
    copy_attributes(found, target)
    return True


def copy_entry(found: Found, path: str) -> int:
    """Copy what is no directory to the new `path`, with all it has; bytes of its content."""
    info, kind = found.info, stat.S_IFMT(found.info.st_mode)
    copied = 0
    if kind == stat.S_IFLNK:
        os.symlink(os.readlink(found.path), path)
    elif kind == stat.S_IFREG:
        copied = info.st_size
        _copy_content(found.path, path)
    else:
        os.mknod(path, kind | 0o600, info.st_rdev)
    copy_attributes(found, path)
    return copied


class _Copying:
    def __init__(self) -> None:
        self.copied_bytes = 0
        self._linked: dict[tuple[int, int], str] = {}
        """Device and inode of a file with several names -> its first copy."""

    def run(self, lowers: tuple[str, ...], target: str) -> None:
        """Directories get their attributes last: each file that is made in one changes its time."""
        waiting = [(lowers, target)]
        made: list[tuple[Found, str]] = []
        while waiting:
            folders, place = waiting.pop()
            for name in merged.names(folders):
                found = merged.lookup(folders, name)
                if found is None:
                    continue
                path = f"{place}/{name}"
                if found.folders:
                    os.mkdir(path, 0o700)
                    made.append((found, path))
                    waiting.append((found.folders, path))
                else:
                    self._copy(found, path)
        for found, path in reversed(made):
            copy_attributes(found, path)

    def _copy(self, found: Found, path: str) -> None:
        """One entry that is not a directory."""
        info = found.info
        if info.st_nlink > 1:
            first = self._linked.setdefault((info.st_dev, info.st_ino), path)
            if first != path:
                os.link(first, path, follow_symlinks=False)
                return
        self.copied_bytes += copy_entry(found, path)


def _copy_content(source: str, target: str) -> None:
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _copy_blocks(reading, writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_blocks(reading: int, writing: int) -> None:
    try:
        fcntl.ioctl(writing, _FICLONE, reading)
        return
    except OSError as err:
        if err.errno not in {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS}:
            raise
    info = os.fstat(reading)
    pieces = holes.pieces(reading, info)
    for start, length in ((0, info.st_size),) if pieces is None else pieces:
        os.lseek(writing, start, os.SEEK_SET)
        _copy_piece(reading, writing, start, start + length)
    os.ftruncate(writing, info.st_size)


def _copy_piece(reading: int, writing: int, at: int, end: int) -> None:
    while at < end:
        sent = os.sendfile(writing, reading, at, min(_PIECE, end - at))
        if not sent:
            return
        at += sent


def copy_attributes(found: Found, path: str) -> None:
    """Owner first: a change of owner clears set-user-id and file capabilities."""
    info = found.info
    os.chown(path, info.st_uid, info.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(info.st_mode):
        os.chmod(path, stat.S_IMODE(info.st_mode))
    for name in _attributes(found.path):
        if not name.startswith(_OVERLAY):
            os.setxattr(path, name, os.getxattr(found.path, name, follow_symlinks=False), follow_symlinks=False)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns), follow_symlinks=False)


def _attributes(path: str) -> list[str]:
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError as err:
        if err.errno == errno.EOPNOTSUPP:
            return []
        raise

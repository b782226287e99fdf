"""Walks, measures and removes directory trees that strangers have filled. Standard library only.

Nothing is reached by a path: each directory is opened by its name in the one above, never through a symbolic link,
and on the way back up `..` must be the directory that we came from. So a link planted in a tree leads nowhere, and a
tree may be as deep as it likes: one descriptor is open at a time, and nothing recurses.
"""

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from engine.kernel import proc

FAILURES_MAX: Final = 20
"""How many failures are worth reporting of one tree."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE})
"""What somebody else's removal or replacement of a directory looks like from here."""

# ioctl_iflags(2)
_FS_IOC_GETFLAGS: Final = 0x80086601
_FS_IOC_SETFLAGS: Final = 0x40086602
_FS_IMMUTABLE_FL, _FS_APPEND_FL = 0x10, 0x20

Measure = Callable[[os.stat_result], int]
"""What one entry counts."""


class _Frame(NamedTuple):
    """A directory on the way down."""

    name: str
    above: tuple[int, int]
    """Device and inode of the directory it lies in."""
    waiting: list[str]
    """Other directories in the one above that are still to be done."""


def size(path: str) -> int:
    """Bytes of the regular files in a tree; 0 where there is none.

    A tree may change meanwhile: where a directory is moved from under the walk, what was counted so far is the answer.
    """
    return _measured(path, lambda info: info.st_size if stat.S_ISREG(info.st_mode) else 0)


def disk_size(path: str) -> int:
    """Bytes of disk that a file, or all in a tree, takes, as `remove` counts them; 0 where there is none."""
    return _measured(path, lambda info: info.st_blocks * 512)


def _measured(path: str, measure: Measure) -> int:
    try:
        walk = _Size(os.open(os.path.dirname(path), _FOLDER), measure)
    except FileNotFoundError:
        return 0
    try:
        walk.run(os.path.basename(path))
    except OSError as err:
        if err.errno not in _GONE:
            raise
    finally:
        walk.close()
    return walk.total


def has_at_most(path: str, entries: int) -> bool:
    """Whether a tree that nobody changes any more is that small; stops counting where it is not."""
    folders = [path]
    while folders:
        try:
            with os.scandir(folders.pop()) as found:
                for entry in found:
                    entries -= 1
                    if entries < 0:
                        return False
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True


def remove(path: str) -> int:
    """Remove whatever is at `path`; the bytes of disk it took. Gone already is success.

    Goes on past a failure. Raises OSError, or an ExceptionGroup of several; EBUSY where a file system is mounted
    in the tree: nothing has been touched then.
    """
    if not os.path.lexists(path):
        return 0
    _refuse_mounts(path)
    try:
        removal = _Removal(os.open(os.path.dirname(path), _FOLDER))
    except FileNotFoundError:
        return 0
    try:
        removal.run(os.path.basename(path))
    finally:
        removal.close()
    if len(removal.failures) == 1:
        raise removal.failures[0]
    if removal.failures:
        raise ExceptionGroup(f"{path} could not be removed whole", removal.failures)
    return removal.freed_bytes


class Walk:
    """One tree, depth first. `fd` is the directory at hand, which the walk owns."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.failures: list[OSError] = []
        self._frames: list[_Frame] = []

    def close(self) -> None:
        """Close what is open."""
        os.close(self.fd)

    def run(self, name: str) -> None:
        """Walk what is called `name` in the directory at hand. Raises ESTALE where somebody moves what we are in."""
        self._go_on(self.visit([name]))

    def run_inside(self) -> None:
        """Walk what lies in the directory at hand, whatever that is called. Raises ESTALE likewise."""
        self._go_on(self.visit(os.listdir(self.fd)))

    def _go_on(self, waiting: list[str]) -> None:
        while waiting or self._frames:
            waiting = self._enter(waiting) if waiting else self._leave()

    def visit(self, names: list[str]) -> list[str]:
        """See to the entries of the directory at hand; those directories among them that are to be entered."""
        raise NotImplementedError

    def entered(self, name: str) -> None:
        """The directory at hand is now the one of this name."""

    def left(self, name: str) -> None:
        """The directory at hand is again the one in which `name` lies, and that is done with."""

    def stat(self, name: str) -> os.stat_result | None:
        """lstat(2) in the directory at hand; None where it is gone."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def note(self, err: OSError) -> None:
        """Remember a failure and go on. A directory that is not empty is not news: what is left in it is noted."""
        known = err.errno == errno.ENOTEMPTY and self.failures
        if not known and len(self.failures) < FAILURES_MAX:
            self.failures.append(err)

    def _enter(self, waiting: list[str]) -> list[str]:
        name = waiting.pop()
        try:
            fd = os.open(name, _FOLDER, dir_fd=self.fd)
        except OSError as err:
            if err.errno not in _GONE:
                self.note(err)
            return waiting
        self._frames.append(_Frame(name, _identity(self.fd), waiting))
        self._move_to(fd)
        self.entered(name)
        return self.visit(os.listdir(fd))

    def _leave(self) -> list[str]:
        frame = self._frames.pop()
        self._move_to(os.open("..", _FOLDER, dir_fd=self.fd))
        if _identity(self.fd) != frame.above:
            raise OSError(errno.ESTALE, "a directory was moved meanwhile", frame.name)
        self.left(frame.name)
        return frame.waiting

    def _move_to(self, fd: int) -> None:
        os.close(self.fd)
        self.fd = fd


class _Removal(Walk):
    """A directory is emptied when it is entered, and removed when it is left."""

    freed_bytes = 0

    def visit(self, names: list[str]) -> list[str]:
        folders = []
        for name in names:
            info = self.stat(name)
            if info is None:
                continue
            if stat.S_ISDIR(info.st_mode):
                folders.append(name)
            elif self._try(os.unlink, name) and info.st_nlink == 1:
                self.freed_bytes += info.st_blocks * 512
        return folders

    def left(self, name: str) -> None:
        self._try(os.rmdir, name)

    def _try(self, call: Callable[..., None], name: str) -> bool:
        try:
            try:
                call(name, dir_fd=self.fd)
            except PermissionError:
                # A privileged container may have made them immutable.
                _make_mutable(self.fd, name)
                call(name, dir_fd=self.fd)
        except FileNotFoundError:
            return True
        except OSError as err:
            self.note(err)
            return False
        return True


class _Size(Walk):
    """Adds up what is no directory; a file with several names counts once."""

    def __init__(self, fd: int, measure: Measure) -> None:
        super().__init__(fd)
        self.total = 0
        self._measure = measure
        self._counted: set[tuple[int, int]] = set()

    def visit(self, names: list[str]) -> list[str]:
        folders = []
        for name in names:
            info = self.stat(name)
            if info is not None and stat.S_ISDIR(info.st_mode):
                folders.append(name)
            elif info is not None and self._is_new(info):
                self.total += self._measure(info)
        return folders

    def _is_new(self, info: os.stat_result) -> bool:
        if info.st_nlink == 1:
            return True
        key = info.st_dev, info.st_ino
        is_new = key not in self._counted
        self._counted.add(key)
        return is_new


def _refuse_mounts(path: str) -> None:
    for mount in proc.read_mounts():
        if mount.target == path or mount.target.startswith(f"{path}/"):
            raise OSError(errno.EBUSY, "a file system is mounted there, unmount it first", mount.target)


def _identity(fd: int) -> tuple[int, int]:
    info = os.fstat(fd)
    return info.st_dev, info.st_ino


def _make_mutable(folder: int, name: str) -> None:
    """Clear the flags that forbid removal, of a directory and of what lies in it."""
    _clear_flags(folder)
    if stat.S_IFMT(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode) not in {stat.S_IFREG, stat.S_IFDIR}:
        return
    fd = os.open(name, _FILE, dir_fd=folder)
    try:
        _clear_flags(fd)
    finally:
        os.close(fd)


def _clear_flags(fd: int) -> None:
    """ioctl_iflags(2). A file system without such flags has nothing to clear."""
    try:
        (flags,) = struct.unpack("i", fcntl.ioctl(fd, _FS_IOC_GETFLAGS, bytes(4)))
        fcntl.ioctl(fd, _FS_IOC_SETFLAGS, struct.pack("i", flags & ~(_FS_IMMUTABLE_FL | _FS_APPEND_FL)))
    except OSError as err:
        if err.errno not in {errno.ENOTTY, errno.EOPNOTSUPP}:
            raise

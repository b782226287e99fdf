"""Where an archive is unpacked: directories beneath one, by descriptor, whatever a stranger moves about meanwhile.

Nothing of it is ever reached by a path of the process's own root. In a container's root links are followed as the
container's programs would, and lead nowhere else; on the host none is, since a container chose the names.
"""

import os
import stat
from contextlib import suppress
from types import TracebackType
from typing import Final

from engine.kernel import const, files, syscalls

RACES_MAX: Final = 100
"""Renames that a path may meet while it is resolved; see openat2(2), EAGAIN."""
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Place:
    """The directory `path` beneath the one that `root` is open on, which stays the caller's."""

    def __init__(self, root: int, path: str = "", *, links: bool) -> None:
        self._root = root
        self._path = path
        self._resolve = const.RESOLVE_IN_ROOT | const.RESOLVE_NO_MAGICLINKS
        if not links:
            self._resolve |= const.RESOLVE_NO_SYMLINKS
        self._at: str | None = None
        self._fd = -1

    def __enter__(self) -> "Place":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _err: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._let_go()

    def _let_go(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._at = -1, None

    def folder(self, path: str) -> int:
        """A descriptor of a directory in the place, valid until the next call. Raises OSError.

        Members of an archive come a directory at a time, so that the last one is kept.
        """
        if path != self._at:
            self._let_go()
            self._fd = self._open(path)
            self._at = path
        return self._fd

    def parent(self, path: str, mode: int = 0o755) -> int:
        """The same; it and its own parents are made where they are missing."""
        try:
            return self.folder(path)
        except FileNotFoundError:
            if not path:
                raise
        above, _, name = path.rpartition("/")
        with suppress(FileExistsError):
            files.make_directory(name, mode, folder=self.parent(above, mode))
        return self.folder(path)

    def _open(self, path: str) -> int:
        where = f"{self._path}/{path}" if self._path and path else self._path or path or "."
        flags = os.O_RDONLY | os.O_DIRECTORY
        for _ in range(RACES_MAX):
            with suppress(BlockingIOError):  # something was renamed while a ".." was resolved
                return syscalls.openat2(self._root, where, flags, self._resolve)
        return syscalls.openat2(self._root, where, flags, self._resolve)


def look(name: str, folder: int) -> os.stat_result | None:
    """What is called so in a directory, itself and not what it leads to; None where nothing is."""
    try:
        return os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None


def open_folder(name: str, folder: int) -> int:
    """A directory in another one, no link to one. Raises OSError."""
    return files.open_path(name, _FOLDER, folder=folder)


def open_file(fd: int, flags: int) -> int:
    """Open the regular file that an O_PATH descriptor names. Raises OSError.

    Looked at before it is opened: to open a device, or a pipe, may do something.
    """
    assert stat.S_ISREG(os.fstat(fd).st_mode)
    return files.open_path(by_descriptor(fd), flags)


def by_descriptor(fd: int) -> str:
    """The path by which calls that take no such descriptor reach what it is open on."""
    return f"/proc/self/fd/{fd}"

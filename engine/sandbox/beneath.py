"""Paths inside a container's root, resolved by the kernel so that no link leads out of it. Standard library only.

What an image holds is hostile: a symbolic link `/proc -> /home` or `/data -> ../../etc` must not move a mount on the
host. Each path is opened with openat2(RESOLVE_IN_ROOT), and what follows uses the descriptor, never the path again.
"""

import os
from typing import Final

from engine.kernel import const, files, syscalls

LINKS_MAX: Final = 40
"""Symbolic links followed while missing directories are made; the kernel's own bound."""
RACES_MAX: Final = 100
"""Renames that a path may meet while it is resolved; see openat2(2), EAGAIN."""
_IN_ROOT: Final = const.RESOLVE_IN_ROOT | const.RESOLVE_NO_MAGICLINKS


class Root:
    """The root directory of a container that is being built."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def open(self, path: str, flags: int = os.O_PATH, *, links: bool = True) -> int:
        """Open what is there. Raises OSError; ELOOP for a symbolic link where `links` is false."""
        resolve = _IN_ROOT if links else _IN_ROOT | const.RESOLVE_NO_SYMLINKS
        for _ in range(RACES_MAX):
            try:
                return syscalls.openat2(self.fd, path, flags, resolve)
            except BlockingIOError:
                continue  # something was renamed while a ".." was resolved: the kernel asks for another try
        return syscalls.openat2(self.fd, path, flags, resolve)

    def directory(self, path: str, mode: int = 0o755, *, links: bool = True) -> int:
        """Open a directory; it and its parents are made where they are missing."""
        return self._directory(path, mode, links, LINKS_MAX)

    def file(self, path: str, mode: int = 0o644) -> int:
        """Open what is there; an empty file is made where nothing is."""
        return self._file(path, mode, LINKS_MAX)

    def _file(self, path: str, mode: int, budget: int) -> int:
        try:
            return self.open(path)
        except FileNotFoundError:
            if budget == 0:
                raise
            folder = self.directory(os.path.dirname(path))
        with files.closing(folder):
            made = self._make_file(os.path.basename(path), mode, folder)
            target = path if made else self._behind_link(path, folder)
        return self.open(path) if made else self._file(target, mode, budget - 1)

    def _make_file(self, name: str, mode: int, folder: int) -> bool:
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
            os.close(files.open_path(name, flags, mode, folder=folder))
        except FileExistsError:
            return False
        return True

    def _behind_link(self, path: str, folder: int) -> str:
        """What a link that leads nowhere names, as a path of the root."""
        target = files.read_link(os.path.basename(path), folder=folder)
        return os.path.normpath(os.path.join(os.path.dirname(path), target))

    def _directory(self, path: str, mode: int, links: bool, budget: int) -> int:
        try:
            return self.open(path, os.O_PATH | os.O_DIRECTORY, links=links)
        except FileNotFoundError:
            if budget == 0 or path == "/":
                raise
        self._make(path, mode, links, budget - 1)
        return self.open(path, os.O_PATH | os.O_DIRECTORY, links=links)

    def _make(self, path: str, mode: int, links: bool, budget: int) -> None:
        """Make the last component; where it is a link that leads nowhere, make what it names instead."""
        name = os.path.basename(path)
        folder = self._directory(os.path.dirname(path), 0o755, links, budget)
        try:
            files.make_directory(name, mode, folder=folder)
        except FileExistsError:
            os.close(self._directory(self._behind_link(path, folder), mode, links, budget))
        finally:
            os.close(folder)


def by_descriptor(fd: int) -> str:
    """The path by which calls that take no descriptor reach what it is open on."""
    return f"/proc/self/fd/{fd}"

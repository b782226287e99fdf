"""The plan of the base image: which file of the host goes where, as data, before anything is copied.

All paths are those of a usr-merged system (`bin` is a link to `usr/bin`), whatever the host looks like.
"""

import os
import posixpath
import stat
from typing import Final

from engine.image.builtin.layer import Entry

MERGED: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Folders of `/` that are links into `/usr`."""
PROGRAM_FOLDERS: Final = ("usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin")
FOLDER_MODE: Final = stat.S_IFDIR | 0o755
LINK_MODE: Final = stat.S_IFLNK | 0o777


class Plan:
    """Entries of a layer by path; the first one to claim a path keeps it."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def folder(self, path: str, mode: int = 0o755) -> None:
        """A directory, and those above it."""
        self._add(path, Entry(stat.S_IFDIR | mode, 0))

    def text(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file of our own."""
        self._add(path, Entry(stat.S_IFREG | mode, 0, data=text.encode()))

    def link(self, path: str, target: str) -> None:
        """A symbolic link, written as given."""
        self._add(path, Entry(LINK_MODE, 0, target=target))

    def copy(self, source: str, path: str | None = None) -> str:
        """A regular file of the host under its own name, or under `path`; where it lies in the image.

        Permissions lose set-user-id and set-group-id; the time stays, because Python's compiled files go by it.
        """
        path = merged(path or source)
        info = os.stat(source)
        if not stat.S_ISREG(info.st_mode):
            raise FileNotFoundError(f"{source} is no regular file")
        executable = 0o755 if info.st_mode & 0o111 else 0o644
        self._add(path, Entry(stat.S_IFREG | executable, int(info.st_mtime), source))
        return path

    def copy_resolved(self, source: str) -> str:
        """A file of the host where it really lies, and where `source` is a link, a link there; its real place."""
        place = self.copy(os.path.realpath(source))
        name = merged(source)
        if name != place:
            self.link(name, posixpath.relpath(place, posixpath.dirname(name)))
        return place

    def has_program(self, name: str) -> bool:
        """Whether a program of this name is on the image's PATH."""
        return any(f"{folder}/{name}" in self.entries for folder in PROGRAM_FOLDERS)

    def set_own_times(self) -> int:
        """Give what is not the host's the time of the host's newest file, and return it.

        So the same host gives the same image, and no file is older than the system around it.
        """
        newest = max((entry.mtime for entry in self.entries.values()), default=0)
        for path, entry in self.entries.items():
            if not entry.source:
                self.entries[path] = entry._replace(mtime=newest)
        return newest

    def _add(self, path: str, entry: Entry) -> None:
        parent = posixpath.dirname(path)
        if parent and parent not in self.entries:
            self._add(parent, Entry(FOLDER_MODE, 0))
        self.entries.setdefault(path, entry)


def merged(path: str) -> str:
    """An absolute path of the host as a relative one of the image: `/bin/sh` is `usr/bin/sh`."""
    path = posixpath.normpath(path).lstrip("/")
    first, _, rest = path.partition("/")
    return f"usr/{path}" if first in MERGED and rest else path

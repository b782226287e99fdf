"""Packs a file, or a directory with all that is in it, while a stranger may be changing it.

Everything is looked at by an O_PATH descriptor before it is opened, and a link is packed as a link. What the kernel
only pretends to have, as in /proc, is left out but for the directory itself.
"""

import os
import stat
from collections.abc import Sequence
from typing import Final

from engine.archive import attributes, holes
from engine.archive.failures import told
from engine.archive.member import HARD_LINK, Member, of_stat
from engine.archive.place import open_file
from engine.archive.refusals import beyond, quoted
from engine.archive.writer import Writer
from engine.errors import InvalidInput
from engine.kernel import const, files, mounts
from engine.state.tree import Walk

PATH_MAX: Final = 4096
"""A container can nest directories without end; nobody can name what lies deeper."""
LINKED_MAX: Final = 1_000_000
"""Files with several names of one copy."""
_PRETENDED: Final = frozenset(
    {
        *(const.PROC_SUPER_MAGIC, const.SYSFS_MAGIC, const.CGROUP_SUPER_MAGIC, const.CGROUP2_SUPER_MAGIC),
        *(const.DEVPTS_SUPER_MAGIC, const.MQUEUE_MAGIC),
    }
)
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY


def pack(fd: int, name: str, writer: Writer, skipped: Sequence[str] = ()) -> None:
    """Pack what an O_PATH descriptor names, called `name` in the archive; empty: the archive is of what lies in it.

    `skipped` are names of directories in it of which only the directory itself is packed. Raises `EngineError`.
    """
    if mounts.file_system_type(fd) in _PRETENDED:
        raise InvalidInput(
            f"{quoted(os.fsencode(name)) or '/'} is no file, but made up by the kernel",
            hint="read it: qd exec CONTAINER cat",
        )
    packing = _Packing(writer)
    packing.add(fd, name)
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        return
    with told("read", name):
        walk = _Tree(files.open_path(".", _FOLDER, folder=fd), name, packing, frozenset(skipped))
        try:
            walk.run_inside()
        finally:
            walk.close()


class _Packing:
    """Adds one file after another."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._linked: dict[tuple[int, int], str] = {}
        """Device and inode of a file with several names -> the first of them."""

    def add(self, fd: int, path: str) -> os.stat_result:
        """Add what an O_PATH descriptor names; what it is."""
        info = os.fstat(fd)
        with told("read", path):
            self._add(fd, path, info)
        return info

    def _add(self, fd: int, path: str, info: os.stat_result) -> None:
        kind = stat.S_IFMT(info.st_mode)
        if kind == stat.S_IFSOCK:
            return  # it is nothing without the program that listens on it
        if len(os.fsencode(path)) > PATH_MAX:
            raise InvalidInput(f"a path has more than {PATH_MAX} bytes", hint="copy a directory further down")
        if info.st_nlink > 1 and kind != stat.S_IFDIR and (first := self._first_name(info, path)):
            self._writer.add(Member(path=os.fsencode(path), kind=HARD_LINK, target=os.fsencode(first)))
        elif kind == stat.S_IFREG:
            self._add_file(fd, path, info)
        else:
            self._writer.add(_member(fd, path, info))

    def _first_name(self, info: os.stat_result, path: str) -> str | None:
        if len(self._linked) >= LINKED_MAX:
            raise beyond(f"more than {LINKED_MAX} files with several names")
        first = self._linked.setdefault((info.st_dev, info.st_ino), path)
        return None if first == path else first

    def _add_file(self, fd: int, path: str, info: os.stat_result) -> None:
        with files.closing(open_file(fd, os.O_RDONLY)) as content:
            self._writer.add_file(_member(fd, path, info, holes.pieces(content, info)), content)


class _Tree(Walk):
    """Everything in a directory, in the order of names."""

    def __init__(self, fd: int, name: str, packing: _Packing, skipped: frozenset[str]) -> None:
        super().__init__(fd)
        self._packing = packing
        self._skipped = skipped
        self._path = [name] if name else []
        self._top = len(self._path)

    def visit(self, names: list[str]) -> list[str]:
        """Add each entry; the directories among them that are to be entered, the last of them first."""
        device = os.fstat(self.fd).st_dev
        found = [name for name in sorted(names) if self._add(name, device)]
        return found[::-1]

    def _add(self, name: str, device: int) -> bool:
        """Whether it is a directory to go on with; what has just gone is none."""
        path = "/".join([*self._path, name])
        try:
            fd = files.open_path(name, os.O_PATH | os.O_NOFOLLOW, folder=self.fd)
        except FileNotFoundError:
            return False
        with files.closing(fd):
            info = self._packing.add(fd, path)
            if not stat.S_ISDIR(info.st_mode) or (name in self._skipped and len(self._path) == self._top):
                return False
            return info.st_dev == device or mounts.file_system_type(fd) not in _PRETENDED

    def entered(self, name: str) -> None:
        self._path.append(name)

    def left(self, name: str) -> None:
        assert self._path.pop() == name


def _member(fd: int, path: str, info: os.stat_result, data: tuple[tuple[int, int], ...] | None = None) -> Member:
    target = os.fsencode(os.readlink("", dir_fd=fd)) if stat.S_ISLNK(info.st_mode) else b""
    return of_stat(os.fsencode(path), info, attributes.read_attributes(fd), target=target, data=data)

"""Puts entries of directories into an archive as they are, while a container may be writing to them."""

import os
import stat
from collections.abc import Callable, Iterator
from typing import Final

from engine.archive import holes
from engine.archive.member import HARD_LINK, Member, of_stat
from engine.archive.refusals import quoted
from engine.archive.streams import PIECE
from engine.archive.writer import Writer
from engine.errors import InvalidInput
from engine.layers import attributes, walking
from engine.layers.links import Key

Progress = Callable[[int, int], None]
"""Called with bytes of files that are done, and of all of them; the latter is 0 where nobody knows."""

ATTRIBUTES_MAX: Final = 512 << 10
"""Bytes of extended attributes of one file; what reads archives refuses a header that is not far beyond."""


def no_progress(_done: int, _total: int) -> None:
    """For who does not want to know."""


class Entries:
    """Adds one entry after another. Of a file with several names the first is the file, the others lead to it."""

    def __init__(self, writer: Writer, progress: Progress, total_bytes: int = 0) -> None:
        self.count = 0
        self.size_bytes = 0
        """Content of the files that have been added, holes counted."""
        self.sockets = 0
        """Left out: a socket is nothing without the program that listens on it."""
        self._writer = writer
        self._progress = progress
        self._total_bytes = total_bytes
        self._first: dict[Key, bytes] = {}

    def add_folder(self, fd: int, path: bytes) -> None:
        """Add a directory that is open."""
        self._put(of_stat(path, os.fstat(fd), _attributes(path, fd)))

    def add_empty(self, path: bytes) -> None:
        """Add an empty file that means something by its name alone."""
        self._put(Member(path=path, kind=stat.S_IFREG, mode=0))

    def add(self, layer: int, folder: int, name: str, path: bytes) -> None:
        """Add what a directory of a layer has under a name; nothing where it has gone meanwhile."""
        try:
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return
        kind = stat.S_IFMT(info.st_mode)
        if kind == stat.S_IFSOCK:
            self.sockets += 1
        elif kind == stat.S_IFREG:
            self._add_file(layer, folder, name, path)
        elif not self._is_known(layer, info, path):
            target = attributes.target(folder, name) if kind == stat.S_IFLNK else b""
            found = _attributes(path, attributes.place(folder, name))
            self._put(of_stat(path, info, found, target=target))
            self._remember(layer, info, path)

    def _add_file(self, layer: int, folder: int, name: str, path: bytes) -> None:
        fd = attributes.open_file(folder, name)
        if fd is None:
            return
        try:
            info = os.fstat(fd)
            if not self._is_known(layer, info, path):
                member = of_stat(path, info, _attributes(path, fd), data=holes.pieces(fd, info))
                self._add_content(member, fd)
                self._remember(layer, info, path)
        finally:
            os.close(fd)

    def _add_content(self, member: Member, fd: int) -> None:
        """In one go where it is small, else in pieces, so that progress is seen."""
        _check_depth(member.path)
        self.count += 1
        if member.stored_bytes <= PIECE:
            self._writer.add_file(member, fd)
        else:
            self._writer.add(member, self._pieces(member, fd))
        self.size_bytes += member.size
        self._progress(self.size_bytes, self._total_bytes)

    def _pieces(self, member: Member, fd: int) -> Iterator[bytes]:
        """The content as it was announced: zeros where the file has shrunk, nothing more where it has grown."""
        for offset, length in member.data or ((0, member.size),):
            for at in range(offset, offset + length, PIECE):
                size = min(PIECE, offset + length - at)
                data = os.pread(fd, size, at)
                yield data if len(data) == size else data + bytes(size - len(data))
                self._progress(self.size_bytes + at, self._total_bytes)

    def _is_known(self, layer: int, info: os.stat_result, path: bytes) -> bool:
        """Whether this is another name of a file that has been added, which it is added as."""
        first = self._first.get((layer, info.st_dev, info.st_ino)) if info.st_nlink > 1 else None
        if first is None or stat.S_ISDIR(info.st_mode):
            return False
        self._put(
            Member(
                path=path,
                kind=HARD_LINK,
                mode=stat.S_IMODE(info.st_mode),
                uid=info.st_uid,
                gid=info.st_gid,
                mtime_ns=info.st_mtime_ns,
                target=first,
            )
        )
        return True

    def _remember(self, layer: int, info: os.stat_result, path: bytes) -> None:
        if info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode):
            self._first[layer, info.st_dev, info.st_ino] = path

    def _put(self, member: Member) -> None:
        _check_depth(member.path)
        self.count += 1
        self._writer.add(member)


def _check_depth(path: bytes) -> None:
    if len(path) >= walking.PATH_MAX:
        raise walking.too_deep(os.fsdecode(path))


def _attributes(path: bytes, where: str | int) -> dict[bytes, bytes]:
    found = attributes.read(where)
    if found and sum(len(name) + len(value) for name, value in found.items()) > ATTRIBUTES_MAX:
        raise InvalidInput(
            f"{quoted(path)} has more than {ATTRIBUTES_MAX} bytes of extended attributes",
            hint="take some away in the container: setfattr -x",
        )
    return found

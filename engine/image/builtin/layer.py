"""A layer from a plan: the tar archive that the store keeps, and beside it the same files unpacked.

Archives are the same, byte for byte, for the same plan: sorted, owned by root, with the times of the plan.

Source: OCI image-spec, layer.md.
"""

import os
import stat
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from engine.archive.member import Member
from engine.archive.writer import Output, Writer
from engine.errors import InvalidInput

FILE_MAX: Final = 1 << 30
"""Bytes of one file of the host."""


class Entry(NamedTuple):
    """One file, directory or symbolic link of a layer; its path is the key of the plan, relative, without `./`."""

    mode: int
    """File type and permissions, as in st_mode."""
    mtime: int
    """Seconds since the epoch."""
    source: str = ""
    """A file of this host to copy; empty where `data` is the content."""
    data: bytes = b""
    target: str = ""
    """Of a symbolic link."""


def write(
    plan: Mapping[str, Entry], archive: Output, folder: str, progress: Callable[[int, int], None] = lambda *_: None
) -> int:
    """Write the plan as an archive and into the empty `folder`; the bytes of all its files.

    `progress` is told how many entries are done, and of how many. Raises InvalidInput for a file that is too large.
    """
    total = 0
    writer = Writer(archive)
    for number, path in enumerate(sorted(plan)):
        entry = plan[path]
        content = _content(entry)
        total += len(content)
        writer.add(_member(path, entry, len(content)), (content,))
        _unpack(f"{folder}/{path}", entry, content)
        progress(number + 1, len(plan))
    writer.close()
    _set_folder_times(plan, folder)
    return total


def _member(path: str, entry: Entry, size: int) -> Member:
    return Member(
        path=os.fsencode(path),
        kind=stat.S_IFMT(entry.mode),
        mode=stat.S_IMODE(entry.mode),
        mtime_ns=entry.mtime * 1_000_000_000,
        size=size,
        target=os.fsencode(entry.target),
    )


def _content(entry: Entry) -> bytes:
    if not entry.source:
        return entry.data
    with open(entry.source, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size > FILE_MAX:
            raise InvalidInput(f"{entry.source} is too large for a layer: {size} bytes")
        return file.read(size)


def _unpack(path: str, entry: Entry, content: bytes) -> None:
    """Make one entry; its folder is there already, because the plan is sorted."""
    kind, mode = stat.S_IFMT(entry.mode), stat.S_IMODE(entry.mode)
    if kind == stat.S_IFLNK:
        os.symlink(entry.target, path)
    elif kind == stat.S_IFDIR:
        os.mkdir(path)
    else:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file:
            file.write(content)
    if kind != stat.S_IFLNK:
        os.chmod(path, mode)
    os.utime(path, (entry.mtime, entry.mtime), follow_symlinks=False)


def _set_folder_times(plan: Mapping[str, Entry], folder: str) -> None:
    """Last of all: each file that was made in a folder has changed the folder's time."""
    for path, entry in plan.items():
        if stat.S_ISDIR(entry.mode):
            os.utime(f"{folder}/{path}", (entry.mtime, entry.mtime))

"""Archives of layers for tests, written by Python's own tarfile, and trees as values that can be compared."""

import io
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from engine.archive.reader import Reader
from engine.layers import apply as applying
from engine.layers.apply import Applied

DAY_NS = 86_400 * 10**9


class Entry:
    """One member."""

    def __init__(self, name: str, kind: bytes, data: bytes = b"", **fields: Any) -> None:
        self.data = data
        self.info = tarfile.TarInfo(name)
        self.info.type = kind
        self.info.size = len(data)
        self.info.mtime = 1_000_000
        self.info.uid, self.info.gid = os.geteuid(), os.getegid()
        self.info.pax_headers = fields.pop("pax", {})
        for field, value in fields.items():
            setattr(self.info, field, value)


def file(name: str, data: bytes = b"", **fields: Any) -> Entry:
    """A regular file."""
    return Entry(name, tarfile.REGTYPE, data, **fields)


def folder(name: str, **fields: Any) -> Entry:
    """A directory."""
    return Entry(name, tarfile.DIRTYPE, **({"mode": 0o755} | fields))


def link(name: str, target: str, **fields: Any) -> Entry:
    """A symbolic link."""
    return Entry(name, tarfile.SYMTYPE, linkname=target, **fields)


def hard(name: str, target: str, **fields: Any) -> Entry:
    """A hard link."""
    return Entry(name, tarfile.LNKTYPE, linkname=target, **fields)


def device(name: str, major: int, minor: int, kind: bytes = tarfile.CHRTYPE, **fields: Any) -> Entry:
    """A device, or a fifo with `kind`."""
    return Entry(name, kind, devmajor=major, devminor=minor, **fields)


def fifo(name: str, **fields: Any) -> Entry:
    """A named pipe."""
    return Entry(name, tarfile.FIFOTYPE, **fields)


def gone(path: str) -> Entry:
    """A whiteout of `path`."""
    above, _, name = path.rpartition("/")
    return file(f"{above}/.wh.{name}" if above else f".wh.{name}")


def opaque(path: str) -> Entry:
    """The mark of an opaque directory."""
    return file(f"{path}/.wh..wh..opq" if path else ".wh..wh..opq")


def archive(entries: Iterable[Entry]) -> bytes:
    """The archive with these members, pax."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as writer:
        for entry in entries:
            writer.addfile(entry.info, io.BytesIO(entry.data))
    return output.getvalue()


def apply(place: str | os.PathLike[str], *entries: Entry, below: Sequence[str | os.PathLike[str]] = ()) -> Applied:
    """Unpack members into the new directory `place`."""
    os.mkdir(place, 0o755)
    return applying.apply(
        Reader(io.BytesIO(archive(entries))), os.fspath(place), [os.fspath(folder) for folder in below]
    )


def look(root: str | os.PathLike[str]) -> dict[str, tuple[Any, ...]]:
    """Every path of a tree -> kind, permissions, owner, time, what it holds, extended attributes, its first name."""
    found: dict[str, tuple[Any, ...]] = {}
    names: dict[int, str] = {}
    for path in sorted(_walk(os.fspath(root))):
        info = os.lstat(path)
        name = os.path.relpath(path, root)
        same = names.setdefault(info.st_ino, name)
        found[name] = (
            _kind(info),
            stat.S_IMODE(info.st_mode),
            (info.st_uid, info.st_gid),
            info.st_mtime_ns,
            _holds(path, info),
            xattrs(path),
            same if not stat.S_ISDIR(info.st_mode) else "",
        )
    return found


def names(root: str | os.PathLike[str]) -> list[str]:
    """The paths of a tree, whiteouts as `-path`, opaque directories as `path/!`."""
    return [_name(os.path.relpath(path, root), path) for path in sorted(_walk(os.fspath(root))) if path != str(root)]


def xattrs(path: str | os.PathLike[str]) -> dict[str, bytes]:
    """Extended attributes, of a link itself; without what the kernel makes of the access ACL."""
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)}


@contextmanager
def untouched(outside: str | os.PathLike[str]) -> Iterator[None]:
    """A tree that nothing in the block may change, nor read: times of access included."""
    before = look(outside), _accessed(outside)
    yield
    assert (look(outside), _accessed(outside)) == before, "something outside of the layer was changed"


def _accessed(root: str | os.PathLike[str]) -> dict[str, int]:
    return {path: os.lstat(path).st_ctime_ns for path in _walk(os.fspath(root))}


def _walk(root: str) -> Iterator[str]:
    yield root
    for above, folders, files in os.walk(root):
        for name in folders + files:
            yield os.path.join(above, name)


def _name(name: str, path: str) -> str:
    info = os.lstat(path)
    if stat.S_ISCHR(info.st_mode) and info.st_rdev == 0:
        return f"-{name}"
    if not stat.S_ISDIR(info.st_mode):
        return name
    marks = {key for key in xattrs(path) if key.endswith(".overlay.opaque")}
    assert len(marks) in (0, 2), f"half opaque: {marks}"
    return f"{name}/!" if marks else f"{name}/"


def _kind(info: os.stat_result) -> str:
    return stat.filemode(info.st_mode)[0]


def _holds(path: str, info: os.stat_result) -> Any:
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:
            return file.read()
    if stat.S_ISLNK(info.st_mode):
        return os.readlink(path)
    return info.st_rdev if stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode) else None

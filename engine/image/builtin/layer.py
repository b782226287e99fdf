"""A layer from a plan: the tar archive that the store keeps, and beside it the same files unpacked.

Archives are the same, byte for byte, for the same plan: sorted, owned by root, with the times of the plan.
`tarfile` takes 0.25 ms for each small file; writing ustar headers by hand takes a tenth of it.

Unpacking the layers of others, whiteouts included, will stand beside this.

Source: pax(1), "ustar Interchange Format"; OCI image-spec, layer.md.
"""

import os
import stat
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from engine.errors import InvalidInput

BLOCK: Final = 512
RECORD: Final = 20 * BLOCK
FILE_MAX: Final = 1 << 30
"""Bytes of one file of the host."""

# pax(1), typeflag
_TYPES: Final = {stat.S_IFREG: b"0", stat.S_IFLNK: b"2", stat.S_IFDIR: b"5"}
_EXTENDED: Final = b"x"
_OCTAL_11_MAX: Final = 0o77777777777


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


class Output(Protocol):
    """Where the archive goes: a file that hashes, say."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""
        ...


def write(
    plan: Mapping[str, Entry], archive: Output, folder: str, progress: Callable[[int, int], None] = lambda *_: None
) -> int:
    """Write the plan as an archive and into the empty `folder`; the bytes of all its files.

    `progress` is told how many entries are done, and of how many. Raises InvalidInput for a file that is too large.
    """
    total = 0
    for number, path in enumerate(sorted(plan)):
        entry = plan[path]
        content = _content(entry)
        total += len(content)
        archive.write(header(path, entry, len(content)))
        archive.write(content + bytes(-len(content) % BLOCK))
        _unpack(f"{folder}/{path}", entry, content)
        progress(number + 1, len(plan))
    archive.write(bytes(2 * BLOCK))
    _set_folder_times(plan, folder)
    return total


def header(path: str, entry: Entry, size: int) -> bytes:
    """The header blocks of one member."""
    kind = stat.S_IFMT(entry.mode)
    name, target = os.fsencode(path), os.fsencode(entry.target)
    if kind == stat.S_IFDIR:
        name += b"/"
    prefix, short = _split(name)
    extended = {}
    if short is None:
        extended[b"path"] = name
    if len(target) > 100:
        extended[b"linkpath"] = target
    if size > _OCTAL_11_MAX:
        raise InvalidInput(f"{path} is too large for a layer: {size} bytes")
    member = _block(prefix, short or name[-100:], entry.mode, size, entry.mtime, _TYPES[kind], target[:100])
    return _extended_header(extended, entry.mtime) + member


def _split(name: bytes) -> tuple[bytes, bytes | None]:
    """ustar's prefix (155 bytes) and name (100 bytes), cut at a slash; None where it cannot be cut so."""
    if len(name) <= 100:
        return b"", name
    cut = name.find(b"/", len(name) - 101)
    if 0 < cut <= 155 and cut < len(name) - 1:
        return name[:cut], name[cut + 1 :]
    return b"", None


def _block(prefix: bytes, name: bytes, mode: int, size: int, mtime: int, kind: bytes, target: bytes) -> bytes:
    fields = (
        name.ljust(100, b"\0"),
        b"%07o\0" % stat.S_IMODE(mode),
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        b"%011o\0" % size,
        b"%011o\0" % min(max(mtime, 0), _OCTAL_11_MAX),
        b" " * 8,
        kind,
        target.ljust(100, b"\0"),
        b"ustar\x0000",
        bytes(80),
        prefix.ljust(155, b"\0"),
        bytes(12),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _extended_header(records: dict[bytes, bytes], mtime: int) -> bytes:
    """A pax header with what does not fit into ustar's fields."""
    if not records:
        return b""
    body = b"".join(_extended_record(key, value) for key, value in records.items())
    block = _block(b"", b"PaxHeaders/long", 0o644, len(body), mtime, _EXTENDED, b"")
    return block + body + bytes(-len(body) % BLOCK)


def _extended_record(key: bytes, value: bytes) -> bytes:
    """`LENGTH KEY=VALUE` and a newline; the length counts its own digits."""
    rest = len(b" =\n") + len(key) + len(value)
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


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

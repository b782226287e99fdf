"""What one header block says, field by field, and what extended headers say instead."""

import os
import stat
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from engine.archive import blocks, extended
from engine.archive.blocks import number, text
from engine.archive.refusals import damaged, unsupported

KINDS: Final = {
    blocks.FILE: stat.S_IFREG,
    blocks.OLD_FILE: stat.S_IFREG,
    blocks.CONTIGUOUS: stat.S_IFREG,
    blocks.SPARSE: stat.S_IFREG,
    blocks.LINK: 0,
    blocks.SYMLINK: stat.S_IFLNK,
    blocks.CHARACTER: stat.S_IFCHR,
    blocks.BLOCK_DEVICE: stat.S_IFBLK,
    blocks.DIRECTORY: stat.S_IFDIR,
    blocks.FIFO: stat.S_IFIFO,
}
"""Type of a member -> its kind. POSIX has unknown types be files; they are refused, since they rarely are."""

ID_MAX: Final = 0xFFFF_FFFE
"""The number above it tells chown(2) to leave an owner as it is."""
MAJOR_MAX, MINOR_MAX = (1 << 12) - 1, (1 << 20) - 1
"""Source: linux/kdev_t.h."""
_SECONDS_MAX: Final = (1 << 63) - 1
_PERMISSIONS: Final = 0o7777
_STAR_PREFIX: Final = slice(0, blocks.STAR_PREFIX)


class Fields(msgspec.Struct, frozen=True):
    """A header, and the extended ones before it."""

    type: bytes
    path: bytes
    mode: int
    uid: int
    gid: int
    size: int
    """Bytes that follow, whatever the type."""
    mtime_ns: int
    target: bytes
    major: int
    minor: int
    sparse: bytes = b""
    """Of type S: the rest of the header, with its map."""
    records: Mapping[bytes, bytes] = {}

    @property
    def device(self) -> int:
        """makedev(3). Raises InvalidInput where the kernel has no such number."""
        if not (0 <= self.major <= MAJOR_MAX and 0 <= self.minor <= MINOR_MAX):
            raise damaged("it has a device whose number is none")
        return os.makedev(self.major, self.minor)


def parse(block: bytes) -> Fields:
    """The fields of a header block, whose checksum is right. Raises InvalidInput for numbers that are none."""
    fields = blocks.FIELDS.unpack(block)
    name, mode, uid, gid, size, mtime, _, kind, target, magic, _, _, major, minor, prefix, rest = fields
    path = text(name)
    if magic.startswith(b"ustar\0") and prefix[0]:
        path = text(prefix[_STAR_PREFIX] if rest.endswith(blocks.STAR_MARK) else prefix) + b"/" + path
    if kind == blocks.SPARSE and magic != blocks.GNU:
        raise unsupported("a sparse file in a form of old, not GNU's and not pax's")
    is_device = kind in _DEVICES
    return Fields(
        kind,
        path,
        number(mode) & _PERMISSIONS,
        number(uid),
        number(gid),
        number(size),
        number(mtime) * 1_000_000_000,
        text(target),
        number(major) if is_device else 0,
        number(minor) if is_device else 0,
        block[blocks.SPARSE_MAP :] if kind == blocks.SPARSE else b"",
    )


_DEVICES: Final = frozenset({blocks.CHARACTER, blocks.BLOCK_DEVICE})


def override(fields: Fields, records: Mapping[bytes, bytes]) -> Fields:
    """The fields with what extended headers say of them; an empty value says nothing. Raises InvalidInput."""
    changes: dict[str, Any] = {"records": records}
    for key, value in records.items():
        if key in _SAID_BY and value:
            field, parse_value = _SAID_BY[key]
            changes[field] = parse_value(value)
    return msgspec.structs.replace(fields, **changes)


_SAID_BY: Final[dict[bytes, tuple[str, Callable[[bytes], Any]]]] = {
    b"path": ("path", bytes),
    b"linkpath": ("target", bytes),
    b"size": ("size", extended.decimal),
    b"uid": ("uid", extended.decimal),
    b"gid": ("gid", extended.decimal),
    b"mtime": ("mtime_ns", extended.time_ns),
    b"SCHILY.devmajor": ("major", extended.decimal),
    b"SCHILY.devminor": ("minor", extended.decimal),
}


def check(fields: Fields) -> None:
    """Refuse numbers that no file can have. Raises InvalidInput."""
    if not (0 <= fields.uid <= ID_MAX and 0 <= fields.gid <= ID_MAX):
        raise damaged("it has an owner that is none")
    if abs(fields.mtime_ns) > _SECONDS_MAX * 1_000_000_000:
        raise damaged("it has a time beyond all times")
    if fields.size < 0:
        raise damaged("it has a file of a negative size")

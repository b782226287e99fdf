"""The header blocks of a member, as we write them.

Source: pax(1), "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "Storing Sparse Files".
"""

import functools
import os
import stat
from typing import Final

from engine.archive import blocks, extended, sparse
from engine.archive.blocks import padding
from engine.archive.member import HARD_LINK, Member

_TYPES: Final = {
    stat.S_IFREG: blocks.FILE,
    HARD_LINK: blocks.LINK,
    stat.S_IFLNK: blocks.SYMLINK,
    stat.S_IFCHR: blocks.CHARACTER,
    stat.S_IFBLK: blocks.BLOCK_DEVICE,
    stat.S_IFDIR: blocks.DIRECTORY,
    stat.S_IFIFO: blocks.FIFO,
}
_NAME_MAX, _PREFIX_MAX = 100, 155
_ID_MAX: Final = 0o7777777
_NOBODY: Final = 65534
"""Whom a program that knows no extended headers takes for the owner whose id is too large; not root."""
_OCTAL_11_MAX: Final = 0o77777777777
_SECOND: Final = 1_000_000_000
_EXTENDED_NAME: Final = b"PaxHeaders/0"
_SPARSE_FOLDER: Final = b"GNUSparseFile.0/"
"""Where a program that cannot read sparse files leaves them, so that nobody takes them for the files themselves."""

Records = list[tuple[bytes, bytes]]


def heading(member: Member) -> bytes:
    """Everything before a member's content: its header, and where needed an extended one before and a map behind."""
    name = member.path + b"/" if member.kind == stat.S_IFDIR else member.path
    records: Records = []
    size, sparse_map = member.size, b""
    if member.data is not None:
        sparse_map = sparse.rendered(member.data, member.size)
        size = len(sparse_map) + member.stored_bytes
        records = sparse.records(name, member.size)
        name = _SPARSE_FOLDER + name.rpartition(b"/")[2][-_NAME_MAX + len(_SPARSE_FOLDER) :]
    prefix, short = _split(name if len(name) > 1 else name.replace(b"/", b"./"))
    if short is None:
        records.append((b"path", name))
    _add_records(records, member, size)
    block = _block(member, _TYPES[member.kind], size, prefix, name[:_NAME_MAX] if short is None else short)
    return _extended_header(records) + block + sparse_map if records else block + sparse_map


def _split(name: bytes) -> tuple[bytes, bytes | None]:
    """ustar's prefix and name, which are cut at a slash; no name where it cannot be cut so."""
    if len(name) <= _NAME_MAX:
        return b"", name
    cut = name.find(b"/", len(name) - _NAME_MAX - 1)
    if 0 < cut <= _PREFIX_MAX and cut < len(name) - 1:
        return name[:cut], name[cut + 1 :]
    return b"", None


def _add_records(records: Records, member: Member, size: int) -> None:
    """What the header's fields cannot say."""
    if len(member.target) > _NAME_MAX:
        records.append((b"linkpath", member.target))
    if member.uid > _ID_MAX:
        records.append((b"uid", b"%d" % member.uid))
    if member.gid > _ID_MAX:
        records.append((b"gid", b"%d" % member.gid))
    if size > _OCTAL_11_MAX:
        records.append((b"size", b"%d" % size))
    if member.mtime_ns % _SECOND or not 0 <= member.mtime_ns <= _OCTAL_11_MAX * _SECOND:
        records.append((b"mtime", extended.rendered_time(member.mtime_ns)))
    if member.xattrs:
        records.extend(extended.attribute(name, member.xattrs[name]) for name in sorted(member.xattrs))


def _block(member: Member, kind: bytes, size: int, prefix: bytes, name: bytes) -> bytes:
    """A header block of a member, with its checksum."""
    fields = (
        name,
        b"%07o\0" % member.mode,
        b"%07o\0" % (member.uid if member.uid <= _ID_MAX else _NOBODY),
        b"%07o\0" % (member.gid if member.gid <= _ID_MAX else _NOBODY),
        b"%011o\0" % (size if size <= _OCTAL_11_MAX else 0),
        b"%011o\0" % min(max(member.mtime_ns // _SECOND, 0), _OCTAL_11_MAX),
        blocks.NO_CHECKSUM,
        kind,
        member.target[:_NAME_MAX],
        blocks.USTAR,
        b"",
        b"",
        *_device(member.device),
        prefix,
        b"",
    )
    return blocks.sealed(blocks.FIELDS.pack(*fields))


def _device(number: int) -> tuple[bytes, bytes]:
    return (b"%07o\0" % os.major(number), b"%07o\0" % os.minor(number)) if number else _NO_DEVICE


_NO_DEVICE: Final = (b"%07o\0" % 0, b"%07o\0" % 0)


def _extended_header(records: Records) -> bytes:
    """An extended header in whole blocks. What is no UTF-8 in a name has to be announced, as POSIX would have it."""
    if not all(_is_utf8(value) for key, value in records if key in extended.NAMES):
        records = [(b"hdrcharset", b"BINARY"), *records]
    body = extended.render(records)
    return _extended_block(len(body)) + body + bytes(padding(len(body)))


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


@functools.lru_cache(maxsize=256)
def _extended_block(size: int) -> bytes:
    """The same for every extended header of this size: most say a time, and nothing else."""
    return _block(Member(path=b"", kind=stat.S_IFREG), blocks.EXTENDED, size, b"", _EXTENDED_NAME)

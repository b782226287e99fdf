"""Archives put together block by block, as no well-behaved program writes them; and what is in one, read at once."""

import io
import struct
from typing import Any, NamedTuple

from engine.archive.limits import Limits
from engine.archive.member import Member
from engine.archive.reader import Reader

BLOCK = 512
END = bytes(2 * BLOCK)
USTAR, GNU, V7 = b"ustar\x0000", b"ustar  \0", bytes(8)


class Read(NamedTuple):
    """A member with its content, holes filled with zeros."""

    member: Member
    content: bytes


def read(archive: bytes, limits: Limits | None = None) -> list[Read]:
    """All members of an archive."""
    reader = Reader(io.BytesIO(archive), limits or Limits())
    return [Read(member, filled(member, reader)) for member in reader]


def filled(member: Member, reader: Reader) -> bytes:
    """The content of the member at hand, with its holes."""
    content = bytearray(member.size)
    for offset, data in reader.content():
        content[offset : offset + len(data)] = data
    return bytes(content)


def only(archive: bytes) -> Member:
    """The one member of an archive."""
    [(member, _content)] = read(archive)
    return member


def header(name: bytes = b"x", kind: bytes = b"0", **fields: Any) -> bytes:
    """One header block; numbers are written in octal, bytes go into their field as they are."""
    values = {"mode": 0o644, "uid": 0, "gid": 0, "size": 0, "mtime": 0, "target": b"", "magic": USTAR}
    values |= {"uname": b"", "gname": b"", "major": 0, "minor": 0, "prefix": b"", "rest": b""} | fields
    digits = {"mode": 7, "uid": 7, "gid": 7, "size": 11, "mtime": 11, "major": 7, "minor": 7}
    for field, count in digits.items():
        if isinstance(values[field], int):
            values[field] = b"%0*o\0" % (count, values[field])
    block = struct.pack(
        "100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12s",
        name,
        *(values[field] for field in ("mode", "uid", "gid", "size", "mtime")),
        b" " * 8,
        kind,
        *(values[field] for field in ("target", "magic", "uname", "gname", "major", "minor", "prefix", "rest")),
    )
    return sealed(block)


def sealed(block: bytes, *, signed: bool = False) -> bytes:
    """A header with its checksum, over unsigned or, as some old programs have it, over signed bytes."""
    block = block[:148] + b" " * 8 + block[156:]
    total = sum(byte - 256 * (signed and byte >= 128) for byte in block)
    return block[:148] + b"%06o\0 " % total + block[156:]


def padded(content: bytes) -> bytes:
    """A content in whole blocks."""
    return content + bytes(-len(content) % BLOCK)


def extended(body: bytes, kind: bytes = b"x") -> bytes:
    """An extended header: pax's, or a long name of GNU's."""
    return header(b"extended", kind, size=len(body)) + padded(body)


def record(key: bytes, value: bytes) -> bytes:
    """One record of a pax header."""
    length = len(key) + len(value) + 3
    while len(b"%d" % length) + len(key) + len(value) + 3 != length:
        length = len(b"%d" % length) + len(key) + len(value) + 3
    return b"%d %s=%s\n" % (length, key, value)


def pax(**values: bytes) -> bytes:
    """A pax header of plain records."""
    return extended(b"".join(record(key.encode(), value) for key, value in values.items()))

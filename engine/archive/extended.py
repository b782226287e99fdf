"""pax's extended headers: lines of `LENGTH KEY=VALUE`, which say what does not fit into a header's fields.

Source: pax(1), "pax Extended Header"; GNU tar manual, "Storing Sparse Files"; star(5) for SCHILY; libarchive's tar(5).
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from engine.archive.refusals import damaged, quoted

XATTR: Final = b"SCHILY.xattr."
"""The value as it is."""
XATTR_CODED: Final = b"LIBARCHIVE.xattr."
"""The name coded as in a URL, the value in base 64."""
XATTR_NAME_MAX: Final = 255
"""Source: xattr(7)."""

SPARSE: Final = b"GNU.sparse."
SPARSE_MAP: Final = b"GNU.sparse.map"
_SPARSE_PIECE: Final = frozenset({b"GNU.sparse.offset", b"GNU.sparse.numbytes"})
"""Repeated for each piece in version 0.0; all else that is repeated replaces what was there."""

_NEWLINE: Final = ord("\n")
_LENGTH_DIGITS_MAX: Final = 10
_OF_ONE_FILE: Final = (b"path", b"linkpath", b"size", SPARSE)
NAMES: Final = frozenset({b"path", b"linkpath", b"GNU.sparse.name"})
"""Whose values are names of files."""
_TIME: Final = re.compile(rb"(-?)([0-9]{1,19})(?:\.([0-9]*))?")
_SECONDS_MAX: Final = (1 << 63) - 1


def parse(body: bytes) -> dict[bytes, bytes]:
    """The records of an extended header; those of GNU's sparse map 0.0 joined as in 0.1. Raises InvalidInput."""
    records: dict[bytes, bytes] = {}
    pieces: list[bytes] = []
    at = 0
    while at < len(body):
        key, value, at = _record(body, at)
        if key in _SPARSE_PIECE:
            pieces.append(value)
        else:
            records[key] = value
    if pieces:
        records.setdefault(SPARSE_MAP, b",".join(pieces))
    return records


def check_global(records: Mapping[bytes, bytes]) -> None:
    """Refuse a header for the whole archive that gives every file one name or one size."""
    for key in records:
        if key.startswith(_OF_ONE_FILE):
            raise damaged(f"a header for all its members has {quoted(key)}")


def _record(body: bytes, at: int) -> tuple[bytes, bytes, int]:
    """Key and value of the record at `at`, and where the next one starts."""
    space = body.find(b" ", at, at + _LENGTH_DIGITS_MAX + 1)
    digits = body[at:space] if space > 0 else b""
    end = at + int(digits) if digits.isdigit() else 0
    equals = body.find(b"=", space, end)
    if not space < equals < end <= len(body) or body[end - 1] != _NEWLINE:
        raise damaged("an extended header has a record that is none")
    key, value = body[space + 1 : equals], body[equals + 1 : end - 1]
    if not key or b"\0" in key or (key in NAMES and b"\0" in value):
        raise damaged("an extended header has a name with a NUL, or none")
    return key, value, end


def time_ns(value: bytes) -> int:
    """Seconds with a fraction of any length, in nanoseconds. Raises InvalidInput."""
    match = _TIME.fullmatch(value)
    if match is None:
        raise damaged("an extended header has a time that is none")
    sign, seconds, fraction = match.groups()
    if int(seconds) > _SECONDS_MAX:
        raise damaged("an extended header has a time beyond all times")
    ns = int(seconds) * 1_000_000_000 + int((fraction or b"0").ljust(9, b"0")[:9])
    return -ns if sign else ns


def decimal(value: bytes) -> int:
    """A number without a sign. Raises InvalidInput."""
    if not value.isdigit() or len(value) > 20:
        raise damaged("an extended header has a number that is none")
    return int(value)


def xattrs(records: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The extended attributes; where both spellings are there, the plain one is believed. Raises InvalidInput."""
    plain, coded = {}, {}
    for key, value in records.items():
        if key.startswith(XATTR):
            plain[_attribute_name(key[len(XATTR) :])] = value
        elif key.startswith(XATTR_CODED):
            coded[_attribute_name(unquote_to_bytes(key[len(XATTR_CODED) :]))] = _decoded(value)
    return {**coded, **plain} if coded else plain


def _attribute_name(name: bytes) -> bytes:
    if not 0 < len(name) <= XATTR_NAME_MAX or b"\0" in name:
        raise damaged("it has an extended attribute whose name is none")
    return name


def _decoded(value: bytes) -> bytes:
    try:
        return base64.b64decode(value.rstrip(b"=") + b"=" * (-len(value.rstrip(b"=")) % 4), validate=True)
    except binascii.Error:
        raise damaged("it has an extended attribute whose value is not base 64") from None


def attribute(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """The record for an extended attribute. A name with `=` in it has to be coded, since a key ends there."""
    if b"=" not in name:
        return XATTR + name, value
    return XATTR_CODED + quote_from_bytes(name, safe="").encode(), base64.b64encode(value).rstrip(b"=")


def render(records: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The body of an extended header."""
    return b"".join([_rendered(key, value) for key, value in records])


def _rendered(key: bytes, value: bytes) -> bytes:
    """The length counts its own digits."""
    rest = len(key) + len(value) + len(b" =\n")
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def rendered_time(ns: int) -> bytes:
    """Seconds with as much of a fraction as they have."""
    seconds, fraction = divmod(abs(ns), 1_000_000_000)
    text = b"%d.%09d" % (seconds, fraction)
    return b"-" * (ns < 0) + text.rstrip(b"0").rstrip(b".")

"""Reads an archive from a stream: old v7, ustar, GNU, star's and pax's, with sparse files and extended attributes.

Nothing is sought and nothing kept: memory is that of one member's headers and of one piece of content. What other
programs read differently is read as Go's archive/tar does, since that is what images meet elsewhere.

Source: pax(1), "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

import stat
from collections.abc import Iterator
from typing import Final

from engine.archive import blocks, extended, fields, sparse
from engine.archive.blocks import padding
from engine.archive.fields import Fields
from engine.archive.headers import Headers
from engine.archive.intake import Intake
from engine.archive.limits import BYTES_VARIABLE, Limits
from engine.archive.member import HARD_LINK, Member
from engine.archive.refusals import beyond, damaged, quoted, unsupported
from engine.archive.streams import PIECE
from engine.archive.streams import Source as Source  # part of what reading an archive takes

_DEFAULT: Final = Limits()
_LINKS: Final = frozenset({HARD_LINK, stat.S_IFLNK})


class Reader:
    """The members of one archive, in order, each with its content while it is at hand."""

    def __init__(self, source: Source, limits: Limits = _DEFAULT) -> None:
        self._intake = Intake(source, limits)
        self._headers = Headers(self._intake, limits)
        self._limits = limits
        self._number = 0
        """Of the member at hand."""
        self._content_bytes = 0
        """Of all files so far, holes counted."""
        self._left = 0
        """Bytes of the member at hand that have not been read."""
        self._padding = 0
        self._pieces: sparse.Pieces = ()
        self._ended = False

    def __iter__(self) -> Iterator[Member]:
        """Every member; content that was not asked for is passed over.

        Raises InvalidInput for damage, for an end within a member, for what is beyond the limits or unknown.
        """
        while not self._ended:
            self._finish_member()
            found = self._headers.next()
            if found is None:
                self._ended = True
                return
            yield self._member(found)

    def content(self) -> Iterator[tuple[int, bytes]]:
        """The content of the member at hand, once: (offset in the file, data), pieces of at most 1 MiB, no holes."""
        number, pieces, self._pieces = self._number, self._pieces, ()
        for offset, length in pieces:
            while length and number == self._number:
                data = self._intake.some(min(length, PIECE))
                self._left -= len(data)
                yield offset, data
                offset += len(data)
                length -= len(data)

    def drain(self) -> None:
        """Read to the very end of the source, so that a hash of it sees every byte."""
        self._ended = True
        self._number += 1
        self._pieces = ()
        self._intake.drain()

    def _finish_member(self) -> None:
        self._number += 1
        self._pieces = ()
        self._intake.skip(self._left)
        if self._padding:
            self._intake.skip_padding(self._padding)
        self._left = self._padding = 0

    def _member(self, found: Fields) -> Member:
        """The value of a header; from here on its content can be read."""
        fields.check(found)
        self._check_length(found.path, found.target)
        kind, path = _kind(found), _relative(found.path)
        _check_names(found, path, kind)
        size, data = 0, None
        if kind == stat.S_IFREG:
            path, size, data = self._content(found, path)
        return Member(
            path=path,
            kind=kind,
            mode=found.mode,
            uid=found.uid,
            gid=found.gid,
            mtime_ns=found.mtime_ns,
            size=size,
            target=found.target if kind in _LINKS else b"",
            device=found.device if found.major or found.minor else 0,
            xattrs=extended.xattrs(found.records) if found.records else {},
            data=data,
        )

    def _check_length(self, path: bytes, target: bytes) -> None:
        if max(len(path), len(target)) > self._limits.path_max:
            raise beyond(f"a path of more than {self._limits.path_max} bytes, or to such a one: {quoted(path)}")

    def _content(self, found: Fields, path: bytes) -> tuple[bytes, int, sparse.Pieces | None]:
        """Path, size and pieces of a file, whose content is next. Others have none, whatever size they claim."""
        self._left, self._padding = found.size, padding(found.size)
        shape = sparse.shape(found, self._intake, self._limits) if found.sparse or found.records else None
        if shape is None:
            self._pieces = ((0, found.size),)
            self._count(found.size)
            return path, found.size, None
        self._left, self._pieces = shape.stored, shape.pieces
        self._count(shape.size)
        return _relative(shape.name) or path, shape.size, shape.pieces

    def _count(self, size: int) -> None:
        self._content_bytes += size
        if self._content_bytes > self._limits.bytes_max:
            raise beyond(f"files of more than {self._limits.bytes_max} bytes", BYTES_VARIABLE)


def _kind(found: Fields) -> int:
    """By the type; before there was one for directories, they had a slash at their end."""
    kind = fields.KINDS.get(found.type)
    if kind is None:
        raise unsupported(f"{quoted(found.path)} of the unknown type {quoted(found.type)}")
    if found.type == blocks.OLD_FILE and found.path.endswith(b"/"):
        return stat.S_IFDIR
    return kind


def _check_names(found: Fields, path: bytes, kind: int) -> None:
    if not found.path or (not path and kind != stat.S_IFDIR):
        raise damaged("it has a member without a name")
    if kind in _LINKS and not found.target:
        raise damaged(f"the link {quoted(path)} leads nowhere")


def _relative(path: bytes) -> bytes:
    """A path without `./` before and `/` behind it; the root's is empty."""
    while path.startswith(b"./"):
        path = path[2:].lstrip(b"/")
    path = path.rstrip(b"/")
    return b"" if path == b"." else path

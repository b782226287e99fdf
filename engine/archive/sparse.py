"""Maps of sparse files: which pieces of a file an archive has, in GNU's four ways to say so.

    S          in the header itself, four pieces, and 21 more in each block behind it
    pax 0.0    a record for each offset and each length        (`extended` joins them to 0.1)
    pax 0.1    one record, `offset,length,offset,length`
    pax 1.0    lines at the start of the content: how many, and then offset and length each; filled to a block

Source: GNU tar manual, "Storing Sparse Files".
"""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from engine.archive import blocks, extended
from engine.archive.blocks import BLOCK, number, padding
from engine.archive.extended import decimal
from engine.archive.fields import Fields
from engine.archive.intake import Intake
from engine.archive.limits import Limits
from engine.archive.refusals import beyond, damaged, unsupported

Pieces = tuple[tuple[int, int], ...]
"""(offset, length) each, in order, without gaps of no bytes."""

_PIECE_BYTES: Final = 24
_FIRST: Final = slice(0, 96)
_FIRST_GOES_ON: Final = 96
_REAL_SIZE: Final = slice(97, 109)
"""Counted from where the map is in the header."""
_MORE: Final = slice(0, 504)
_MORE_GOES_ON: Final = 504
_PAIR: Final = struct.Struct("12s12s")
_LINE_MAX: Final = 21
"""Digits of a 64 bit number, and the newline."""


class Shape(NamedTuple):
    """What a sparse file looks like."""

    name: bytes
    """Its own, where the header has another; else empty."""
    size: int
    """With its holes."""
    pieces: Pieces
    stored: int
    """Bytes of content that are still to be read."""


def shape(found: Fields, intake: Intake, limits: Limits) -> Shape | None:
    """The shape of a file that is sparse, whose map is read; None for any other. Raises InvalidInput."""
    if found.type == blocks.SPARSE:
        return _of_header(found, intake, limits)
    if not any(key.startswith(extended.SPARSE) for key in found.records):
        return None
    major, minor = (found.records.get(extended.SPARSE + name, b"0") for name in (b"major", b"minor"))
    if (major, minor) == (b"1", b"0"):
        pieces, taken = _of_content(intake, limits, found.size)
    elif major == b"0" and minor in {b"0", b"1"}:
        pieces, taken = _of_record(found.records.get(extended.SPARSE_MAP, b""), limits), 0
    else:
        raise unsupported("a sparse file of an unknown version")
    size = decimal(found.records.get(_SIZE_1) or found.records.get(_SIZE_0) or b"")
    stored = found.size - taken
    return Shape(found.records.get(_NAME, b""), size, _checked(pieces, size, stored), stored)


_NAME: Final = b"GNU.sparse.name"
_SIZE_0: Final = b"GNU.sparse.size"
_SIZE_1: Final = b"GNU.sparse.realsize"


def _of_header(found: Fields, intake: Intake, limits: Limits) -> Shape:
    """The shape of a member of type S, whose further blocks are read."""
    pieces = _pairs(found.sparse[_FIRST])
    goes_on = found.sparse[_FIRST_GOES_ON]
    while goes_on:
        block = intake.exactly(BLOCK)
        pieces += _pairs(block[_MORE])
        _check_count(len(pieces), limits)
        goes_on = block[_MORE_GOES_ON]
    size = number(found.sparse[_REAL_SIZE])
    return Shape(b"", size, _checked(pieces, size, found.size), found.size)


def _pairs(field: bytes) -> list[tuple[int, int]]:
    """Pieces up to the first that is not set."""
    pieces = []
    for offset, length in _PAIR.iter_unpack(field):
        if not (offset[0] and length[0]):
            break
        pieces.append((number(offset), number(length)))
    return pieces


def _of_record(value: bytes, limits: Limits) -> list[tuple[int, int]]:
    """The map of version 0.1."""
    _check_count(value.count(b",") // 2, limits)
    numbers = [decimal(word) for word in value.split(b",")] if value else []
    return _paired(numbers)


def _of_content(intake: Intake, limits: Limits, stored: int) -> tuple[list[tuple[int, int]], int]:
    """The map of version 1.0, and how many bytes of the content it took of the `stored` ones."""
    lines = _Lines(intake, stored)
    count = lines.number()
    _check_count(count, limits)
    numbers = [lines.number() for _ in range(2 * count)]
    return _paired(numbers), lines.taken


class _Lines:
    """Numbers, a line each, out of whole blocks."""

    def __init__(self, intake: Intake, stored: int) -> None:
        self._intake = intake
        self._stored = stored
        self._block = b""
        self._at = 0
        self.taken = 0

    def number(self) -> int:
        end = self._block.find(b"\n", self._at)
        while end < 0:
            if len(self._block) - self._at > _LINE_MAX or self.taken >= self._stored:
                raise damaged("the map of a sparse file has a line that is no number")
            self._block = self._block[self._at :] + self._intake.exactly(BLOCK)
            self._at = 0
            self.taken += BLOCK
            end = self._block.find(b"\n")
        line = self._block[self._at : end]
        self._at = end + 1
        return decimal(line)


def _paired(numbers: list[int]) -> list[tuple[int, int]]:
    if len(numbers) % 2:
        raise damaged("the map of a sparse file has an offset without a length")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _check_count(count: int, limits: Limits) -> None:
    if count > limits.pieces_max:
        raise beyond(f"a sparse file of more than {limits.pieces_max} pieces")


def _checked(pieces: Iterable[tuple[int, int]], size: int, stored: int) -> Pieces:
    """The pieces that have bytes. Raises InvalidInput unless they are in order, within `size`, `stored` in all."""
    end = total = 0
    kept = []
    for offset, length in pieces:
        if offset < end or length < 0:
            raise damaged("the map of a sparse file is not in order")
        end = offset + length
        total += length
        if length:
            kept.append((offset, length))
    if end > size or total != stored:
        raise damaged("the map of a sparse file does not fit its size")
    return tuple(kept)


def rendered(pieces: Pieces, size: int) -> bytes:
    """The map of version 1.0, in whole blocks. A hole at the end is told by a piece of no bytes, as GNU tar does."""
    if not pieces or sum(pieces[-1]) < size:
        pieces = (*pieces, (size, 0))
    text = b"%d\n" % len(pieces) + b"".join([b"%d\n%d\n" % piece for piece in pieces])
    return text + bytes(padding(len(text)))


def records(name: bytes, size: int) -> list[tuple[bytes, bytes]]:
    """What an extended header says of a sparse file of version 1.0."""
    return [
        (b"GNU.sparse.major", b"1"),
        (b"GNU.sparse.minor", b"0"),
        (_NAME, name),
        (_SIZE_1, b"%d" % size),
    ]

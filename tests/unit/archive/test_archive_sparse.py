"""Sparse files, in GNU's four ways to write them."""

import pytest
from support.tar_blocks import END, GNU, extended, header, padded, pax, read, record, sealed

from engine.archive.limits import Limits
from engine.errors import InvalidInput

SIZE = 3000
PIECES = ((0, 5), (1000, 600), (2999, 1))
STORED = b"a" * 5 + b"b" * 600 + b"c"
CONTENT = b"a" * 5 + bytes(995) + b"b" * 600 + bytes(1399) + b"c"


def old(pieces: tuple[tuple[int, int], ...], size: int, stored: bytes) -> bytes:
    """A member of type S: four pieces in its header, the others in blocks of 21."""
    pairs = [b"%011o\0%011o\0" % piece for piece in pieces]
    block = header(b"x", b"S", size=len(stored), magic=GNU)
    first = b"".join(pairs[:4]).ljust(96, b"\0") + bytes([len(pairs) > 4])
    return sealed(block[:386] + first + b"%011o\0" % size + block[495:]) + more(pairs[4:]) + padded(stored)


def more(pairs: list[bytes]) -> bytes:
    """The blocks behind the header, each of which says whether another one follows."""
    blocks = [pairs[at : at + 21] for at in range(0, len(pairs), 21)]
    marks = [bytes([block is not blocks[-1]]) for block in blocks]
    return b"".join(padded(b"".join(block).ljust(504, b"\0") + mark) for block, mark in zip(blocks, marks, strict=True))


def version_0_0(pieces: tuple[tuple[int, int], ...], size: int, stored: bytes) -> bytes:
    body = record(b"GNU.sparse.size", b"%d" % size) + record(b"GNU.sparse.numblocks", b"%d" % len(pieces))
    for offset, length in pieces:
        body += record(b"GNU.sparse.offset", b"%d" % offset) + record(b"GNU.sparse.numbytes", b"%d" % length)
    return extended(body) + header(b"x", size=len(stored)) + padded(stored)


def version_0_1(pieces: tuple[tuple[int, int], ...], size: int, stored: bytes) -> bytes:
    numbers = ",".join(str(number) for piece in pieces for number in piece).encode()
    body = record(b"GNU.sparse.size", b"%d" % size) + record(b"GNU.sparse.map", numbers)
    body += record(b"GNU.sparse.name", b"x")
    return extended(body) + header(b"GNUSparseFile.1/x", size=len(stored)) + padded(stored)


def version_1_0(pieces: tuple[tuple[int, int], ...], size: int, stored: bytes) -> bytes:
    lines = padded("".join(f"{number}\n" for number in (len(pieces), *(n for piece in pieces for n in piece))).encode())
    body = record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0") + record(b"GNU.sparse.name", b"x")
    body += record(b"GNU.sparse.realsize", b"%d" % size)
    return extended(body) + header(b"GNUSparseFile.1/x", size=len(lines) + len(stored)) + lines + padded(stored)


FORMS = pytest.mark.parametrize("form", [old, version_0_0, version_0_1, version_1_0])


@FORMS
def test_a_sparse_file_is_read_with_its_holes(form) -> None:
    first, second = read(form(PIECES, SIZE, STORED) + header(b"y") + END)
    assert (first.member.path, first.member.size, first.member.data) == (b"x", SIZE, PIECES)
    assert first.content == CONTENT
    assert second.member.path == b"y"


@FORMS
def test_many_pieces_and_one_of_no_bytes_at_the_end_are_read(form) -> None:
    pieces = (*((number * 10, 1) for number in range(100)), (5000, 0))
    [(member, content)] = read(form(pieces, 5000, b"z" * 100) + END)
    assert member.data == pieces[:-1]
    assert content == (b"z" + bytes(9)) * 100 + bytes(4000)


@FORMS
def test_a_file_may_be_one_hole(form) -> None:
    [(member, content)] = read(form(((700, 0),), 700, b"") + END)
    assert (member.size, member.data, content) == (700, (), bytes(700))


@FORMS
@pytest.mark.parametrize(
    ("pieces", "size", "stored"),
    [
        (((10, 5), (0, 5)), 100, b"x" * 10),
        (((0, 10), (5, 10)), 100, b"x" * 20),
        (((0, 10),), 9, b"x" * 10),
        (((200, 0),), 100, b""),
        (((0, 5),), 100, b"x" * 10),
        (((0, 10),), 100, b"x" * 5),
    ],
)
def test_a_map_that_does_not_fit_is_refused(form, pieces, size: int, stored: bytes) -> None:
    with pytest.raises(InvalidInput, match="the map of a sparse file"):
        read(form(pieces, size, stored) + END)


@FORMS
def test_a_giant_map_is_refused(form) -> None:
    pieces = tuple((number * 2, 1) for number in range(50))
    with pytest.raises(InvalidInput, match=r"a sparse file of more than 40 pieces|headers have more than"):
        read(form(pieces, 100, b"z" * 50) + END, Limits(pieces_max=40))


@FORMS
def test_holes_count_among_the_bytes_of_files(form) -> None:
    with pytest.raises(InvalidInput, match="files of more than"):
        read(form(((0, 1),), 1 << 32, b"x") + END, Limits(bytes_max=1 << 31))


@pytest.mark.parametrize(
    "body",
    [
        {"GNU.sparse.major": b"2", "GNU.sparse.minor": b"0"},
        {"GNU.sparse.major": b"1", "GNU.sparse.minor": b"1"},
    ],
)
def test_another_version_is_refused(body: dict[str, bytes]) -> None:
    with pytest.raises(InvalidInput, match="unknown version"):
        read(pax(**body) + header() + END)


@pytest.mark.parametrize("value", [b"1,2,3", b"1,,", b"-1,5", b"0,x", b","])
def test_a_map_that_is_none_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidInput, match="the archive is damaged"):
        read(pax(**{"GNU.sparse.map": value, "GNU.sparse.size": b"9"}) + header() + END)


@pytest.mark.parametrize("lines", [b"", b"1\n0\n", b"x\n", b"\n", b"9" * 600, b"1\n0\n5\n" + b"7" * 30])
def test_lines_that_are_no_map_are_refused(lines: bytes) -> None:
    records = {"GNU.sparse.major": b"1", "GNU.sparse.minor": b"0", "GNU.sparse.realsize": b"9"}
    with pytest.raises(InvalidInput, match="the archive is damaged"):
        read(pax(**records) + header(size=len(padded(lines))) + padded(lines) + END)


def test_a_size_that_is_missing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="the archive is damaged"):
        read(pax(**{"GNU.sparse.map": b"0,0"}) + header() + END)

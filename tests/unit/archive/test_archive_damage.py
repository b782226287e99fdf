"""An archive that is damaged, cut, or lies about itself is refused in words, and nothing else comes out of it."""

import pytest
from support.tar_blocks import BLOCK, END, V7, extended, header, padded, pax, read, record

from engine.archive.limits import Limits
from engine.errors import InvalidInput

WHOLE = pax(path=b"first", mtime=b"1.5") + header(b"x", size=700) + padded(b"x" * 700) + header(b"second") + END


@pytest.mark.parametrize("end", [0, BLOCK, 2 * BLOCK, 10_240])
def test_an_archive_may_end_without_all_of_its_end(end: int) -> None:
    assert [member.path for member, _ in read(header(b"x") + bytes(end))] == [b"x"]


def test_an_empty_source_is_an_archive_without_members() -> None:
    assert read(b"") == []


def test_an_archive_that_is_cut_anywhere_within_a_member_is_refused() -> None:
    last = WHOLE.index(b"second")
    wholes = {0, BLOCK, *range(3 * BLOCK + 700, last + 1), last + BLOCK}
    for cut in range(0, last + BLOCK, 50):
        if cut in wholes:
            continue
        with pytest.raises(InvalidInput, match="the archive is damaged"):
            read(WHOLE[:cut])


def test_padding_may_be_missing_at_the_end_as_other_programs_allow() -> None:
    assert [content for _, content in read(header(b"x", size=3) + b"abc")] == [b"abc"]


def test_a_byte_that_has_changed_in_a_header_is_found() -> None:
    behind_the_checksum = 155
    for position in set(range(BLOCK)) - {behind_the_checksum}:
        damaged = bytearray(header(b"x", mtime=1) + END)
        damaged[position] ^= 0x40
        with pytest.raises(InvalidInput):
            read(bytes(damaged))


def test_something_behind_a_single_block_of_zeros_is_refused() -> None:
    with pytest.raises(InvalidInput, match="behind its end"):
        read(header(b"x") + bytes(BLOCK) + header(b"y") + END)


def test_what_follows_the_end_is_no_member() -> None:
    assert [member.path for member, _ in read(header(b"x") + END + header(b"y"))] == [b"x"]


@pytest.mark.parametrize(
    "archive",
    [
        header(size=b"\xff" * 12),
        header(size=b"12x45678901\0"),
        header(size=b"0o17\0\0\0\0\0\0\0\0"),
        header(size=b"1_0\0\0\0\0\0\0\0\0\0"),
        header(size=b"-1\0\0\0\0\0\0\0\0\0\0"),
        header(size=b"999\0\0\0\0\0\0\0\0\0"),
        header(uid=b"\xff" * 8),
        header(uid=b"\x80\0\0\0\xff\xff\xff\xff"),
        header(mtime=b"\x80" + b"\xff" * 11),
        header(b"x", b"3", major=4096),
        header(b"x", b"4", minor=1 << 20),
        header(b"", b"0"),
        header(b"./", b"0"),
        header(b"x", b"2"),
        header(b"x", b"1"),
        pax(uid=b"-1") + header(),
        pax(uid=b"4294967295") + header(),
        pax(uid=b"1.5") + header(),
        pax(size=b"-5") + header(),
        pax(size=b"9" * 30) + header(),
        pax(mtime=b"1e9") + header(),
        pax(mtime=b"9" * 19) + header(),
        pax(mtime=b"nan") + header(),
        pax(path=b"a\0b") + header(),
        pax(linkpath=b"a\0b") + header(b"x", b"2", target=b"t"),
        extended(b"6 a=\n") + header(),
        extended(b"6 a=b\n7 a=b\n") + header(),
        extended(b"6 a=bX") + header(),
        extended(b"4 =\n") + header(),
        extended(b"a=b\n") + header(),
        extended(b"0 a=b\n") + header(),
        extended(b"+6 a=b\n") + header(),
        extended(b"99999999999999 a=b\n") + header(),
        extended(record(b"a\0", b"b")) + header(),
        extended(record(b"SCHILY.xattr.", b"v")) + header(),
        extended(record(b"SCHILY.xattr.user." + b"n" * 251, b"v")) + header(),
        extended(record(b"LIBARCHIVE.xattr.user.%00", b"AAAA")) + header(),
        extended(record(b"LIBARCHIVE.xattr.user.x", b"!!!")) + header(),
        extended(record(b"path", b"all"), b"g") + header(),
        extended(record(b"size", b"1"), b"g") + header(),
        extended(record(b"GNU.sparse.size", b"1"), b"g") + header(),
        pax(path=b"alone"),
        extended(b"alone\0", b"L"),
        header(b"x", b"L", size=b"\xff" * 12),
    ],
)
def test_what_cannot_be_is_refused(archive: bytes) -> None:
    with pytest.raises(InvalidInput, match="the archive is damaged"):
        read(archive + END)


@pytest.mark.parametrize("kind", [b"D", b"M", b"N", b"A", b"Z", b"8", b"\xff", b"\x1b"])
def test_an_unknown_type_is_refused_by_its_name_and_without_its_escapes(kind: bytes) -> None:
    with pytest.raises(InvalidInput, match="unknown type") as caught:
        read(header(b"a\x1b[2Jb", kind) + END)
    assert caught.value.message.isprintable()
    assert "x1b[2Jb" in caught.value.message


def test_a_sparse_file_in_another_programs_header_is_refused() -> None:
    with pytest.raises(InvalidInput, match="in a form of old"):
        read(header(b"x", b"S", magic=V7) + END)


@pytest.mark.parametrize(
    ("archive", "limits", "words"),
    [
        (header() + header() + header(), Limits(entries_max=2), "more than 2 entries.*"),
        ((pax(uid=b"1") + header()) * 3, Limits(entries_max=2), "more than 2 entries"),
        (extended(b"", b"V") * 3000, Limits(), "headers have more than 1048576 bytes"),
        (header(size=3 << 20) + bytes(3 << 20), Limits(bytes_max=2 << 20), "bytes"),
        (header(size=1 << 31), Limits(bytes_max=1 << 30), "files of more than 1073741824 bytes"),
        (header(b"x", b"x", size=2 << 20), Limits(), "headers have more than 1048576 bytes"),
        (extended(bytes(600 << 10), b"L") * 2 + header(), Limits(), "headers have more than 1048576 bytes"),
        (header(b"x", b"L", size=1 << 33), Limits(), "headers have more than 1048576 bytes"),
        (extended(b"n" * 5000, b"L") + header(), Limits(), "a path of more than 4096 bytes"),
        (extended(b"n" * 5000, b"K") + header(b"x", b"2", target=b"t"), Limits(), "a path of more than 4096 bytes"),
    ],
)
def test_what_is_beyond_the_limits_is_refused(archive: bytes, limits: Limits, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(archive + END, limits)


def test_headers_for_all_members_cannot_pile_up() -> None:
    archive = b"".join(extended(record(b"key%d" % number, bytes(500_000)), b"g") + header() for number in range(3))
    with pytest.raises(InvalidInput, match="headers for all its members"):
        read(archive + END)

"""Headers of every dialect are read for what they say: old v7, ustar, GNU's, star's, pax's."""

import os
import stat

import pytest
from support import tar_blocks
from support.tar_blocks import END, GNU, V7, extended, header, only, padded, pax, read, record

from engine.archive.member import HARD_LINK


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (b"0", stat.S_IFREG),
        (b"\0", stat.S_IFREG),
        (b"7", stat.S_IFREG),
        (b"1", HARD_LINK),
        (b"2", stat.S_IFLNK),
        (b"3", stat.S_IFCHR),
        (b"4", stat.S_IFBLK),
        (b"5", stat.S_IFDIR),
        (b"6", stat.S_IFIFO),
    ],
)
def test_every_type_has_its_kind(kind: bytes, expected: int) -> None:
    assert only(header(b"x", kind, target=b"t") + END).kind == expected


def test_an_old_directory_is_told_by_the_slash_behind_its_name() -> None:
    member = only(header(b"folder/", b"\0", magic=V7) + END)
    assert (member.kind, member.path) == (stat.S_IFDIR, b"folder")


def test_devices_have_their_numbers_and_others_none() -> None:
    assert only(header(b"x", b"3", major=5, minor=0xFFFFF) + END).device == os.makedev(5, 0xFFFFF)
    assert only(header(b"x", b"0", major=5, minor=1) + END).device == 0


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"./", b""),
        (b".", b""),
        (b"/", b""),
        (b"./a/b/", b"a/b"),
        (b"././/a", b"a"),
        (b"/etc/passwd", b"/etc/passwd"),
        (b"../x", b"../x"),
        (b"a/../b", b"a/../b"),
        (b".hidden", b".hidden"),
        (b"..", b".."),
        (b"\xff\xfe", b"\xff\xfe"),
    ],
)
def test_only_what_stands_before_and_behind_is_taken_from_a_path(name: bytes, path: bytes) -> None:
    assert only(header(name, b"5") + END).path == path


def test_a_name_may_fill_its_field() -> None:
    member = only(header(b"n" * 100, b"2", target=b"t" * 100, prefix=b"p" * 155) + END)
    assert member.path == b"p" * 155 + b"/" + b"n" * 100
    assert member.target == b"t" * 100


def test_what_stands_in_the_place_of_the_prefix_is_none_in_gnus_and_old_headers() -> None:
    assert only(header(b"x", prefix=b"12345", magic=GNU) + END).path == b"x"
    assert only(header(b"x", prefix=b"12345", magic=V7) + END).path == b"x"


def test_the_prefix_of_a_header_of_stars_is_shorter() -> None:
    block = header(b"x", prefix=b"p" * 131 + b"14524770437 14524770437 ", rest=bytes(8) + b"tar\0")
    assert only(block + END).path == b"p" * 131 + b"/x"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"0000644\0", 0o644),
        (b"    644 ", 0o644),
        (b"644\0\0\0\0\0", 0o644),
        (b"00000644", 0o644),
        (b"644 \0xyz", 0o644),
        (bytes(8), 0),
        (b"        ", 0),
        (b"\x80" + (1 << 32).to_bytes(7, "big"), 1 << 32),
    ],
)
def test_numbers_are_read_however_they_are_filled_up(field: bytes, value: int) -> None:
    if value > 0xFFFFFFFF:
        assert read(header(mtime=b"\x80" + value.to_bytes(11, "big")) + END)[0].member.mtime_ns == value * 10**9
    else:
        assert only(header(uid=field) + END).uid == value


def test_base_256_numbers_have_a_sign() -> None:
    assert only(header(mtime=(-5).to_bytes(12, "big", signed=True)) + END).mtime_ns == -5 * 10**9


def test_a_checksum_over_signed_bytes_is_right_too() -> None:
    block = tar_blocks.sealed(header(b"\xe4\xf6\xfc"), signed=True)
    assert only(block + END).path == b"\xe4\xf6\xfc"


def test_long_names_of_gnus_are_those_of_the_next_member_only() -> None:
    archive = (
        extended(b"n" * 300 + b"\0", b"L") + extended(b"t" * 300 + b"\0", b"K") + header(b"nnn", b"2", target=b"t")
    )
    first, second = (member for member, _ in read(archive + header(b"y") + END))
    assert (first.path, first.target) == (b"n" * 300, b"t" * 300)
    assert second.path == b"y"


def test_a_pax_header_says_what_the_fields_cannot() -> None:
    records = pax(
        path=b"p" * 300, linkpath=b"l" * 300, uid=b"4000000000", gid=b"4000000001", mtime=b"1700000000.123456789"
    )
    member = only(records + header(b"x", b"2", target=b"y", uid=1, gid=1, mtime=5) + END)
    assert (member.path, member.target) == (b"p" * 300, b"l" * 300)
    assert (member.uid, member.gid, member.mtime_ns) == (4_000_000_000, 4_000_000_001, 1_700_000_000_123_456_789)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        (b"1", 10**9),
        (b"1.", 10**9),
        (b"1.5", 1_500_000_000),
        (b"-1.5", -1_500_000_000),
        (b"-0.000000001", -1),
        (b"0.1234567899", 123_456_789),
    ],
)
def test_times_have_fractions_of_any_length(text: bytes, ns: int) -> None:
    assert only(pax(mtime=text) + header() + END).mtime_ns == ns


def test_a_size_in_a_pax_header_counts_and_not_the_field() -> None:
    archive = pax(size=b"3") + header(b"x", size=0) + padded(b"abc") + header(b"y") + END
    assert [(member.path, content) for member, content in read(archive)] == [(b"x", b"abc"), (b"y", b"")]


def test_a_header_for_all_members_holds_until_another_takes_it_back() -> None:
    archive = extended(record(b"uid", b"7"), b"g") + header(b"a") + pax(uid=b"8") + header(b"b") + header(b"c")
    archive += extended(record(b"uid", b""), b"g") + header(b"d", uid=9) + END
    assert [member.uid for member, _ in read(archive)] == [7, 8, 7, 9]


def test_an_empty_value_leaves_the_field_as_it_is() -> None:
    assert only(pax(path=b"", mtime=b"") + header(b"x", mtime=3) + END).path == b"x"


def test_extended_attributes_are_bytes_in_either_spelling() -> None:
    body = record(b"SCHILY.xattr.user.a", b"\0\n=\xff") + record(b"LIBARCHIVE.xattr.user.b%3D%25", b"AQI")
    body += record(b"LIBARCHIVE.xattr.user.a", b"AAAA") + record(b"SCHILY.xattr.security.capability", b"")
    member = only(extended(body) + header() + END)
    assert member.xattrs == {b"user.a": b"\0\n=\xff", b"user.b=%": b"\x01\x02", b"security.capability": b""}


def test_device_numbers_may_come_from_a_pax_header() -> None:
    body = record(b"SCHILY.devmajor", b"8") + record(b"SCHILY.devminor", b"300000")
    assert only(extended(body) + header(b"x", b"4") + END).device == os.makedev(8, 300_000)


def test_the_name_of_a_volume_is_no_member() -> None:
    assert [member.path for member, _ in read(header(b"backup", b"V", magic=GNU) + header(b"x") + END)] == [b"x"]
    assert read(header(b"backup", b"V", magic=GNU) + END) == []


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"5", b"6"])
def test_what_is_no_file_has_no_content_whatever_size_it_claims(kind: bytes) -> None:
    archive = header(b"x", kind, size=4096, target=b"t") + header(b"y") + END
    assert [(member.path, member.size) for member, _ in read(archive)] == [(b"x", 0), (b"y", 0)]

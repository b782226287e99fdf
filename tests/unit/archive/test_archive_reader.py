"""A reader goes through its source once: content is there while its member is at hand, the rest is passed over."""

import io
import itertools

from support.tar_blocks import END, header, padded

from engine.archive.hashing import HashingSource
from engine.archive.reader import Reader

SIZE = (3 << 20) + 5
CONTENT = bytes(range(256)) * (SIZE // 256 + 1)
ARCHIVE = b"".join(header(name, size=SIZE) + padded(CONTENT[:SIZE]) for name in (b"a", b"b", b"c")) + END + b"behind"


def test_content_that_nobody_wants_is_passed_over() -> None:
    assert [member.path for member in Reader(io.BytesIO(ARCHIVE))] == [b"a", b"b", b"c"]


def test_content_comes_in_pieces_of_a_mebibyte_at_most() -> None:
    reader = Reader(io.BytesIO(ARCHIVE))
    for _member in reader:
        pieces = list(reader.content())
        assert b"".join(data for _, data in pieces) == CONTENT[:SIZE]
        assert all(len(data) <= 1 << 20 for _, data in pieces)
        ends = list(itertools.accumulate(len(data) for _, data in pieces))
        assert [offset for offset, _ in pieces] == [0, *ends[:-1]]


def test_content_may_be_left_in_its_middle() -> None:
    reader = Reader(io.BytesIO(ARCHIVE))
    firsts = [next(reader.content()) for _member in reader]
    assert len(firsts) == 3
    assert all(offset == 0 and CONTENT.startswith(data) for offset, data in firsts)


def test_content_is_given_once() -> None:
    reader = Reader(io.BytesIO(ARCHIVE))
    next(iter(reader))
    assert sum(len(data) for _, data in reader.content()) == SIZE
    assert list(reader.content()) == []


def test_the_content_of_an_earlier_member_has_ended() -> None:
    reader = Reader(io.BytesIO(ARCHIVE))
    members = iter(reader)
    next(members)
    content = reader.content()
    next(content)
    next(members)
    assert list(content) == []
    assert b"".join(data for _, data in reader.content()) == CONTENT[:SIZE]


def test_reading_may_be_left_and_gone_on_with() -> None:
    reader = Reader(io.BytesIO(ARCHIVE))
    assert next(iter(reader)).path == b"a"
    assert [member.path for member in reader] == [b"b", b"c"]
    assert list(reader) == []


def test_after_drain_a_hash_has_seen_every_byte_and_there_are_no_more_members() -> None:
    whole = HashingSource(io.BytesIO(ARCHIVE))
    while whole.read(1 << 20):
        pass
    for members in range(4):
        source = HashingSource(io.BytesIO(ARCHIVE))
        reader = Reader(source)
        for _, _member in zip(range(members), reader, strict=False):
            pass
        reader.drain()
        assert (source.digest, source.size) == (whole.digest, len(ARCHIVE))
        assert list(reader) == list(reader.content()) == []

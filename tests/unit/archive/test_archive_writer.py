"""What is written is read back equal, by us and by Python's own tarfile, and is the same each time."""

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from support.tar_blocks import read

from engine.archive.member import HARD_LINK, Member
from engine.archive.writer import Writer
from engine.errors import InvalidInput

FILE = stat.S_IFREG
names = st.lists(
    st.binary(min_size=1, max_size=120).filter(
        lambda name: not {0, ord("/")} & set(name) and name not in {b".", b".."}
    ),
    min_size=1,
    max_size=4,
).map(b"/".join)
attributes = st.dictionaries(
    st.sampled_from([b"user.a", b"user.b=c%", b"security.capability"]), st.binary(max_size=40), max_size=3
)
common = {
    "path": names,
    "mode": st.integers(0, 0o7777),
    "uid": st.integers(0, 0xFFFFFFFE),
    "gid": st.integers(0, 0xFFFFFFFE),
    "mtime_ns": st.integers(-(2**61), 2**63),
    "xattrs": attributes,
}
holes = st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 2000)), max_size=5)


@st.composite
def files(draw: st.DrawFn) -> tuple[Member, bytes]:
    """A file, sparse or not, and the content of its pieces."""
    values = {key: draw(strategy) for key, strategy in common.items()}
    if draw(st.booleans()):
        content = draw(st.binary(max_size=1500))
        return Member(kind=FILE, size=len(content), **values), content
    end, pieces = 0, []
    for gap, length in draw(holes):
        pieces.append((end + gap, length))
        end += gap + length
    content = os.urandom(sum(length for _, length in pieces))
    return Member(kind=FILE, size=end + draw(st.integers(0, 2000)), data=tuple(pieces), **values), content


def links(kind: int) -> st.SearchStrategy[tuple[Member, bytes]]:
    return st.builds(Member, kind=st.just(kind), target=names, **common).map(lambda member: (member, b""))


others = st.builds(
    Member,
    kind=st.sampled_from([stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR]),
    **common,
).map(lambda member: (member, b""))
members = st.lists(st.one_of(files(), links(HARD_LINK), links(stat.S_IFLNK), others), max_size=6)


def written(*members: tuple[Member, bytes]) -> bytes:
    output = io.BytesIO()
    writer = Writer(output)
    for member, content in members:
        writer.add(member, (content,))
    writer.close()
    return output.getvalue()


def _with_holes(member: Member, content: bytes) -> bytes:
    filled = bytearray(member.size)
    at = 0
    for offset, length in ((0, member.size),) if member.data is None else member.data:
        filled[offset : offset + length] = content[at : at + length]
        at += length
    return bytes(filled)


@given(members)
def test_any_members_are_read_back_as_they_were(members: list[tuple[Member, bytes]]) -> None:
    expected = [(member, _with_holes(member, content)) for member, content in members]
    assert [tuple(found) for found in read(written(*members))] == expected


@given(members)
def test_tarfile_reads_the_same(members: list[tuple[Member, bytes]]) -> None:
    with tarfile.open(fileobj=io.BytesIO(written(*members)), errors="surrogateescape") as archive:
        for member, content in members:
            found = archive.next()
            assert found is not None
            assert os.fsencode(found.name) == member.path
            assert (found.mode, found.uid, found.gid) == (member.mode, member.uid, member.gid)
            assert found.mtime == pytest.approx(member.mtime_ns / 1e9)
            assert os.fsencode(found.linkname) == member.target
            if member.kind == FILE:
                file = archive.extractfile(found)
                assert file is not None
                assert file.read() == _with_holes(member, content)
        assert archive.next() is None


@given(members)
def test_the_same_members_give_the_same_bytes(members: list[tuple[Member, bytes]]) -> None:
    turned = [
        (structs.replace(member, xattrs=dict(reversed(member.xattrs.items()))), content) for member, content in members
    ]
    assert written(*members) == written(*turned)


@pytest.mark.parametrize("length", [1, 99, 100, 101, 154, 155, 156, 254, 255, 256, 257, 3700])
@pytest.mark.parametrize("folder", [b"", b"d" * 99 + b"/", b"d" * 155 + b"/", b"d/" * 150])
def test_names_of_every_length_fit(length: int, folder: bytes) -> None:
    file = Member(path=folder + b"n" * length, kind=FILE)
    below = Member(path=folder + b"n" * length, kind=stat.S_IFDIR)
    assert [found.member for found in read(written((file, b""), (below, b"")))] == [file, below]


def test_the_root_is_a_member_like_others() -> None:
    root = Member(path=b"", kind=stat.S_IFDIR, mode=0o700, xattrs={b"user.x": b"1"})
    archive = written((root, b""))
    assert [found.member for found in read(archive)] == [root]
    with tarfile.open(fileobj=io.BytesIO(archive)) as other:
        assert other.getnames() == ["."]


def test_what_a_plain_header_can_say_takes_one_block() -> None:
    assert len(written((Member(path=b"x", kind=FILE, mtime_ns=5 * 10**9), b""))) == 3 * 512


def test_an_owner_beyond_the_fields_is_not_root_for_those_who_read_the_fields_only() -> None:
    archive = written((Member(path=b"x", kind=FILE, uid=0x70000000), b""))
    assert archive[1024 + 108 : 1024 + 116] == b"%07o\0" % 65534


def test_sizes_beyond_the_fields_are_written() -> None:
    output = io.BytesIO()
    huge = Member(path=b"x", kind=FILE, size=9 << 30, data=((0, 9 << 30),))
    with pytest.raises(InvalidInput, match="the content of x has not the size"):
        Writer(output).add(huge, (b"",))


@pytest.mark.parametrize("content", [b"12", b"1234"])
def test_a_content_of_another_size_is_an_error_and_no_archive(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="the content of x has not the size that was announced"):
        written((Member(path=b"x", kind=FILE, size=3), content))


def test_an_open_file_is_written_to_its_announced_size(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 200_000)
    shrunk = _from_file(path, Member(path=b"x", kind=FILE, size=3_000_000))
    grown = _from_file(path, Member(path=b"x", kind=FILE, size=1_000_001))
    assert shrunk == path.read_bytes() + bytes(1_000_000)
    assert grown == path.read_bytes()[:1_000_001]


def test_of_an_open_sparse_file_only_its_pieces_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 9000)
    member = Member(path=b"x", kind=FILE, size=20_000, data=((100, 10), (8000, 1000), (15_000, 5)))
    assert _from_file(path, member) == bytes(100) + b"x" * 10 + bytes(7890) + b"x" * 1000 + bytes(11_000)


def _from_file(path: Path, member: Member) -> bytes:
    output = io.BytesIO()
    writer = Writer(output)
    fd = os.open(path, os.O_RDONLY)
    try:
        writer.add_file(member, fd)
    finally:
        os.close(fd)
    writer.close()
    [(found, content)] = read(output.getvalue())
    assert found == member
    return content


def test_a_large_content_passes_in_pieces() -> None:
    pieces: list[int] = []

    class Counting:
        def write(self, data: bytes) -> None:
            pieces.append(len(data))

    writer = Writer(Counting())
    writer.add(Member(path=b"x", kind=FILE, size=10 << 20), (bytes(1 << 20) for _ in range(10)))
    writer.close()
    assert sum(pieces) == (10 << 20) + 3 * 512
    assert max(pieces) <= 1 << 20

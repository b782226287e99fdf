"""Archives of GNU tar and of libarchive's are read as they were made, and ours are unpacked by them."""

import io
import os
import stat
import subprocess
from pathlib import Path

import pytest
from support.tar_blocks import Read, filled, read

from engine.archive.limits import Limits
from engine.archive.member import HARD_LINK, Member
from engine.archive.reader import Reader
from engine.archive.writer import Writer

TIME = 1_700_000_000_123_456_789
LONG = b"l" * 180
BYTES = b"\xff\xfe"
HOLE = 1 << 20

TAR = [["--format=v7"], ["--format=ustar"], ["--format=oldgnu"], ["--format=gnu"], ["--format=pax"]]
TAR += [["--format=oldgnu", "--sparse"], ["--format=gnu", "--sparse"]]
TAR += [["--format=pax", "--sparse", f"--sparse-version={version}"] for version in ("0.0", "0.1", "1.0")]
BSDTAR = [[f"--format={form}"] for form in ("v7", "ustar", "gnutar", "pax")]
PROGRAMS = [
    pytest.param([program, *flags], marks=pytest.mark.requires(program), id=" ".join([program, *flags]))
    for program, many in (("tar", TAR), ("bsdtar", BSDTAR))
    for flags in many
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a little of everything that needs no privilege."""
    top = tmp_path / "tree"
    for folder in (top, top / "folder", top / "empty"):
        folder.mkdir()
    (top / "file").write_bytes(b"content\n")
    os.chmod(top / "file", 0o4751)
    os.link(top / "file", top / "folder" / "hard")
    os.symlink("../file", top / "folder" / "soft")
    os.mkfifo(top / "fifo")
    with open(top / "sparse", "wb") as file:
        file.seek(HOLE)
        file.write(b"data behind a hole")
        file.truncate(3 * HOLE)
    for path in top.rglob("*"):
        os.utime(path, ns=(TIME, TIME), follow_symlinks=False)
    return top


def _archive(program: list[str], folder: Path, *names: str) -> dict[bytes, Read]:
    made = subprocess.run([*program, "-cf", "-", "-C", folder, *(names or ".")], capture_output=True)
    assert made.returncode == 0, made.stderr
    return {found.member.path: found for found in read(made.stdout)}


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_a_program_has_packed_is_read(program: list[str], tree: Path) -> None:
    names = ["file", "folder", "empty", "sparse"] if program[-1].endswith("v7") else ["."]
    found = _archive(program, tree, *names)
    first, second = sorted((b"file", b"folder/hard"), key=lambda name: found[name].member.kind == HARD_LINK)
    assert (found[first].content, found[first].member.mode) == (b"content\n", 0o4751)
    assert found[second].member.target.removeprefix(b"./") == first
    assert found[b"folder/soft"].member.target == b"../file"
    assert found[b"empty"].member.kind == stat.S_IFDIR
    assert found[b"sparse"].content == bytes(HOLE) + b"data behind a hole" + bytes(2 * HOLE - 18)
    if names == ["."]:
        assert found[b"fifo"].member.kind == stat.S_IFIFO
        assert found[b""].member.kind == stat.S_IFDIR
    precision = 1 if "--format=pax" in program else 10**9
    assert {member.mtime_ns // precision for path, (member, _) in found.items() if path} == {TIME // precision}


@pytest.mark.requires("tar")
@pytest.mark.parametrize("form", ["oldgnu", "gnu", "pax"])
def test_names_that_are_long_or_not_utf8_are_read(form: str, tmp_path: Path) -> None:
    for name in (LONG, BYTES, BYTES + LONG):
        os.symlink(name * 2, os.fsencode(tmp_path) + b"/" + name)
    found = _archive(["tar", f"--format={form}"], tmp_path)
    assert {path: member.target for path, (member, _) in found.items() if path} == {
        name: name * 2 for name in (LONG, BYTES, BYTES + LONG)
    }


@pytest.mark.requires("tar")
def test_a_sparse_file_of_many_pieces_is_read_from_gnus_blocks(tmp_path: Path) -> None:
    with open(tmp_path / "many", "wb") as file:
        for number in range(100):
            file.seek(number << 16)
            file.write(b"%d" % number)
    for program in (["tar", "--format=gnu", "--sparse"], ["tar", "--format=pax", "--sparse"]):
        found = _archive(program, tmp_path)[b"many"]
        assert found.content == (tmp_path / "many").read_bytes()
        assert found.member.data is not None
        assert len(found.member.data) == 100


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(["tar", "--xattrs", "--xattrs-include=*"], marks=pytest.mark.requires("tar")),
        pytest.param(["bsdtar", "--xattrs"], marks=pytest.mark.requires("bsdtar")),
    ],
    ids=["tar", "bsdtar"],
)
def test_extended_attributes_go_both_ways(program: list[str], tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    try:
        os.setxattr(tmp_path / "x", "user.name", b"\0v=\n\xff")
    except OSError:
        pytest.skip("needs extended attributes where tests have their files")
    member = _archive([*program, "--format=pax"], tmp_path)[b"x"].member
    assert member.xattrs == {b"user.name": b"\0v=\n\xff"}
    _unpack(program, tmp_path, (Member(path=b"y", kind=stat.S_IFREG, xattrs=member.xattrs), b""))
    assert os.getxattr(tmp_path / "y", "user.name") == b"\0v=\n\xff"


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(["tar"], marks=pytest.mark.requires("tar")),
        pytest.param(["bsdtar"], marks=pytest.mark.requires("bsdtar")),
    ],
    ids=["tar", "bsdtar"],
)
def test_what_we_have_packed_is_unpacked(program: list[str], tmp_path: Path) -> None:
    deep = b"/".join([b"d" * 90] * 4)
    folders = [deep[: 91 * depth - 1] for depth in range(1, 5)]
    data = ((4096, 4096), (1 << 20, 5))
    _unpack(
        program,
        tmp_path,
        *((Member(path=path, kind=stat.S_IFDIR, mode=0o755), b"") for path in folders),
        (Member(path=deep + b"/" + LONG, kind=stat.S_IFREG, mode=0o751, mtime_ns=TIME, size=5), b"hello"),
        (Member(path=b"hard", kind=HARD_LINK, mode=0o751, mtime_ns=TIME, target=deep + b"/" + LONG), b""),
        (Member(path=b"soft", kind=stat.S_IFLNK, target=LONG * 2), b""),
        (Member(path=b"before", kind=stat.S_IFREG, mtime_ns=-2 * 10**9), b""),
        (Member(path=b"sparse", kind=stat.S_IFREG, size=2 << 20, data=data), b"x" * 4101),
        (Member(path=b"hole", kind=stat.S_IFREG, size=1 << 20, data=()), b""),
    )
    info = os.stat(tmp_path / "hard")
    assert (info.st_mode, info.st_mtime_ns, info.st_nlink) == (stat.S_IFREG | 0o751, TIME, 2)
    assert (tmp_path / "hard").read_bytes() == b"hello"
    assert os.fsencode(os.readlink(tmp_path / "soft")) == LONG * 2
    assert os.stat(tmp_path / "before").st_mtime_ns == -2 * 10**9
    expected = bytes(4096) + b"x" * 4096 + bytes((1 << 20) - 8192) + b"x" * 5 + bytes((1 << 20) - 5)
    assert (tmp_path / "sparse").read_bytes() == expected
    assert (tmp_path / "hole").read_bytes() == bytes(1 << 20)


@pytest.mark.requires("tar")
def test_names_that_are_not_utf8_are_unpacked(tmp_path: Path) -> None:
    _unpack(["tar"], tmp_path, *((Member(path=name, kind=stat.S_IFREG), b"") for name in (BYTES, BYTES + LONG)))
    assert set(os.listdir(os.fsencode(tmp_path))) == {BYTES, BYTES + LONG}


def _unpack(program: list[str], folder: Path, *members: tuple[Member, bytes]) -> None:
    output = io.BytesIO()
    writer = Writer(output)
    for member, content in members:
        writer.add(member, (content,))
    writer.close()
    unpacked = subprocess.run([*program, "-xpf", "-", "-C", folder], input=output.getvalue(), capture_output=True)
    assert unpacked.returncode == 0, unpacked.stderr


def test_a_pipe_is_read_as_it_comes(tree: Path) -> None:
    """Where reads are short, and nothing can be sought."""
    with subprocess.Popen(["tar", "-cf", "-", "-C", tree, "."], stdout=subprocess.PIPE, bufsize=0) as program:
        assert program.stdout is not None
        reader = Reader(program.stdout, Limits())
        sizes = {member.path: len(filled(member, reader)) for member in reader}
        reader.drain()
    assert sizes[b"sparse"] == 3 * HOLE
    assert program.returncode == 0

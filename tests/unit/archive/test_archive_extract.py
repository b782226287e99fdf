"""Files packed and unpacked again as `cp` does, and archives that mean harm to the place where they are unpacked."""

import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.archive import holes, packing
from engine.archive.attributes import Manner
from engine.archive.extract import Extraction, Renamed
from engine.archive.member import HARD_LINK, Member
from engine.archive.place import Place
from engine.archive.reader import Reader
from engine.archive.writer import Writer
from engine.errors import Conflict, EngineError, InvalidInput

OWN = Manner((os.geteuid(), os.getegid()), trusted=False)
DAY_NS = 86_400 * 10**9


def pack(path: Path, name: str = "top", skipped: tuple[str, ...] = ()) -> bytes:
    output = io.BytesIO()
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        writer = Writer(output)
        packing.pack(fd, name, writer, skipped)
        writer.close()
    finally:
        os.close(fd)
    return output.getvalue()


def archive(*members: tuple[Member, bytes]) -> bytes:
    output = io.BytesIO()
    writer = Writer(output)
    for member, content in members:
        writer.add(member, [content] if content else [])
    writer.close()
    return output.getvalue()


def a_file(path: bytes, content: bytes = b"new", **fields: object) -> tuple[Member, bytes]:
    return Member(path=path, kind=stat.S_IFREG, size=len(content), **fields), content  # type: ignore[arg-type]


def a_folder(path: bytes, mode: int = 0o755) -> tuple[Member, bytes]:
    return Member(path=path, kind=stat.S_IFDIR, mode=mode), b""


def a_link(path: bytes, target: bytes, kind: int = stat.S_IFLNK) -> tuple[Member, bytes]:
    return Member(path=path, kind=kind, target=target), b""


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[..., int]:
    """Unpacks an archive into `tmp_path/here`."""
    (tmp_path / "here").mkdir()

    def run(data: bytes, manner: Manner = OWN, renamed: Renamed = Renamed(), links: bool = False) -> int:  # noqa: B008
        fd = os.open(tmp_path / "here" if not links else tmp_path, os.O_PATH | os.O_DIRECTORY)
        try:
            with Place(fd, "here" if links else "", links=links) as place:
                return Extraction(Reader(io.BytesIO(data)), place, manner, renamed).run()
        finally:
            os.close(fd)

    return run


@pytest.fixture
def here(tmp_path: Path, unpack: Callable[..., int]) -> Path:
    return tmp_path / "here"


def a_tree(top: Path) -> None:
    (top / "sub" / "deep").mkdir(parents=True)
    (top / "sub" / "file").write_bytes(b"x" * 100_000)
    (top / "sub" / "file").chmod(0o640)
    os.link(top / "sub" / "file", top / "sub" / "same")
    (top / "link").symlink_to("/etc/passwd")
    os.mkfifo(top / "fifo", 0o600)
    Path(os.fsdecode(os.fsencode(top) + b"/not-\xff-utf8")).write_text("bytes")
    for number, path in enumerate((top / "sub" / "file", top / "sub" / "deep", top / "sub", top / "fifo")):
        os.utime(path, ns=(0, number * DAY_NS + 123_456_789))


def facts(top: Path) -> dict[str, tuple[object, ...]]:
    found = {}
    for folder, names, files in os.walk(top):
        for name in (*names, *files):
            path = f"{folder}/{name}"
            info = os.lstat(path)
            content = Path(path).read_bytes() if stat.S_ISREG(info.st_mode) else b""
            target = os.readlink(path) if stat.S_ISLNK(info.st_mode) else ""
            time_ns = 0 if stat.S_ISLNK(info.st_mode) else info.st_mtime_ns
            found[path.removeprefix(str(top))] = (info.st_mode, info.st_nlink, time_ns, content, target)
    return found


def test_a_tree_comes_out_as_it_went_in(tmp_path: Path, here: Path, unpack: Callable[..., int]) -> None:
    a_tree(tmp_path / "from")
    unpack(pack(tmp_path / "from"))
    assert facts(here / "top") == facts(tmp_path / "from")
    assert (here / "top/sub/file").stat().st_ino == (here / "top/sub/same").stat().st_ino


def test_the_same_tree_gives_the_same_archive(tmp_path: Path) -> None:
    a_tree(tmp_path / "from")
    assert pack(tmp_path / "from") == pack(tmp_path / "from")


def test_a_sparse_file_keeps_its_holes(tmp_path: Path, here: Path, unpack: Callable[..., int]) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.seek(50 << 20)
        file.write(b"end")
        file.truncate(100 << 20)
        assert holes.pieces(file.fileno(), os.fstat(file.fileno())) is not None
    data = pack(tmp_path / "sparse")
    assert len(data) < 1 << 20
    unpack(data)
    copied = (here / "top").stat()
    assert (copied.st_size, copied.st_blocks * 512 < 1 << 20) == (100 << 20, True)
    with (here / "top").open("rb") as file:
        file.seek(50 << 20)
        assert file.read(4) == b"end\0"


def test_a_file_that_is_all_hole_has_its_size(tmp_path: Path, here: Path, unpack: Callable[..., int]) -> None:
    with (tmp_path / "empty").open("wb") as file:
        file.truncate(1 << 20)
    unpack(pack(tmp_path / "empty"))
    assert (here / "top").read_bytes() == bytes(1 << 20)


def test_attributes_of_users_come_along_and_marks_of_overlays_do_not(
    tmp_path: Path, here: Path, unpack: Callable[..., int]
) -> None:
    (tmp_path / "file").write_text("x")
    os.setxattr(tmp_path / "file", "user.mime", b"text/plain")
    os.setxattr(tmp_path / "file", "user.overlay.opaque", b"y")
    unpack(pack(tmp_path / "file"))
    assert os.listxattr(here / "top") == ["user.mime"]


def test_a_socket_is_left_out_and_what_is_skipped_is_an_empty_directory(
    tmp_path: Path, here: Path, unpack: Callable[..., int]
) -> None:
    import socket

    (tmp_path / "from/sys/deep").mkdir(parents=True)
    (tmp_path / "from/deep/sys/kept").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "from/socket"))
        unpack(pack(tmp_path / "from", "", ("sys",)))
    assert sorted(os.listdir(here)) == ["deep", "sys"]
    assert os.listdir(here / "sys") == []
    assert os.listdir(here / "deep/sys") == ["kept"]


def test_files_that_the_kernel_makes_up_are_no_files() -> None:
    with pytest.raises(InvalidInput, match="made up by the kernel"):
        pack(Path("/proc/self/status"))


def test_what_is_there_is_merged_with_and_replaced(here: Path, unpack: Callable[..., int]) -> None:
    (here / "d").mkdir()
    (here / "d/kept").write_text("kept")
    (here / "d/f").write_text("old")
    os.link(here / "d/f", here / "other-name")
    unpack(archive(a_folder(b"d", 0o700), a_file(b"d/f")))
    assert (here / "d/kept").read_text() == "kept"
    assert (here / "d/f").read_text() == "new"
    assert (here / "other-name").read_text() == "old"
    assert (here / "d").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("member", [a_file(b"x"), a_link(b"x", b"y"), a_link(b"x", b"y", HARD_LINK)])
def test_nothing_replaces_a_directory(member: tuple[Member, bytes], here: Path, unpack: Callable[..., int]) -> None:
    (here / "x").mkdir()
    (here / "y").touch()
    with pytest.raises(Conflict, match="cannot overwrite the directory x with a file"):
        unpack(archive(member))


def test_a_directory_replaces_nothing_not_even_a_link_to_one(here: Path, unpack: Callable[..., int]) -> None:
    (here / "real").mkdir()
    (here / "x").symlink_to("real")
    with pytest.raises(Conflict, match="cannot overwrite the file x with a directory"):
        unpack(archive(a_folder(b"x")))


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize(
    "members",
    [
        (a_file(b"../out"),),
        (a_file(b"a/../../out"),),
        (a_folder(b".."),),
        (a_link(b"l", b".."), a_file(b"l/out")),
        (a_link(b"l", b"../../../../../../../tmp"), a_file(b"l/out/deep")),
        (a_file(b"f"), a_link(b"hard", b"../canary", HARD_LINK), a_file(b"hard")),
        (a_link(b"l", b".."), a_link(b"hard", b"l/canary", HARD_LINK), a_file(b"hard")),
        (a_link(b"l", b"../canary"), a_file(b"l")),
        (a_link(b"l", b"/proc/self/cwd"), a_file(b"l/out")),
        (a_link(b"l", b"/proc/self/root"), a_file(b"l/out")),
    ],
    ids=str,
)
def test_no_archive_leaves_its_place(
    members: tuple[tuple[Member, bytes], ...], links: bool, tmp_path: Path, unpack: Callable[..., int]
) -> None:
    """With links the place is a directory of a root: a link may lead about in that, and no further."""
    root = tmp_path if not links else tmp_path / "root"
    if links:
        (root / "here").mkdir(parents=True)
        fd = os.open(root, os.O_PATH | os.O_DIRECTORY)
    else:
        fd = os.open(tmp_path / "here", os.O_PATH | os.O_DIRECTORY)
    (tmp_path / "canary").write_text("old")
    before = {name for name in os.listdir(tmp_path) if name != "root"}
    try:
        with Place(fd, "here" if links else "", links=links) as place:
            Extraction(Reader(io.BytesIO(archive(*members))), place, OWN).run()
    except EngineError as err:
        assert err.message
    finally:
        os.close(fd)
    assert {name for name in os.listdir(tmp_path) if name != "root"} == before
    assert (tmp_path / "canary").read_text() == "old"
    assert not Path("out").exists()


def test_an_absolute_name_begins_at_the_place(here: Path, unpack: Callable[..., int]) -> None:
    unpack(archive(a_file(b"/etc/deep/x"), a_link(b"/same", b"/etc/deep/x", HARD_LINK)))
    assert (here / "etc/deep/x").read_text() == (here / "same").read_text() == "new"


def test_a_link_in_a_containers_root_is_followed_as_its_programs_would(
    tmp_path: Path, here: Path, unpack: Callable[..., int]
) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (here / "lib").symlink_to("/usr/lib")
    unpack(archive(a_file(b"lib/x")), links=True)
    assert (tmp_path / "usr/lib/x").read_text() == "new"


def test_on_the_host_a_link_on_the_way_is_refused(here: Path, unpack: Callable[..., int]) -> None:
    (here / "real").mkdir()
    (here / "lib").symlink_to("real")
    with pytest.raises(EngineError, match="cannot write lib/x"):
        unpack(archive(a_file(b"lib/x")))
    assert os.listdir(here / "real") == []


def test_what_a_stranger_made_sets_no_user_id_and_is_no_device(here: Path, unpack: Callable[..., int]) -> None:
    unpack(archive(a_file(b"x", mode=0o6755)))
    assert (here / "x").stat().st_mode & 0o7777 == 0o755
    with pytest.raises(InvalidInput, match="is a device"):
        unpack(archive((Member(path=b"null", kind=stat.S_IFCHR, device=os.makedev(1, 3)), b"")))
    assert os.listdir(here) == ["x"]


def test_what_is_trusted_keeps_its_user_id(here: Path, unpack: Callable[..., int]) -> None:
    unpack(archive(a_file(b"x", mode=0o4755)), OWN._replace(trusted=True))
    assert (here / "x").stat().st_mode & 0o7777 == 0o4755


def test_an_owner_that_there_is_not_is_refused_and_leaves_no_file(here: Path, unpack: Callable[..., int]) -> None:
    with pytest.raises(InvalidInput, match="no owner 100000:0"):
        unpack(archive(a_file(b"x", uid=100_000)), Manner(ids=65_536))
    assert os.listdir(here) == []


def test_half_a_file_is_taken_away_again(here: Path, unpack: Callable[..., int]) -> None:
    whole = archive(a_file(b"x", b"y" * 100_000))
    with pytest.raises(InvalidInput):
        unpack(whole[:50_000])
    assert os.listdir(here) == []


def test_a_time_that_no_file_system_has_is_no_reason_to_fail(here: Path, unpack: Callable[..., int]) -> None:
    unpack(archive(a_file(b"x", mtime_ns=10**25), a_file(b"y", mtime_ns=-(10**25))))
    assert sorted(os.listdir(here)) == ["x", "y"]


@pytest.mark.parametrize(
    ("renamed", "expected"),
    [
        (Renamed("top", "other"), ["other"]),
        (Renamed("top", ""), ["sub"]),
        (Renamed("", "other"), ["other"]),
        (Renamed("", ""), ["top"]),
    ],
)
def test_the_top_of_an_archive_can_have_another_name(
    renamed: Renamed, expected: list[str], here: Path, unpack: Callable[..., int]
) -> None:
    unpack(archive(a_folder(b"top"), a_file(b"top/sub"), a_link(b"top/l", b"top/sub", HARD_LINK)), renamed=renamed)
    assert set(expected) <= set(os.listdir(here)) <= {*expected, "l"}


def test_a_member_that_was_not_announced_is_refused(here: Path, unpack: Callable[..., int]) -> None:
    with pytest.raises(InvalidInput, match="not what was asked for"):
        unpack(archive(a_file(b"top"), a_file(b".bashrc")), renamed=Renamed("top", "top"))
    assert os.listdir(here) == ["top"]


def test_names_that_mean_harm_to_a_terminal_are_told_without_escapes(unpack: Callable[..., int]) -> None:
    with pytest.raises(EngineError) as caught:
        unpack(archive(a_file(b"../\x1b[2J")))
    assert "\x1b" not in caught.value.message

"""`qd cp` between the host and containers that run, are paused, or do not run."""

import io
import os
import signal
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.deck import QD, Deck
from support.waiting import until

BASE = "localhost/base"
KINDS = ("running", "paused", "stopped", "new")
USERNS = ("private", "host")


@pytest.fixture
def box(deck: Deck) -> Callable[..., str]:
    """A container called `box` in one of the states that there are."""

    def make(kind: str, *options: str) -> str:
        words = ("--name", "box", *options, BASE, "sleep", "1000")
        if kind == "new":
            deck.out("create", *words)
            return "box"
        deck.start(*words)
        if kind == "paused":
            deck.out("pause", "box")
        if kind == "stopped":
            deck.out("stop", "-t", "0", "box")
        return "box"

    return make


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with what is hard to copy, of another owner than root."""
    top = tmp_path / "tree"
    (top / "sub").mkdir(parents=True)
    (top / "sub/file").write_text("content")
    (top / "sub/file").chmod(0o4750)
    os.link(top / "sub/file", top / "hard")
    (top / "soft").symlink_to("/etc/shadow")
    os.mkfifo(top / "fifo")
    Path(os.fsdecode(os.fsencode(top) + b"/\xff")).write_text("not UTF-8")
    with (top / "sparse").open("wb") as file:
        file.truncate(64 << 20)
        file.write(b"start")
    for folder, names, files in os.walk(top):
        for name in (*names, *files):
            os.chown(f"{folder}/{name}", 1000, 100, follow_symlinks=False)
    os.chmod(top / "sub/file", 0o4750)
    os.setxattr(top / "sub/file", "user.mime", b"text/plain")
    os.utime(top / "sub/file", ns=(1, 1_000_000_000_123_456_789))
    os.chmod(top / "sub", 0o751)
    os.utime(top / "sub", ns=(1, 1_000_000_001_987_654_321))
    os.chown(top, 1000, 100)
    return top


def facts(top: Path, owner: tuple[int, int] | None = None) -> dict[str, tuple[object, ...]]:
    """Everything about everything in a directory; with `owner` in place of the owners, and without set-user-ID."""
    found = {}
    for folder, names, files in os.walk(top):
        for name in (*names, *files):
            path = f"{folder}/{name}"
            info = os.lstat(path)
            regular, is_link = stat.S_ISREG(info.st_mode), stat.S_ISLNK(info.st_mode)
            mode = info.st_mode & ~(stat.S_ISUID if owner else 0)
            ids = owner or (info.st_uid, info.st_gid)
            content = Path(path).read_bytes() if regular else os.readlink(path) if is_link else b""
            xattrs = [(key, os.getxattr(path, key)) for key in os.listxattr(path)] if regular else []
            time_ns = 0 if is_link else info.st_mtime_ns
            found[path.removeprefix(f"{top}/")] = (mode, ids, info.st_nlink, time_ns, content, tuple(xattrs))
    return found


@pytest.mark.parametrize("userns", USERNS)
@pytest.mark.parametrize("kind", KINDS)
def test_everything_comes_back_as_it_went(
    kind: str, userns: str, box: Callable[..., str], deck: Deck, tree: Path, tmp_path: Path
) -> None:
    box(kind, "--userns", userns)
    deck.out("cp", "-a", str(tree), "box:/srv/new")
    deck.out("cp", "-a", "box:/srv/new", str(tmp_path / "back"))
    assert facts(tmp_path / "back") == facts(tree)
    assert (tmp_path / "back/sparse").stat().st_blocks * 512 < 1 << 20
    top = (tmp_path / "back").stat()
    assert (top.st_uid, top.st_gid) == (1000, 100)


@pytest.mark.parametrize("userns", USERNS)
@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_without_a_everything_belongs_to_root_inside_and_to_the_caller_outside(
    kind: str, userns: str, box: Callable[..., str], deck: Deck, tree: Path, tmp_path: Path
) -> None:
    box(kind, "--userns", userns)
    deck.out("cp", str(tree), "box:/srv")
    deck.out("cp", "box:/srv/tree", str(tmp_path / "back"))
    assert facts(tmp_path / "back") == facts(tree, owner=(os.geteuid(), os.getegid()))
    if kind == "stopped":
        deck.out("start", "box")
    seen = deck.out("exec", "box", "stat", "-c", "%u:%g %a", "/srv/tree/sub/file", "/srv/tree/sub", "/srv/tree/soft")
    assert seen.splitlines()[:2] == ["0:0 4750", "0:0 751"]


@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_an_owner_that_the_container_has_not_is_refused_before_its_file_is_there(
    kind: str, box: Callable[..., str], deck: Deck, tmp_path: Path
) -> None:
    box(kind)
    (tmp_path / "far").write_text("x")
    os.chown(tmp_path / "far", 3_000_000, 0)
    refused = deck.qd("cp", "-a", str(tmp_path / "far"), "box:/srv")
    assert refused.code == 125
    assert "there is no owner 3000000:0" in refused.err
    assert deck.qd("cp", "box:/srv/far", str(tmp_path / "x")).code == 125
    deck.out("cp", str(tmp_path / "far"), "box:/srv")


def test_a_container_sees_what_was_copied_while_it_did_not_run(
    box: Callable[..., str], deck: Deck, tmp_path: Path
) -> None:
    box("stopped")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/motd").write_text("hello\n")
    deck.out("cp", f"{tmp_path}/etc/.", "box:/etc/")
    deck.out("start", "box")
    assert deck.out("exec", "box", "cat", "/etc/motd") == "hello\n"
    assert deck.out("exec", "box", "cat", "/etc/passwd").startswith("root:")
    assert {change.path for change in deck.engine.changes("box") if change.kind == "A"} == {"/etc/motd"}


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_comes_out_under_the_name_of_its_source(kind: str, box: Callable[..., str], deck: Deck) -> None:
    box(kind)
    names = {}
    for path in ("/etc/passwd", "/etc", "/etc/.", "/usr/lib/.."):
        data = subprocess.run([QD, "cp", f"box:{path}", "-"], env=deck.environment, capture_output=True, check=True)
        with tarfile.open(fileobj=io.BytesIO(data.stdout)) as archive:
            names[path] = archive.getnames()
    assert names["/etc/passwd"] == ["passwd"]
    assert {"etc", "etc/passwd"} <= set(names["/etc"])
    assert "passwd" in names["/etc/."]
    assert names["/usr/lib/.."][0] == "usr"


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_an_archive_goes_in_with_its_own_owners(
    kind: str, compression: str, box: Callable[..., str], deck: Deck, tmp_path: Path
) -> None:
    box(kind)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{compression}") as archive:
        member = tarfile.TarInfo("deep/down/file")
        member.size, member.uid, member.gid, member.mode = 4, 33, 44, 0o604
        archive.addfile(member, io.BytesIO(b"text"))
    subprocess.run([QD, "cp", "-", "box:/srv"], env=deck.environment, input=data.getvalue(), check=True)
    deck.out("cp", "-a", "box:/srv/deep", str(tmp_path))
    found = (tmp_path / "deep/down/file").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (33, 44, 0o604)


@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_an_archive_goes_into_directories_alone(kind: str, box: Callable[..., str], deck: Deck) -> None:
    box(kind)
    for path in ("/etc/passwd", "/nothing"):
        refused = deck.qd("cp", "-", f"box:{path}", stdin="")
        assert refused.code == 125
        assert "not a directory" in refused.err
    damaged = deck.qd("cp", "-", "box:/srv", stdin="this is no archive")
    assert damaged.code == 125
    assert "the archive is damaged" in damaged.err


@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_the_rules_of_docker_say_where_a_copy_goes(
    kind: str, box: Callable[..., str], deck: Deck, tmp_path: Path
) -> None:
    box(kind)
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/inner").write_text("inner")
    (tmp_path / "file").write_text("file")
    (tmp_path / "link").symlink_to("dir")

    def cp(source: str, target: str) -> str:
        outcome = deck.qd("cp", f"{tmp_path}/{source}", f"box:{target}")
        assert (outcome.code == 0) is (outcome.err == "")
        return outcome.err

    def names(path: str) -> list[str]:
        data = subprocess.run([QD, "cp", f"box:{path}", "-"], env=deck.environment, capture_output=True, check=True)
        with tarfile.open(fileobj=io.BytesIO(data.stdout)) as archive:
            return sorted(archive.getnames())

    assert cp("dir", "/srv/made") == ""
    assert names("/srv/made") == ["made", "made/inner"]
    assert cp("dir", "/srv/made") == ""
    assert "made/dir/inner" in names("/srv/made")
    assert cp("dir/.", "/srv/other") == cp("dir/.", "/srv/other") == ""
    assert names("/srv/other") == ["other", "other/inner"]
    assert cp("link", "/srv/as-link") == cp("link/", "/srv/as-dir") == ""
    assert (names("/srv/as-link"), names("/srv/as-dir")) == (["as-link"], ["as-dir", "as-dir/inner"])
    assert cp("file", "/srv/name") == cp("file", "/srv/name") == ""
    assert "there is no directory /none" in cp("file", "/none/name")
    assert "no directory to copy into" in cp("file", "/srv/none/")
    assert "cannot be copied onto a file" in cp("dir", "/etc/passwd")
    assert "cannot overwrite the file inner with a directory" in _nested(tmp_path, cp)
    assert "there is no" in cp("missing", "/srv")


def _nested(folder: Path, cp: Callable[[str, str], str]) -> str:
    (folder / "more/inner").mkdir(parents=True)
    return cp("more/.", "/srv/other")


@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_links_of_a_container_are_copied_as_links_and_lead_about_in_it(
    kind: str, box: Callable[..., str], deck: Deck, tmp_path: Path
) -> None:
    links = tmp_path / "links"
    links.mkdir()
    for name, to in {"abs": "/srv/real", "rel": "../srv/real", "up": "../../../srv/real", "out": "/srv/new"}.items():
        (links / name).symlink_to(to)
    (tmp_path / "real").mkdir()
    (tmp_path / "f").write_text("f")
    box(kind)
    deck.out("cp", str(tmp_path / "real"), "box:/srv")
    deck.out("cp", str(links), "box:/opt")
    deck.out("cp", "box:/opt/links/abs", str(tmp_path / "as-link"))
    assert os.readlink(tmp_path / "as-link") == "/srv/real"
    deck.out("cp", "-L", "box:/opt/links/abs", str(tmp_path / "as-dir"))
    assert (tmp_path / "as-dir").is_dir()
    for name in ("abs", "up"):
        deck.out("cp", str(tmp_path / "f"), f"box:/opt/links/{name}")
    deck.out("cp", str(tmp_path / "f"), "box:/opt/links/out")
    deck.out("cp", "box:/srv/.", str(tmp_path / "srv"))
    assert sorted(os.listdir(tmp_path / "srv")) == ["new", "real"]
    assert os.listdir(tmp_path / "srv/real") == ["f"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/nothing", "there is no /nothing in the container"),
        ("/etc/passwd/", "is not a directory"),
        ("/etc/passwd/x", "is not a directory"),
        ("/loop", "cannot be reached: too many levels of symbolic links"),
        ("/proc/1/status", "made up by the kernel"),
        ("/proc/1/exe", "made up by the kernel"),
        ("/proc/1/root/etc", "cannot be reached"),
        ("/dev/null", "is a device"),
    ],
)
def test_what_cannot_be_copied_out_is_told_in_words(
    path: str, words: str, box: Callable[..., str], deck: Deck, tmp_path: Path
) -> None:
    box("running")
    deck.out("exec", "box", "ln", "-s", "loop", "/loop")
    outcome = deck.qd("cp", *(["-L"] if path == "/loop" else []), f"box:{path}", str(tmp_path / "new"))
    assert outcome.code == 125
    assert words in outcome.err
    assert "hint:" in outcome.err or "cannot be reached" in outcome.err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_names_that_are_not_utf_8_can_be_asked_for(
    kind: str, box: Callable[..., str], deck: Deck, tmp_path: Path
) -> None:
    box(kind)
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xc3")
    Path(path).write_text("x")
    deck.out("cp", path, "box:/srv")
    deck.out("cp", os.fsdecode(b"box:/srv/\xff\xc3"), str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "x"
    Path(path).unlink()
    Path(path).mkdir()
    refused = deck.qd("cp", path, "box:/srv")
    assert refused.code == 125
    assert "cannot overwrite the file" in refused.err


def test_a_device_comes_out_for_who_asks_for_everything(box: Callable[..., str], deck: Deck, tmp_path: Path) -> None:
    box("running")
    deck.out("cp", "-a", "box:/dev/null", str(tmp_path))
    assert stat.S_ISCHR((tmp_path / "null").stat().st_mode)


def test_a_device_cannot_be_made_in_a_user_namespace(box: Callable[..., str], deck: Deck) -> None:
    box("running")
    refused = deck.qd("cp", "-a", "/dev/null", "box:/srv/null")
    assert refused.code == 125
    assert "the device null cannot be made there" in refused.err
    assert "hint:" in refused.err


def test_a_whole_root_comes_out_without_what_the_kernel_makes_up(
    box: Callable[..., str], deck: Deck, tmp_path: Path
) -> None:
    box("running", "--tmpfs", "/scratch")
    deck.out("exec", "box", "sh", "-c", "echo in memory > /scratch/file; mkdir /srv/proc; echo x > /srv/proc/kept")
    deck.out("cp", "box:/", str(tmp_path / "whole"))
    whole = tmp_path / "whole"
    assert [os.listdir(whole / name) for name in ("proc", "sys", "dev")] == [[], [], []]
    assert (whole / "scratch/file").read_text() == "in memory\n"
    assert (whole / "srv/proc/kept").read_text() == "x\n"


def test_a_client_that_is_killed_leaves_no_worker_and_no_part_of_a_file(
    box: Callable[..., str], deck: Deck, tmp_path: Path
) -> None:
    """Both ways the stream is longer than what fits into pipes; the other end is stalled, so that it is midway."""
    box("stopped")
    reader, writer = os.pipe()
    process = subprocess.Popen([QD, "cp", "-", "box:/srv"], env=deck.environment, stdin=reader)
    os.close(reader)
    member = tarfile.TarInfo("big")
    member.size = 1 << 30
    os.write(writer, member.tobuf() + bytes(60_000))
    until(lambda: _workers("unpack"), "a worker")
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: not _workers("unpack"), "the end of the worker")
    os.close(writer)
    deck.out("start", "box")
    deck.out("cp", "/usr/bin/env", "box:/srv")


def _workers(task: str) -> list[str]:
    found = []
    for entry in os.listdir("/proc"):
        try:
            words = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
            continue
        if words[-3:-1] == [b"worker", task.encode()]:
            found.append(entry)
    return found

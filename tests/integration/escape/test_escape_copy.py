"""Containers that mean harm to who copies files to and from them: CVE-2018-15664 and CVE-2019-14271 of Docker's.

A canary lies on the host at a path that the container knows; it may never be read from nor written to.
"""

import io
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.deck import QD, Deck
from support.waiting import until

from engine.errors import EngineError

BASE = "localhost/base"
ROUNDS = 25
"""Of each way to lie, of which there are thirteen: hundreds in all."""
SECRET = "of the host alone"
USERNS = ("private", "host")

SWAP = """
import os, sys
way, canary = sys.argv[1:]
os.chdir("/srv")
os.mkdir("dir"); os.mkdir("dir/sub")
for name in ("dir/secret", "dir/sub/secret"):
    open(name, "w").write("of the container")
os.symlink(canary, "link")
os.symlink(canary + "/secret", "flink"); open("file", "w").write("of the container")
import ctypes
exchange = ctypes.CDLL(None).renameat2
while True:
    if way == "top":
        exchange(-100, b"/srv/dir", -100, b"/srv/link", 2)
    elif way == "sub":
        exchange(-100, b"/srv/dir/sub", -100, b"/srv/link", 2)
    else:
        exchange(-100, b"/srv/file", -100, b"/srv/flink", 2)
"""


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A directory of the host, with the same names as what the container lures a copy with."""
    folder = tmp_path / "canary"
    (folder / "sub").mkdir(parents=True)
    (folder / "secret").write_text(SECRET)
    (folder / "sub/secret").write_text(SECRET)
    yield folder
    assert sorted(os.listdir(folder)) == ["secret", "sub"]
    assert (folder / "secret").read_text() == SECRET
    assert (folder / "sub/secret").read_text() == SECRET
    assert os.listdir(folder / "sub") == ["secret"]


@pytest.fixture
def swapper(deck: Deck, canary: Path, tmp_path: Path) -> Callable[[str, str], None]:
    """A container that exchanges a directory, or a file, with a link to the canary without end."""
    (tmp_path / "swap.py").write_text(SWAP)

    def start(way: str, userns: str) -> None:
        program = ("python3", "-I", "-S", "-B", "/swap.py", way, str(canary))
        # Exchanging names is no capability of anybody's: it would be allowed to every container.
        deck.start("--name", "box", "--userns", userns, "-v", f"{tmp_path}/swap.py:/swap.py:ro", BASE, *program)
        until(lambda: deck.qd("exec", "box", "test", "-e", "/srv/file").code == 0, "the container at its work")

    return start


@pytest.mark.parametrize("userns", USERNS)
@pytest.mark.parametrize(("way", "path"), [("top", "/srv/dir"), ("sub", "/srv/dir"), ("file", "/srv/file")])
def test_a_container_that_swaps_names_is_never_read_past_its_root(
    way: str, path: str, userns: str, swapper: Callable[[str, str], None], deck: Deck, tmp_path: Path
) -> None:
    swapper(way, userns)
    for number in range(ROUNDS):
        data = _read(deck, path, tmp_path, follow=bool(number % 2))
        assert SECRET.encode() not in (data or b"")
    until(lambda: _read(deck, path, tmp_path) is not None, "a copy that comes between two exchanges", 60)


def _read(deck: Deck, path: str, folder: Path, *, follow: bool = False) -> bytes | None:
    """The archive of a path; None where the container had the better of it."""
    with (folder / "archive").open("w+b") as file:
        try:
            deck.engine.read_archive("box", path, file.fileno(), follow=follow)
        except EngineError:
            return None
        file.seek(0)
        return file.read()


@pytest.mark.parametrize("userns", USERNS)
@pytest.mark.parametrize(("way", "path"), [("top", "/srv/dir"), ("sub", "/srv/dir/sub"), ("file", "/srv/file")])
def test_a_container_that_swaps_names_is_never_written_past_its_root(
    way: str, path: str, userns: str, swapper: Callable[[str, str], None], deck: Deck, tmp_path: Path
) -> None:
    """The fixture of the canary looks for what should not be there."""
    swapper(way, userns)
    (tmp_path / "new").mkdir()
    for name in ("secret", "planted"):
        (tmp_path / "new" / name).write_text("from a copy")
    for _ in range(ROUNDS):
        _write(deck, f"{tmp_path}/new/.", path)
    if way != "file":  # into which no directory goes, whoever is faster
        until(lambda: _write(deck, f"{tmp_path}/new/.", path), "a copy that comes between two exchanges", 60)


def _write(deck: Deck, source: str, path: str) -> bool:
    try:
        deck.engine.copy_in("box", path, source)
    except EngineError:
        return False
    return True


def test_a_tree_that_is_moved_while_it_is_read_is_left(deck: Deck, canary: Path, tmp_path: Path) -> None:
    """A directory that is moved up while the walk is in it must not make `..` lead out of what was asked for."""
    script = """
        mkdir -p /srv/top/a/b/c/d /srv/out; cd /srv
        while :; do mv top/a/b out/b; mv out/b top/a/b; done
    """
    deck.start("--name", "box", BASE, "sh", "-c", script)
    until(lambda: deck.qd("exec", "box", "test", "-d", "/srv/out").code == 0, "the container at its work")
    for _ in range(ROUNDS):
        data = _read(deck, "/srv/top", tmp_path)
        if data is not None:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                assert all(name == "top" or name.startswith("top/") for name in archive.getnames())


@pytest.mark.parametrize("userns", USERNS)
@pytest.mark.parametrize("link", ["/proc/1/root", "/proc/self/root", "/proc/self/cwd", "/proc/self/fd", "/dev/fd/0"])
def test_magic_links_lead_nowhere(link: str, userns: str, deck: Deck, canary: Path, tmp_path: Path) -> None:
    deck.start("--name", "box", "--userns", userns, "--pid", "host", BASE, "sleep", "1000")
    deck.out("exec", "box", "ln", "-s", link, "/srv/magic")
    for path in (f"{link}{canary}/secret", f"/srv/magic{canary}/secret"):
        result = subprocess.run([QD, "cp", "-L", f"box:{path}", "-"], env=deck.environment, capture_output=True)
        assert SECRET.encode() not in result.stdout
    (tmp_path / "planted").write_text("from a copy")
    for path in (f"{link}{canary}", f"/srv/magic{canary}", f"/srv/magic{canary}/secret"):
        assert deck.qd("cp", str(tmp_path / "planted"), f"box:{path}").code == 125


@pytest.fixture
def worker(deck: Deck) -> Iterator[str]:
    """The pid of a worker that copies to the container and waits for more."""
    deck.start("--name", "box", "--pid", "host", "--cap-add", "SYS_PTRACE", BASE, "sleep", "1000")
    process = subprocess.Popen([QD, "cp", "-", "box:/srv"], env=deck.environment, stdin=subprocess.PIPE)
    assert process.stdin is not None
    try:
        member = tarfile.TarInfo("big")
        member.size = 1 << 20
        process.stdin.write(member.tobuf())
        process.stdin.flush()
        yield _worker()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


def test_who_copies_cannot_be_traced_nor_looked_at_from_inside(deck: Deck, worker: str) -> None:
    """With the host's pid namespace a container sees the worker, which has the ids of the container's root by then."""
    script = f"cat /proc/{worker}/environ; ls /proc/{worker}/root/ /proc/{worker}/fd; readlink /proc/{worker}/exe"
    outcome = deck.qd("exec", "box", "sh", "-c", script)
    assert outcome.out == ""
    assert outcome.err.lower().count("permission denied") >= 3


def test_who_copies_has_the_hosts_mounts_and_loads_nothing_of_the_container(deck: Deck, worker: str) -> None:
    """Docker's own helper once took its libraries from the container's root."""
    assert os.readlink(f"/proc/{worker}/root") == "/"
    assert os.readlink(f"/proc/{worker}/ns/mnt") == os.readlink("/proc/self/ns/mnt")
    own = {line.split()[3] for line in Path(f"/proc/{worker}/maps").read_text().splitlines()}
    of_container = os.stat(f"/proc/{deck.engine.container('box').state.pid}/root").st_dev
    assert f"{os.major(of_container):02x}:{os.minor(of_container):02x}" not in own


def _worker() -> str:
    """The pid of the worker once it is in the container's user namespace."""
    ours, found = os.readlink("/proc/self/ns/user"), []

    def look() -> bool:
        for entry in filter(str.isdecimal, os.listdir("/proc")):
            try:
                words = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
                if words[-3:-1] == [b"worker", b"unpack"] and os.readlink(f"/proc/{entry}/ns/user") != ours:
                    found.append(entry)
            except OSError:
                continue
        return bool(found)

    until(look, "a worker in the container's user namespace")
    return found[0]


@pytest.mark.parametrize("userns", USERNS)
def test_a_hostile_archive_on_standard_input_stays_in_the_container(
    userns: str, deck: Deck, canary: Path, tmp_path: Path
) -> None:
    deck.start("--name", "box", "--userns", userns, BASE, "sleep", "1000")
    up = "../" * 12
    for members in (
        [("f", f"{up}{canary}/planted", "")],
        [("f", f"{canary}/planted", "")],
        [("l", "x", str(canary)), ("f", "x/planted", "")],
        [("l", "x", f"{up}{canary}"), ("f", "x/planted", "")],
        [("h", "x", f"{canary}/secret"), ("f", "x", "")],
        [("h", "x", f"{up}{canary}/secret"), ("f", "x", "")],
        [("l", "x", f"{canary}/secret"), ("f", "x", "")],
        [("l", "x", "/proc/1/root"), ("f", f"x{canary}/planted", "")],
    ):
        outcome = subprocess.run(
            [QD, "cp", "-", "box:/srv"], env=deck.environment, input=_archive(members), capture_output=True
        )
        assert outcome.returncode in (0, 125), outcome.stderr


def _archive(members: list[tuple[str, str, str]]) -> bytes:
    data = io.BytesIO()
    kinds = {"f": tarfile.REGTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE}
    with tarfile.open(fileobj=data, mode="w") as archive:
        for kind, name, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kinds[kind], target
            content = b"from an archive" if kind == "f" else b""
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def test_the_names_that_a_container_gives_reach_no_terminal(deck: Deck, tmp_path: Path) -> None:
    deck.start("--name", "box", BASE, "sh", "-c", "mkdir -p /srv/d; mknod /srv/d/$(printf 'a\\033[2Jb') p; sleep 1000")
    (tmp_path / "back").mkdir()
    until(lambda: deck.qd("cp", "box:/srv/d", str(tmp_path / "back")).code == 0, "the copy")
    (name,) = os.listdir(tmp_path / "back/d")
    os.unlink(tmp_path / "back/d" / name)
    (tmp_path / "back/d" / name).mkdir()
    outcome = deck.qd("cp", "box:/srv/d", str(tmp_path / "back"))
    assert outcome.code == 125
    assert "\x1b" not in outcome.err

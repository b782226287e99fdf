"""`qd cp` where a container has other file systems mounted, where nothing may be written, and beside other commands."""

import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.deck import QD, Deck
from support.waiting import until

from engine.kernel import proc

BASE = "localhost/base"


@pytest.fixture(autouse=True)
def _no_volume_stays(deck: Deck) -> Iterator[None]:
    yield
    for container in deck.engine.containers():
        deck.engine.remove(container.id, force=True)
    deck.engine.prune_volumes(everything=True)


@pytest.fixture
def note(tmp_path: Path) -> str:
    (tmp_path / "note").write_text("hello\n")
    return str(tmp_path / "note")


@pytest.mark.parametrize("userns", ["private", "host"])
@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_volumes_and_bind_mounts_are_copied_to_and_from(
    kind: str, userns: str, deck: Deck, note: str, tmp_path: Path
) -> None:
    (tmp_path / "bound").mkdir()
    mounts = ("-v", "data:/data", "-v", f"{tmp_path}/bound:/bound", "-v", f"{tmp_path}/bound:/again:ro")
    deck.start("--name", "box", "--userns", userns, *mounts, BASE, "sleep", "1000")
    if kind == "stopped":
        deck.out("stop", "-t", "0", "box")
    deck.out("cp", note, "box:/data")
    deck.out("cp", note, "box:/bound/copied")
    deck.out("cp", "box:/again/copied", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "hello\n"
    found = (tmp_path / "bound/copied").stat()
    assert (found.st_uid, found.st_gid) == (0, 0)
    assert deck.out("run", "--rm", "-v", "data:/v", BASE, "cat", "/v/note") == "hello\n"
    assert deck.out("run", "--rm", "-v", "data:/v", BASE, "stat", "-c", "%u", "/v/note") == "0\n"
    refused = deck.qd("cp", note, "box:/again")
    assert refused.code == 125
    assert "/again of the container is read-only" in refused.err


@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_a_part_of_a_volume_is_all_that_is_seen_of_it(kind: str, deck: Deck, note: str, tmp_path: Path) -> None:
    deck.out("run", "--rm", "-v", "data:/v", BASE, "mkdir", "-p", "/v/part/of")
    mount = "type=volume,source=data,target=/data,volume-subpath=part"
    deck.start("--name", "box", "--mount", mount, BASE, "sleep", "1000")
    if kind == "stopped":
        deck.out("stop", "-t", "0", "box")
    deck.out("cp", note, "box:/data/of")
    assert deck.out("run", "--rm", "-v", "data:/v", BASE, "find", "/v", "-name", "note") == "/v/part/of/note\n"


def test_a_link_in_a_volume_leads_a_copy_to_a_stopped_container_nowhere(deck: Deck, note: str, tmp_path: Path) -> None:
    """The mounts of a stopped container are made by the host's root, on paths that the container chose."""
    (tmp_path / "secret").mkdir()
    deck.out("run", "--rm", "-v", "data:/v", BASE, "ln", "-s", str(tmp_path / "secret"), "/v/out")
    deck.start("--name", "box", "-v", "data:/data", BASE, "sh", "-c", f"ln -s {tmp_path}/secret /srv/out; sleep 1000")
    deck.out("stop", "-t", "0", "box")
    for path in ("/data/out", "/srv/out"):
        assert deck.qd("cp", note, f"box:{path}/x").code == 125
        deck.qd("cp", note, f"box:{path}")
        deck.qd("cp", "-L", f"box:{path}", str(tmp_path / "back"))
    assert os.listdir(tmp_path / "secret") == []


@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_a_read_only_container_takes_copies_on_its_volumes_alone(
    kind: str, deck: Deck, note: str, tmp_path: Path
) -> None:
    deck.start("--name", "box", "--read-only", "-v", "data:/data", "--tmpfs", "/scratch", BASE, "sleep", "1000")
    if kind == "stopped":
        deck.out("stop", "-t", "0", "box")
    refused = deck.qd("cp", note, "box:/srv")
    assert refused.code == 125
    assert "/srv of the container is read-only" in refused.err
    deck.out("cp", note, "box:/data")
    deck.out("cp", "box:/data/note", str(tmp_path / "back"))
    deck.out("cp", "box:/etc/passwd", str(tmp_path / "passwd"))


def test_a_tmpfs_is_copied_to_while_it_is_there(deck: Deck, note: str, tmp_path: Path) -> None:
    deck.start("--name", "box", "--tmpfs", "/scratch", BASE, "sleep", "1000")
    deck.out("cp", note, "box:/scratch")
    deck.out("cp", note, "box:/dev/shm")
    assert deck.out("exec", "box", "cat", "/scratch/note", "/dev/shm/note") == "hello\nhello\n"


@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_a_file_that_is_mounted_gets_new_content_in_its_place(kind: str, deck: Deck, note: str) -> None:
    deck.start("--name", "box", BASE, "sleep", "1000")
    if kind == "stopped":
        deck.out("stop", "-t", "0", "box")
    deck.out("cp", note, "box:/etc/hosts")
    if kind == "stopped":
        deck.out("start", "box")
    assert deck.out("exec", "box", "cat", "/etc/hosts") == "hello\n"


def test_a_container_that_never_ran_gets_its_volume(deck: Deck, note: str) -> None:
    deck.out("create", "--name", "box", "-v", "data:/new/place", BASE, "cat", "/new/place/note")
    deck.out("cp", note, "box:/new/place")
    assert deck.out("start", "-a", "box") == "hello\n"


@contextmanager
def stalled(deck: Deck) -> Iterator["subprocess.Popen[bytes]"]:
    """A copy of an archive to the container that waits for the rest of it."""
    process = subprocess.Popen([QD, "cp", "-", "box:/srv"], env=deck.environment, stdin=subprocess.PIPE)
    assert process.stdin is not None
    member = tarfile.TarInfo("big")
    member.size = 1 << 30
    process.stdin.write(member.tobuf() + bytes(60_000))
    process.stdin.flush()
    try:
        until(lambda: _is_copied_to(deck), "a worker at its copy")
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


def _is_copied_to(deck: Deck) -> bool:
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
            files = [os.readlink(f"/proc/{entry}/fd/{fd}") for fd in os.listdir(f"/proc/{entry}/fd")]
        except OSError:
            continue
        if words[-3:-1] == [b"worker", b"unpack"] and any("/srv" in file for file in files):
            return True
    return False


@pytest.mark.parametrize("verb", [("start", "-a"), ("rm", "-f")])
def test_who_needs_the_files_waits_for_a_copy_and_goes_on_when_its_client_is_gone(
    verb: tuple[str, ...], deck: Deck
) -> None:
    deck.out("create", "--name", "box", BASE, "true")
    with stalled(deck) as process:
        waiting = subprocess.Popen([QD, *verb, "box"], env=deck.environment, stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
        process.kill()
        assert waiting.wait(30) == 0


def test_a_copy_that_waits_for_a_removal_makes_nothing_of_the_container_again(deck: Deck, note: str) -> None:
    container = deck.out("create", "--name", "box", BASE, "true").strip()
    with stalled(deck) as process:
        removing = subprocess.Popen([QD, "rm", "box"], env=deck.environment, stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            removing.wait(1)
        copying = subprocess.Popen([QD, "cp", note, "box:/srv"], env=deck.environment, stderr=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            copying.wait(1)
        process.kill()
        assert (removing.wait(30), copying.wait(30)) == (0, 125)
    assert not os.path.exists(deck.paths.container(container))


def test_a_copy_ends_with_the_run_that_it_copies_from(deck: Deck) -> None:
    deck.start("--name", "box", BASE, "sleep", "1000")
    with stalled(deck) as process:
        deck.out("kill", "box")
        assert process.wait(30) == 125
    assert deck.qd("cp", "box:/srv/big", "-").code == 125


def test_a_container_is_stopped_and_removed_while_it_is_copied_to(deck: Deck) -> None:
    deck.start("--name", "box", BASE, "sleep", "1000")
    with stalled(deck) as process:
        deck.out("rm", "-f", "box")
        assert process.wait(30) == 125
    assert deck.engine.containers() == ()


def test_a_full_disk_of_the_container_is_told_and_no_half_file_stays(deck: Deck, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(8 << 20))
    deck.start("--name", "box", "--tmpfs", "/small:size=1m", BASE, "sleep", "1000")
    refused = deck.qd("cp", str(tmp_path / "big"), "box:/small")
    assert refused.code == 125
    assert "cannot write big: no space left on device" in refused.err
    assert deck.out("exec", "box", "ls", "/small") == ""


def test_a_full_disk_of_the_host_is_told_and_not_what_the_engine_makes_of_it(
    deck: Deck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deck.start("--name", "box", BASE, "sh", "-c", "head -c 8388608 /dev/zero > /srv/big; sleep 1000")
    until(lambda: deck.out("exec", "box", "stat", "-c", "%s", "/srv/big") == "8388608\n", "the file")
    script = 'ulimit -f 1024; exec "$0" cp box:/srv/big "$1"'
    outcome = subprocess.run(
        ["sh", "-c", script, QD, str(tmp_path / "big")], env=deck.environment, capture_output=True, text=True
    )
    assert outcome.returncode == 125
    assert "cannot write big: file too large" in outcome.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_an_export_is_what_the_container_shows_without_its_volumes(kind: str, deck: Deck, tmp_path: Path) -> None:
    deck.start("--name", "box", "-v", "data:/data", BASE, "sh", "-c", "rm /etc/group; echo x > /data/x; sleep 1000")
    until(lambda: deck.qd("exec", "box", "test", "-e", "/data/x").code == 0, "the file")
    if kind == "stopped":
        deck.out("stop", "-t", "0", "box")
    deck.out("export", "-o", str(tmp_path / "box.tar"), "box")
    with tarfile.open(tmp_path / "box.tar") as archive:
        names = set(archive.getnames())
        owners = {(member.uid, member.gid) for member in archive}
    assert {"etc/passwd", "data", "usr/bin/sleep"} <= names
    assert not names & {"etc/group", "data/x"}
    assert owners == {(0, 0)}


def test_an_export_of_what_is_not_there_leaves_no_file(deck: Deck, tmp_path: Path) -> None:
    refused = deck.qd("export", "-o", str(tmp_path / "none.tar"), "none")
    assert refused.code == 125
    assert "no such container" in refused.err
    assert os.listdir(tmp_path) == []


def test_an_export_whose_reader_leaves_ends(deck: Deck) -> None:
    deck.out("create", "--name", "box", BASE, "true")
    process = subprocess.Popen([QD, "export", "box"], env=deck.environment, stdout=subprocess.PIPE, stderr=-1)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(1000)
    process.stdout.close()
    assert process.wait(30) != 0
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


@pytest.fixture
def many(tmp_path: Path) -> Callable[[int], Path]:
    def make(count: int) -> Path:
        for number in range(count):
            folder = tmp_path / "many" / str(number // 100)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / str(number)).write_text(str(number))
        return tmp_path / "many"

    return make


def test_copies_at_once_do_not_meet(deck: Deck, many: Callable[[int], Path], tmp_path: Path) -> None:
    source = many(300)
    deck.start("--name", "box", BASE, "sleep", "1000")
    going = [
        subprocess.Popen([QD, "cp", str(source), f"box:/srv/{number}"], env=deck.environment) for number in range(4)
    ]
    assert [process.wait(60) for process in going] == [0] * 4
    assert deck.out("exec", "box", "sh", "-c", "find /srv -type f | wc -l").strip() == "1200"


@pytest.mark.parametrize("userns", ["private", "host"])
@pytest.mark.parametrize("kind", ["running", "stopped"])
def test_a_container_that_has_a_copy_of_its_image_is_copied_to_and_exported(
    kind: str, userns: str, own_deck: Deck, note: str, tmp_path: Path
) -> None:
    """As on a host without overlay: the finding is remembered for a boot, and so can be given."""
    paths = own_deck.paths
    os.makedirs(paths.run, mode=0o700)
    found = {"version": 1, "boot_id": proc.read_boot_id(), "root": paths.root, "device": os.stat(paths.root).st_dev}
    Path(paths.run, "storage.json").write_text(json.dumps({**found, "kind": "copy", "warnings": []}))
    own_deck.start("--name", "box", "--userns", userns, BASE, "sleep", "1000")
    if kind == "stopped":
        own_deck.out("stop", "-t", "0", "box")
    own_deck.out("cp", note, "box:/srv")
    own_deck.out("cp", "box:/srv/note", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "hello\n"
    own_deck.out("export", "-o", str(tmp_path / "box.tar"), "box")
    with tarfile.open(tmp_path / "box.tar") as archive:
        member = archive.getmember("srv/note")
    assert (member.uid, member.gid, member.size) == (0, 0, 6)

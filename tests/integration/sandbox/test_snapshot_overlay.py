"""Writable layers on a real overlay: what is tried at the start, and what changes look like afterwards."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.kernel import syscalls
from engine.sandbox.snapshot import Snapshots
from engine.state import tree
from engine.state.paths import Paths

pytestmark = [pytest.mark.root, pytest.mark.requires("overlay")]

ID = "0af1" * 16


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(f"{tmp_path}/root", f"{tmp_path}/run")
    os.makedirs(paths.root)
    return paths


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    lower = tmp_path / "lower"
    for name in ("etc/hosts", "etc/conf/a", "etc/conf/b", "usr/lib/x"):
        (lower / name).parent.mkdir(parents=True, exist_ok=True)
        (lower / name).write_text(name)
    return lower


@contextmanager
def _mounted(snapshots: Snapshots, lower: Path, folder: Path, *more: str) -> Iterator[Path]:
    root = snapshots.root(ID, [str(lower)])
    folder.mkdir(exist_ok=True)
    own = [word for word in root["options"] if not (more and word.startswith("redirect_dir"))]
    options = [f"lowerdir={lower}", f"upperdir={root['upper']}", f"workdir={root['work']}", *own, *more]
    syscalls.mount("overlay", str(folder), "overlay", 0, ",".join(options))
    try:
        yield folder
    finally:
        syscalls.umount(str(folder))


@pytest.fixture
def snapshots(paths: Paths, lower: Path) -> Iterator[Snapshots]:
    snapshots = Snapshots(paths)
    assert snapshots.kind == "overlay"
    snapshots.prepare(ID, [str(lower)])
    yield snapshots
    snapshots.remove(ID)


def _delete_folder(root: Path) -> None:
    shutil.rmtree(root / "etc/conf")


def _replace_folder(root: Path) -> None:
    shutil.rmtree(root / "etc/conf")
    (root / "etc/conf").mkdir()
    (root / "etc/conf/b").touch()
    (root / "etc/conf/c").touch()


def _delete_and_replace_by_file(root: Path) -> None:
    shutil.rmtree(root / "etc/conf")
    (root / "etc/conf").touch()


def _replace_file_by_folder(root: Path) -> None:
    (root / "etc/hosts").unlink()
    (root / "etc/hosts").mkdir()
    (root / "etc/hosts/x").touch()


def _open_only(root: Path) -> None:
    os.close(os.open(root / "etc/hosts", os.O_RDWR))


def _rename_folder(root: Path) -> None:
    subprocess.run(["mv", root / "etc/conf", root / "etc/moved"], check=True)


def _add_and_delete(root: Path) -> None:
    (root / "new").touch()
    (root / "new").unlink()


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda root: None, []),
        (lambda root: (root / "usr/new").touch(), ["C /usr", "A /usr/new"]),
        (lambda root: (root / "etc/hosts").unlink(), ["C /etc", "D /etc/hosts"]),
        (lambda root: (root / "etc/hosts").chmod(0o600), ["C /etc", "C /etc/hosts"]),
        (lambda root: (root / "usr").chmod(0o700), ["C /usr"]),
        (lambda root: (root / "etc/hosts").write_text("ETC/HOSTS"), ["C /etc", "C /etc/hosts"]),
        (lambda root: os.mkfifo(root / "fifo"), ["A /fifo"]),
        (_open_only, []),
        (_add_and_delete, []),
        (_delete_folder, ["C /etc", "D /etc/conf"]),
        (_replace_folder, ["C /etc", "C /etc/conf", "D /etc/conf/a", "C /etc/conf/b", "A /etc/conf/c"]),
        (_delete_and_replace_by_file, ["C /etc", "C /etc/conf"]),
        (_replace_file_by_folder, ["C /etc", "C /etc/hosts", "A /etc/hosts/x"]),
        (_rename_folder, ["C /etc", "D /etc/conf", "A /etc/moved", "A /etc/moved/a", "A /etc/moved/b"]),
    ],
)
@pytest.mark.parametrize("marks", [(), ("userxattr",)], ids=["trusted", "user"])
def test_a_change_is_told_as_docker_tells_it(
    snapshots: Snapshots,
    lower: Path,
    tmp_path: Path,
    act: Callable[[Path], object],
    expected: list[str],
    marks: tuple[str, ...],
) -> None:
    with _mounted(snapshots, lower, tmp_path / "mounted", *marks) as root:
        act(root)
        assert _told(snapshots, lower) == expected
    assert _told(snapshots, lower) == expected


def _told(snapshots: Snapshots, lower: Path) -> list[str]:
    return [f"{change.kind} {change.path}" for change in snapshots.changes(ID, [str(lower)])]


def test_the_image_stays_as_it_is(snapshots: Snapshots, lower: Path, tmp_path: Path) -> None:
    with _mounted(snapshots, lower, tmp_path / "mounted") as root:
        shutil.rmtree(root / "etc")
        (root / "new").write_bytes(b"x" * 100)
    assert sorted(os.listdir(lower)) == ["etc", "usr"]
    assert snapshots.size(ID) == 100


def test_a_layer_is_removed_with_all_that_overlay_left_in_it(
    snapshots: Snapshots, lower: Path, paths: Paths, tmp_path: Path
) -> None:
    with _mounted(snapshots, lower, tmp_path / "mounted") as root:
        shutil.rmtree(root / "etc")
    snapshots.remove(ID)
    assert os.listdir(paths.container(ID)) == []


def test_the_trial_leaves_nothing(paths: Paths) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    assert Snapshots(paths).kind == "overlay"
    assert os.listdir(paths.root) == []
    assert os.listdir(paths.run) == ["storage.json"]
    assert Path("/proc/self/mountinfo").read_text() == before


@pytest.fixture
def on_an_overlay(tmp_path: Path) -> Iterator[Paths]:
    """A state root which is itself an overlay, as in a container of another engine."""
    for name in ("l", "u", "w", "state"):
        (tmp_path / name).mkdir()
    folder = f"{tmp_path}/state"
    options = f"lowerdir={tmp_path}/l,upperdir={tmp_path}/u,workdir={tmp_path}/w"
    syscalls.mount("overlay", folder, "overlay", 0, options)
    yield Paths(folder, f"{tmp_path}/run")
    syscalls.umount(folder)


def test_a_state_on_an_overlay_has_its_layers_in_memory_and_says_so(
    on_an_overlay: Paths, lower: Path, tmp_path: Path
) -> None:
    snapshots = Snapshots(on_an_overlay)
    assert snapshots.kind == "overlay on tmpfs"
    assert f"{on_an_overlay.root} lies on overlay, which cannot hold" in snapshots.warnings[0]
    assert "lost at a reboot" in snapshots.warnings[0]
    assert not os.path.exists(f"{on_an_overlay.root}/scratch")
    snapshots.prepare(ID, [str(lower)])
    assert os.path.ismount(f"{on_an_overlay.root}/scratch")
    with _mounted(snapshots, lower, tmp_path / "mounted") as root:
        (root / "etc/hosts").unlink()
        assert _told(snapshots, lower) == ["C /etc", "D /etc/hosts"]
    snapshots.prepare("another", [str(lower)])
    snapshots.remove(ID)
    assert os.path.ismount(f"{on_an_overlay.root}/scratch")
    snapshots.remove("another")
    assert not os.path.exists(f"{on_an_overlay.root}/scratch")


def test_layers_in_memory_that_are_gone_are_made_anew_at_the_next_start(on_an_overlay: Paths, lower: Path) -> None:
    snapshots = Snapshots(on_an_overlay)
    snapshots.prepare(ID, [str(lower)])
    syscalls.umount(f"{on_an_overlay.root}/scratch")
    root = snapshots.root(ID, [str(lower)])
    assert os.path.isdir(root["upper"])
    snapshots.remove(ID)
    assert not os.path.exists(f"{on_an_overlay.root}/scratch")


@pytest.fixture
def no_mounts() -> Iterator[None]:
    """A kernel that mounts nothing."""

    def refuse(call: str) -> None:
        if call == "mount":
            raise OSError(errno.ENODEV, "No such device")

    syscalls.hook = refuse
    yield
    syscalls.hook = None


def test_where_nothing_can_be_mounted_each_container_gets_a_copy(paths: Paths, lower: Path, no_mounts: None) -> None:
    snapshots = Snapshots(paths)
    assert snapshots.kind == "copy"
    assert "No such device" in snapshots.warnings[0]
    snapshots.prepare(ID, [str(lower)])
    root = snapshots.root(ID, [str(lower)])
    assert root["kind"] == "directory"
    (Path(root["path"]) / "etc/hosts").unlink()
    assert _told(snapshots, lower) == ["C /etc", "D /etc/hosts"]
    snapshots.remove(ID)
    assert os.listdir(paths.container(ID)) == []


def test_a_tree_with_something_mounted_in_it_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "t/mnt").mkdir(parents=True)
    (tmp_path / "t/file").touch()
    syscalls.mount("tmpfs", f"{tmp_path}/t/mnt", "tmpfs", 0)
    try:
        with pytest.raises(OSError, match="a file system is mounted there"):
            tree.remove(f"{tmp_path}/t")
        assert (tmp_path / "t/file").exists()
    finally:
        syscalls.umount(f"{tmp_path}/t/mnt")
    tree.remove(f"{tmp_path}/t")


def test_files_that_a_container_made_immutable_are_removed(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t/file").touch()
    made = subprocess.run(["chattr", "+i", tmp_path / "t/file", tmp_path / "t"], capture_output=True)
    if made.returncode != 0:
        pytest.skip("needs a file system with immutable files")
    tree.remove(f"{tmp_path}/t")
    assert not (tmp_path / "t").exists()

"""What a container has changed, told from whole copies of its root: nothing here needs root or a mount."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from engine.errors import Conflict
from engine.layers import changes, copying, walking
from engine.state import tree


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    lower = tmp_path / "lower"
    for name in ("etc/hosts", "etc/conf/a", "etc/conf/b", "usr/lib/x"):
        (lower / name).parent.mkdir(parents=True, exist_ok=True)
        (lower / name).write_text(name)
    (lower / "link").symlink_to("etc/hosts")
    return lower


@pytest.fixture
def root(lower: Path, tmp_path: Path) -> Path:
    copying.copy([str(lower)], str(tmp_path / "root"))
    return tmp_path / "root"


def _changes(root: Path, *lowers: Path) -> list[str]:
    found = changes.compare(str(root), [str(lower) for lower in lowers], complete=True)
    return [f"{change.kind} {change.path}" for change in found]


def test_a_fresh_copy_has_no_changes(root: Path, lower: Path) -> None:
    assert _changes(root, lower) == []


def test_an_added_file_changes_its_folders(root: Path, lower: Path) -> None:
    (root / "usr/lib/new").touch()
    assert _changes(root, lower) == ["C /usr", "C /usr/lib", "A /usr/lib/new"]


def test_everything_in_an_added_folder_is_added(root: Path, lower: Path) -> None:
    (root / "opt/a").mkdir(parents=True)
    (root / "opt/a/x").touch()
    assert _changes(root, lower) == ["A /opt", "A /opt/a", "A /opt/a/x"]


def test_a_deleted_folder_is_named_once(root: Path, lower: Path) -> None:
    shutil.rmtree(root / "etc/conf")
    assert _changes(root, lower) == ["C /etc", "D /etc/conf"]


def test_other_permissions_alone_are_a_change(root: Path, lower: Path) -> None:
    (root / "etc/hosts").chmod(0o600)
    (root / "usr").chmod(0o700)
    assert _changes(root, lower) == ["C /etc", "C /etc/hosts", "C /usr"]


def test_other_content_is_a_change_even_of_the_same_length(root: Path, lower: Path) -> None:
    (root / "etc/hosts").write_text("ETC/HOSTS")
    assert _changes(root, lower) == ["C /etc", "C /etc/hosts"]


def test_a_file_that_was_only_opened_is_no_change(root: Path, lower: Path) -> None:
    os.close(os.open(root / "etc/hosts", os.O_RDWR))
    assert _changes(root, lower) == []


def test_a_link_that_points_elsewhere_is_a_change(root: Path, lower: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("/etc/shadow")
    assert _changes(root, lower) == ["C /link"]


def test_a_folder_in_place_of_a_file_is_a_change_with_what_is_in_it(root: Path, lower: Path) -> None:
    (root / "etc/hosts").unlink()
    (root / "etc/hosts").mkdir()
    (root / "etc/hosts/x").touch()
    assert _changes(root, lower) == ["C /etc", "C /etc/hosts", "A /etc/hosts/x"]


def test_a_file_in_place_of_a_folder_is_one_change(root: Path, lower: Path) -> None:
    shutil.rmtree(root / "etc/conf")
    (root / "etc/conf").touch()
    assert _changes(root, lower) == ["C /etc", "C /etc/conf"]


def test_names_that_are_not_text_are_kept_as_they_are(root: Path, lower: Path) -> None:
    (Path(os.fsdecode(os.fsencode(root) + b"/\xff\n"))).touch()
    assert _changes(root, lower) == [f"A /{os.fsdecode(bytes([255, 10]))}"]


def test_a_link_in_the_container_leads_nowhere(root: Path, lower: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").touch()
    shutil.rmtree(root / "etc")
    (root / "etc").symlink_to(tmp_path / "outside")
    assert _changes(root, lower) == ["C /etc"]


def test_layers_lie_over_each_other(root: Path, lower: Path, tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "etc").mkdir(parents=True)
    (top / "etc/hosts").write_text("of the top layer")
    assert _changes(root, top, lower) == ["C /etc", "C /etc/hosts"]
    copying.copy([str(top), str(lower)], str(tmp_path / "second"))
    assert (tmp_path / "second/etc/hosts").read_text() == "of the top layer"
    assert (tmp_path / "second/etc/conf/a").exists()
    assert _changes(tmp_path / "second", top, lower) == []


def test_a_tree_deeper_than_any_path_is_not_followed_to_its_end(root: Path, lower: Path) -> None:
    fd = os.open(root, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("dd", dir_fd=fd)
        below = os.open("dd", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    try:
        found = _changes(root, lower)
    finally:
        tree.remove(str(root))  # pytest cannot
    assert max(map(len, found)) <= walking.PATH_MAX + 256
    assert len(found) > 1000


def test_a_folder_that_is_moved_meanwhile_is_a_conflict(
    root: Path, lower: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Moving(changes.Comparison):
        def entered(self, name: str) -> Iterable[str]:
            if name == "conf":
                os.rename(root / "etc/conf", tmp_path / "elsewhere")
            return super().entered(name)

    monkeypatch.setattr(changes, "Comparison", Moving)
    with pytest.raises(Conflict, match="moved a directory while it was looked at"):
        _changes(root, lower)


def test_a_copy_has_the_times_links_and_permissions_of_the_layers(tmp_path: Path) -> None:
    lower = tmp_path / "lower"
    (lower / "dir").mkdir(parents=True)
    (lower / "dir/one").write_bytes(b"x" * 100_000)
    os.link(lower / "dir/one", lower / "two")
    os.mkfifo(lower / "fifo")
    (lower / "dir").chmod(0o1770)
    for name in ("dir/one", "dir"):
        os.utime(lower / name, ns=(1_000_000_001, 2_000_000_002))
    assert copying.copy([str(lower)], str(tmp_path / "copy")) == 100_000
    copy = tmp_path / "copy"
    assert (copy / "dir/one").read_bytes() == b"x" * 100_000
    assert os.stat(copy / "dir/one").st_ino == os.stat(copy / "two").st_ino
    assert os.stat(copy / "dir/one").st_ino != os.stat(lower / "two").st_ino
    assert os.stat(copy / "dir").st_mtime_ns == os.stat(copy / "dir/one").st_mtime_ns == 2_000_000_002
    assert os.stat(copy / "dir").st_mode == os.stat(lower / "dir").st_mode
    assert copy.stat().st_mode & 0o777 == 0o755

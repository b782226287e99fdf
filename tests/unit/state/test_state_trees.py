"""Trees that strangers filled are removed whole, and nothing outside of them is touched."""

import os
from pathlib import Path

import pytest

from engine.state import tree


def test_a_tree_is_removed_with_everything_in_it(tmp_path: Path) -> None:
    (tmp_path / "t/a/b").mkdir(parents=True)
    (tmp_path / "t/a/b/file").write_bytes(b"x" * 5000)
    (tmp_path / "t/c").mkdir()
    os.mkfifo(tmp_path / "t/fifo")
    assert tree.remove(str(tmp_path / "t")) >= 5000
    assert list(tmp_path.iterdir()) == []


def test_removing_what_is_gone_is_success(tmp_path: Path) -> None:
    assert tree.remove(str(tmp_path / "nothing")) == 0
    assert tree.remove(str(tmp_path / "nothing/deeper")) == 0


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()
    (tmp_path / "t").mkdir()
    (tmp_path / "t/link").symlink_to(tmp_path / "kept")
    tree.remove(str(tmp_path / "t"))
    assert (tmp_path / "kept/file").exists()


def test_a_link_in_place_of_the_tree_is_removed_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()
    (tmp_path / "t").symlink_to(tmp_path / "kept")
    tree.remove(str(tmp_path / "t"))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept/file").exists()


def _nest(folder: Path, depth: int) -> None:
    """Directories too deep for any path."""
    fd = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=fd)
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("file", os.O_CREAT, dir_fd=fd))
    os.close(fd)


def test_a_tree_deeper_than_any_path_is_measured_and_removed(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    _nest(tmp_path / "t", 5000)
    assert tree.size(str(tmp_path / "t")) == 0
    tree.remove(str(tmp_path / "t"))
    assert list(tmp_path.iterdir()) == []


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    (tmp_path / "t/a/b").mkdir(parents=True)
    before = os.listdir("/proc/self/fd")
    tree.size(str(tmp_path / "t"))
    tree.remove(str(tmp_path / "t"))
    assert os.listdir("/proc/self/fd") == before


def test_the_size_is_that_of_the_files_each_counted_once(tmp_path: Path) -> None:
    (tmp_path / "t/a").mkdir(parents=True)
    (tmp_path / "t/a/one").write_bytes(b"x" * 100)
    os.link(tmp_path / "t/a/one", tmp_path / "t/two")
    (tmp_path / "t/three").write_bytes(b"x" * 11)
    assert tree.size(str(tmp_path / "t")) == 111
    assert tree.size(str(tmp_path / "nothing")) == 0


def test_a_walk_refuses_to_go_up_where_it_did_not_come_down(tmp_path: Path) -> None:
    (tmp_path / "t/inner").mkdir(parents=True)

    class Moving(tree.Walk):
        def visit(self, names: list[str]) -> list[str]:
            if not names:
                os.rename(tmp_path / "t/inner", tmp_path / "elsewhere")
            return names

    walk = Moving(os.open(tmp_path, os.O_RDONLY))
    with pytest.raises(OSError, match="moved meanwhile"):
        walk.run("t")
    walk.close()


@pytest.mark.parametrize(("entries", "small"), [(3, False), (4, True), (100, True)])
def test_counting_stops_at_its_bound_and_follows_no_link(tmp_path: Path, entries: int, small: bool) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    (tmp_path / "loop").symlink_to("/")
    assert tree.has_at_most(str(tmp_path), entries) is small


def test_a_tree_that_is_not_there_is_small(tmp_path: Path) -> None:
    assert tree.has_at_most(str(tmp_path / "none"), 0)

"""Two stacks of folders compared, and one written as a single archive."""

import os
from pathlib import Path

import pytest
from support.layer_archive import fill, flat, make_opaque, set_attribute, whiteout

from engine.layers import changes
from engine.layers.between import between


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return fill(tmp_path / "base", ("bin/sh", "etc/hosts", "usr/lib/a", "usr/lib/b"))


def _between(old: list[Path], new: list[Path]) -> list[str]:
    found = between([str(folder) for folder in old], [str(folder) for folder in new])
    return [f"{change.kind} {change.path}" for change in found]


def test_a_stack_and_itself_are_the_same(base: Path, tmp_path: Path) -> None:
    top = fill(tmp_path / "top", ("etc/new",))
    assert _between([top, base], [top, base]) == []


def test_two_ways_on_from_one_image_are_told_apart(base: Path, tmp_path: Path) -> None:
    one = fill(tmp_path / "one", ("etc/one", "usr/lib/both"))
    other = fill(tmp_path / "other", ("etc/other", "usr/lib/both"))
    whiteout(other / "bin")
    expected = ["D /bin", "C /etc", "D /etc/one", "A /etc/other"]
    assert _between([one, base], [other, base]) == expected
    assert _between([other, base], [one, base]) == ["A /bin", "A /bin/sh", "C /etc", "A /etc/one", "D /etc/other"]


def test_a_layer_against_nothing_is_all_there_is(base: Path) -> None:
    assert _between([], [base])[:3] == ["A /bin", "A /bin/sh", "A /etc"]
    assert _between([base], [])[:1] == ["D /bin"]


def test_unrelated_images_with_the_same_files_are_the_same(base: Path, tmp_path: Path) -> None:
    twin = fill(tmp_path / "twin", ("bin/sh", "etc/hosts", "usr/lib/a", "usr/lib/b"))
    assert _between([base], [twin]) == []


def test_other_content_behind_equal_length_and_time_is_found(base: Path, tmp_path: Path) -> None:
    twin = fill(tmp_path / "twin", ("bin/sh", "etc/hosts", "usr/lib/a", "usr/lib/b"))
    (twin / "bin/sh").write_text("BIN/SH")
    os.utime(twin / "bin/sh", ns=(10**18, 10**18))
    assert _between([base], [twin]) == ["C /bin", "C /bin/sh"]


def test_a_file_known_to_be_an_untouched_copy_is_not_read(base: Path, tmp_path: Path) -> None:
    copy = fill(tmp_path / "copy", ("bin/sh", "etc/hosts", "usr/lib/a", "usr/lib/b"))
    (copy / "bin/sh").write_text("BIN/SH")
    os.utime(copy / "bin/sh", ns=(10**18, 10**18))
    touched_ns = os.stat(copy / "bin/sh").st_ctime_ns
    told = changes.compare(str(copy), [str(base)], complete=True, settled_ns=touched_ns)
    assert [change.path for change in told] == ["/bin", "/bin/sh"]
    assert changes.compare(str(copy), [str(base)], complete=True, settled_ns=touched_ns + 1) == []


def test_other_times_alone_are_a_change_of_a_file_and_none_of_a_directory(base: Path, tmp_path: Path) -> None:
    twin = fill(tmp_path / "twin", ("bin/sh", "etc/hosts", "usr/lib/a", "usr/lib/b"))
    os.utime(twin / "etc/hosts", ns=(1, 1))
    os.utime(twin / "usr/lib", ns=(1, 1))
    assert _between([base], [twin]) == ["C /etc", "C /etc/hosts"]


def test_a_link_that_leads_elsewhere_at_the_same_time_is_a_change(tmp_path: Path) -> None:
    stacks = []
    for target in ("one", "two"):
        folder = fill(tmp_path / target, ())
        (folder / "link").symlink_to(target)
        os.utime(folder / "link", ns=(1, 1), follow_symlinks=False)
        stacks.append([folder])
    assert _between(*stacks) == ["C /link"]


def test_a_layer_may_lie_in_a_stack_twice(base: Path, tmp_path: Path) -> None:
    top = fill(tmp_path / "top", ("etc/new",))
    assert _between([top, base, top], [base, top]) == []


def test_a_stack_is_written_as_overlay_shows_it(base: Path, tmp_path: Path) -> None:
    middle = fill(tmp_path / "middle", ("etc/hosts/is-a-directory-now", "opt/x"))
    top = fill(tmp_path / "top", ("usr/lib/a", "opt/y"))
    whiteout(top / "bin")
    make_opaque(top / "usr/lib")
    set_attribute(top / "usr/lib/a", "user.note", b"kept")
    taken = flat(top, middle, base)
    assert taken.paths == [
        *(".", "etc", "etc/hosts", "etc/hosts/is-a-directory-now"),
        *("opt", "opt/x", "opt/y", "usr", "usr/lib", "usr/lib/a"),
    ]
    assert taken.content("opt/x") == b"opt/x"
    assert taken.xattrs("usr/lib/a") == {"user.note": b"kept"}
    assert taken.xattrs("usr/lib") == {}


def test_names_of_one_file_stay_one_within_a_layer(base: Path, tmp_path: Path) -> None:
    os.link(base / "bin/sh", base / "bin/ash")
    top = fill(tmp_path / "top", ())
    os.link(base / "bin/sh", top / "sh")  # as a store that shares equal files between layers might have it
    taken = flat(top, base)
    assert taken["bin/sh"].linkname == "bin/ash"
    assert taken["sh"].isfile()


def test_a_stack_of_two_hundred_layers_is_one_tree(tmp_path: Path) -> None:
    folders = [fill(tmp_path / f"{number}", (f"deep/er/{number:03d}",)) for number in range(200)]
    assert len(flat(*folders).paths) == 203
    assert _between(folders[1:], folders) == ["C /deep", "C /deep/er", "A /deep/er/000"]

"""The archives we write are what other programs read, the same each time, and the same as what is unpacked."""

import io
import os
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.image.builtin import layer
from engine.image.builtin.layer import Entry

FOLDER, FILE, LINK = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777
TIME = 1_700_000_000


def _archive(plan: dict[str, Entry], folder: Path) -> bytes:
    folder.mkdir()
    output = io.BytesIO()
    layer.write(plan, output, str(folder))
    return output.getvalue()


def test_other_programs_read_names_modes_times_and_content(tmp_path: Path) -> None:
    plan = {
        "bin": Entry(LINK, TIME, target="usr/bin"),
        "usr": Entry(FOLDER, TIME),
        "usr/tmp": Entry(stat.S_IFDIR | 0o1777, TIME),
        "usr/x": Entry(stat.S_IFREG | 0o755, TIME + 1, data=b"content"),
    }
    with tarfile.open(fileobj=io.BytesIO(_archive(plan, tmp_path / "fs"))) as archive:
        members = {member.name: member for member in archive}
        assert list(members) == sorted(plan)
        assert (members["usr/x"].mode, members["usr/x"].mtime) == (0o755, TIME + 1)
        assert archive.extractfile("usr/x").read() == b"content"  # type: ignore[union-attr]
        assert members["bin"].linkname == "usr/bin"
        assert members["usr/tmp"].mode == 0o1777
        assert {(member.uid, member.gid) for member in archive} == {(0, 0)}


def test_what_is_unpacked_is_what_the_archive_says(tmp_path: Path) -> None:
    plan = {
        "a": Entry(FOLDER, TIME),
        "a/link": Entry(LINK, TIME, target="../nowhere"),
        "a/tmp": Entry(stat.S_IFDIR | 0o1777, TIME),
        "a/x": Entry(stat.S_IFREG | 0o640, TIME + 5, data=b"x" * 1000),
    }
    _archive(plan, tmp_path / "fs")
    for path, entry in plan.items():
        info = os.lstat(tmp_path / "fs" / path)
        assert (info.st_mode, int(info.st_mtime)) == (entry.mode, entry.mtime), path
    assert os.readlink(tmp_path / "fs/a/link") == "../nowhere"
    assert (tmp_path / "fs/a/x").read_bytes() == b"x" * 1000


def test_the_same_plan_gives_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    plan = {name: Entry(FILE, TIME, data=name.encode()) for name in ("b", "a", "c")}
    turned = dict(reversed(plan.items()))
    assert _archive(plan, tmp_path / "1") == _archive(turned, tmp_path / "2")


@pytest.mark.parametrize("length", [99, 100, 101, 154, 155, 156, 255])
def test_long_names_and_targets_survive(tmp_path: Path, length: int) -> None:
    deep = "d" * 90
    plan = {
        deep: Entry(FOLDER, TIME),
        f"{deep}/{deep}": Entry(FOLDER, TIME),
        f"{deep}/{deep}/{'n' * length}": Entry(FILE, TIME, data=b"1"),
        "l" * length: Entry(LINK, TIME, target="t" * length),
    }
    with tarfile.open(fileobj=io.BytesIO(_archive(plan, tmp_path / "fs"))) as archive:
        assert archive.getnames() == sorted(plan)
        assert archive.getmember("l" * length).linkname == "t" * length


def test_gnu_tar_reads_the_archive(tmp_path: Path) -> None:
    plan = {"a" * 120: Entry(FILE, TIME, data=b"hello"), "b": Entry(LINK, TIME, target="c")}
    (tmp_path / "layer.tar").write_bytes(_archive(plan, tmp_path / "fs"))
    listed = subprocess.run(["tar", "-tf", tmp_path / "layer.tar"], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == sorted(plan)
    assert listed.stderr == ""


def test_a_file_that_is_too_large_is_refused_by_name(tmp_path: Path) -> None:
    with open(tmp_path / "big", "wb") as file:
        file.truncate(layer.FILE_MAX + 1)
    with pytest.raises(InvalidInput, match="big is too large"):
        _archive({"x": Entry(FILE, TIME, source=f"{tmp_path}/big")}, tmp_path / "fs")


def test_a_copy_shares_nothing_with_the_file_of_the_host(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"of the host")
    _archive({"x": Entry(FILE, TIME, source=str(source))}, tmp_path / "fs")
    (tmp_path / "fs/x").write_bytes(b"of the container")
    assert source.read_bytes() == b"of the host"
    assert os.stat(source).st_nlink == 1

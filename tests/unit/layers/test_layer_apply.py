"""A layer unpacked: every kind of entry, with everything it has."""

import io
import os
import stat
import struct
import tarfile
from pathlib import Path

import pytest
from support.layer_members import apply, archive, device, fifo, file, folder, hard, link, look, names, xattrs

from engine.archive.reader import Reader
from engine.errors import InvalidInput
from engine.layers import apply as applying

root = pytest.mark.root


def test_a_file_has_its_content_and_everything_else(tmp_path: Path) -> None:
    done = apply(tmp_path / "l", file("a", b"hello", mode=0o640, mtime=1234567.5))
    info = os.stat(tmp_path / "l/a")
    assert (tmp_path / "l/a").read_bytes() == b"hello"
    assert (stat.S_IMODE(info.st_mode), info.st_mtime_ns) == (0o640, 1_234_567_500_000_000)
    assert (done.size_bytes, done.entries, done.depends, done.root) == (5, 1, False, False)


@root
def test_set_user_id_survives_the_change_of_owner(tmp_path: Path) -> None:
    apply(tmp_path / "l", file("su", mode=0o6755, uid=1000, gid=1001), folder("tmp", mode=0o3777, uid=7, gid=8))
    info, sticky = os.stat(tmp_path / "l/su"), os.stat(tmp_path / "l/tmp")
    assert (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid) == (0o6755, 1000, 1001)
    assert (stat.S_IMODE(sticky.st_mode), sticky.st_uid, sticky.st_gid) == (0o3777, 7, 8)


@root
def test_a_capability_survives_the_change_of_owner(tmp_path: Path) -> None:
    value = struct.pack("<IIIII", 0x02000001, 0x2000, 0, 0, 0)
    pax = {"SCHILY.xattr.security.capability": value.decode("latin-1")}
    apply(tmp_path / "l", file("ping", uid=5, pax=pax))
    assert xattrs(tmp_path / "l/ping") == {"security.capability": value}


def test_the_time_of_a_folder_is_its_own_whatever_is_made_in_it_later(tmp_path: Path) -> None:
    apply(tmp_path / "l", folder("d", mtime=5), folder("d/e", mtime=6), file("d/e/x"), file("d/y"), file("d/e/z"))
    assert [os.stat(tmp_path / "l" / name).st_mtime for name in ("d", "d/e")] == [5, 6]


def test_the_time_of_a_folder_stays_through_hundreds_of_others(tmp_path: Path) -> None:
    many = [folder(f"d/{number}", mtime=number) for number in range(300)]
    files = [file(f"d/{number}/x") for number in range(300)]
    apply(tmp_path / "l", folder("d", mtime=5), *many, *files, file("d/last"))
    assert os.stat(tmp_path / "l/d").st_mtime == 5
    assert [os.stat(tmp_path / f"l/d/{number}").st_mtime for number in range(300)] == list(range(300))


def test_a_link_has_a_time_of_its_own(tmp_path: Path) -> None:
    apply(tmp_path / "l", link("s", "/nowhere", mtime=77))
    info = os.lstat(tmp_path / "l/s")
    assert (os.readlink(tmp_path / "l/s"), info.st_mtime) == ("/nowhere", 77)


@root
def test_devices_and_fifos_are_made(tmp_path: Path) -> None:
    apply(tmp_path / "l", device("c", 1, 3, mode=0o666), device("b", 7, 1, tarfile.BLKTYPE), fifo("p", mode=0o600))
    found = look(tmp_path / "l")
    assert [found[name][:2] for name in "cbp"] == [("c", 0o666), ("b", 0o644), ("p", 0o600)]
    assert (found["c"][4], found["b"][4]) == (os.makedev(1, 3), os.makedev(7, 1))


def test_hard_links_are_one_file_and_a_link_to_a_link_is_the_link(tmp_path: Path) -> None:
    apply(tmp_path / "l", file("a", b"x"), hard("d/b", "a"), link("s", "a"), hard("t", "./s"), hard("u", "/a"))
    found = look(tmp_path / "l")
    assert [found[name][6] for name in ("a", "d/b", "u")] == ["a", "a", "a"]
    assert found["t"][4] == "a"
    assert found["t"][6] == found["s"][6] == "s"


def test_a_hard_link_to_itself_changes_nothing(tmp_path: Path) -> None:
    apply(tmp_path / "l", file("a", b"x"), hard("a", "a"))
    assert (tmp_path / "l/a").read_bytes() == b"x"


def test_names_that_are_not_utf_8_stay_as_they_are(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9/\xff\xfe")
    apply(tmp_path / "l", file(name, b"x"))
    assert os.listdir(os.fsencode(tmp_path / "l")) == [b"caf\xe9"]
    assert (tmp_path / "l" / name).read_bytes() == b"x"


def test_the_root_entry_gives_the_folder_its_attributes(tmp_path: Path) -> None:
    done = apply(tmp_path / "l", folder("./", mode=0o711, mtime=9), file("x"))
    info = os.stat(tmp_path / "l")
    assert (done.root, stat.S_IMODE(info.st_mode), info.st_mtime) == (True, 0o711, 9)


def test_the_later_of_two_entries_wins(tmp_path: Path) -> None:
    apply(tmp_path / "l", file("a", b"1"), file("a", b"22"), link("b", "x"), file("b", b"3"), file("c"), link("c", "y"))
    found = look(tmp_path / "l")
    assert (found["a"][4], found["b"][4], found["c"][4]) == (b"22", b"3", "y")


def test_a_file_that_is_written_again_leaves_its_other_name_alone(tmp_path: Path) -> None:
    apply(tmp_path / "l", file("a", b"1"), hard("b", "a"), file("a", b"2"))
    assert ((tmp_path / "l/a").read_bytes(), (tmp_path / "l/b").read_bytes()) == (b"2", b"1")


def test_a_folder_that_a_file_replaces_goes_with_all_in_it(tmp_path: Path) -> None:
    apply(tmp_path / "l", folder("d"), folder("d/e"), file("d/e/x"), file("d", b"now a file"), folder("o"))
    assert names(tmp_path / "l") == ["d", "o/"]


def test_a_folder_that_is_named_again_only_changes_its_attributes(tmp_path: Path) -> None:
    pax = {"SCHILY.xattr.user.old": "1"}
    apply(tmp_path / "l", folder("d", pax=pax), file("d/x"), folder("d", mode=0o700, mtime=3))
    info = os.stat(tmp_path / "l/d")
    assert (stat.S_IMODE(info.st_mode), info.st_mtime, xattrs(tmp_path / "l/d")) == (0o700, 3, {})
    assert (tmp_path / "l/d/x").exists()


@root
def test_folders_without_an_entry_are_roots_and_the_layer_depends_on_others(tmp_path: Path) -> None:
    done = apply(tmp_path / "l", file("a/b/x"))
    info = os.stat(tmp_path / "l/a/b")
    assert (stat.S_IMODE(info.st_mode), info.st_uid, info.st_mtime, done.depends) == (0o755, 0, 0, True)


def test_a_folder_that_is_named_after_its_content_gets_its_attributes(tmp_path: Path) -> None:
    apply(tmp_path / "l", file("a/x"), folder("a", mode=0o750, mtime=4))
    info = os.stat(tmp_path / "l/a")
    assert (stat.S_IMODE(info.st_mode), info.st_mtime) == (0o750, 4)


def test_orders_to_overlay_are_left_out_and_other_attributes_stay(tmp_path: Path) -> None:
    pax = {f"SCHILY.xattr.{name}": "y" for name in ("user.overlay.opaque", "user.overlay.redirect", "user.mine")}
    apply(tmp_path / "l", folder("d", pax=pax), file("f", pax=pax))
    assert [xattrs(tmp_path / f"l/{name}") for name in "df"] == [{"user.mine": b"y"}, {"user.mine": b"y"}]


@root
def test_trusted_orders_to_overlay_are_left_out_too(tmp_path: Path) -> None:
    keys = ("trusted.overlay.opaque", "trusted.overlay.metacopy", "trusted.overlay.whiteout", "trusted.mine")
    apply(tmp_path / "l", folder("d", pax={f"SCHILY.xattr.{name}": "y" for name in keys}))
    assert xattrs(tmp_path / "l/d") == {"trusted.mine": b"y"}


def test_attributes_that_links_cannot_have_are_left_out(tmp_path: Path) -> None:
    apply(tmp_path / "l", link("s", "x", pax={"SCHILY.xattr.user.mine": "y", "SCHILY.xattr.nonsense": "y"}))
    assert xattrs(tmp_path / "l/s") == {}


def test_a_default_acl_is_not_inherited_by_what_the_archive_has_without(tmp_path: Path) -> None:
    acl = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, permissions, 0xFFFFFFFF) for tag, permissions in ((1, 7), (4, 5), (0x20, 0))
    )
    pax = {"SCHILY.xattr.system.posix_acl_default": acl.decode("utf-8", "surrogateescape")}
    apply(tmp_path / "l", folder("d", pax=pax), file("d/x", mode=0o644), folder("d/e"), file("d/e/y"))
    assert xattrs(tmp_path / "l/d") == {"system.posix_acl_default": acl}
    assert [xattrs(tmp_path / f"l/d/{name}") for name in ("x", "e", "e/y")] == [{}, {}, {}]
    assert stat.S_IMODE(os.stat(tmp_path / "l/d/x").st_mode) == 0o644


def test_a_sparse_file_has_its_holes(tmp_path: Path) -> None:
    name, size = "big", 1 << 30
    pax = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": name,
        "GNU.sparse.realsize": str(size),
    }
    pieces = f"2\n{1 << 20}\n4\n{size}\n0\n".encode().ljust(512, b"\0")
    done = apply(tmp_path / "l", file("GNUSparseFile.0/big", pieces + b"data", pax=pax))
    info = os.stat(tmp_path / "l/big")
    assert (info.st_size, done.size_bytes) == (size, size)
    assert info.st_blocks * 512 < 1 << 20
    with open(tmp_path / "l/big", "rb") as opened:
        assert os.pread(opened.fileno(), 6, (1 << 20) - 1) == b"\0data\0"


@pytest.mark.parametrize(
    ("mtime", "seconds"), [(0, 0), (-1.5, -1.5), (2**33, 2**33)], ids=["epoch", "before it", "after 2106"]
)
def test_times_are_kept_before_the_epoch_and_after_2106(tmp_path: Path, mtime: float, seconds: float) -> None:
    apply(tmp_path / "l", file("a", mtime=mtime), folder("d", mtime=mtime))
    assert [os.stat(tmp_path / "l" / name).st_mtime for name in "ad"] == [seconds, seconds]


@pytest.mark.parametrize("mtime", [10**30, -(10**30)])
def test_times_beyond_all_bounds_are_cut_or_refused(tmp_path: Path, mtime: int) -> None:
    try:
        apply(tmp_path / "l", file("a", mtime=mtime, pax={"mtime": str(mtime)}))
    except InvalidInput as err:
        assert "damaged" in err.message
    else:
        assert os.stat(tmp_path / "l/a").st_mtime != 0


def test_progress_counts_the_bytes_of_files(tmp_path: Path) -> None:
    heard: list[int] = []
    os.mkdir(tmp_path / "l")
    data = archive([file("a", bytes(3 << 20)), folder("d"), file("d/b", b"123")])
    applying.apply(Reader(io.BytesIO(data)), str(tmp_path / "l"), progress=heard.append)
    assert heard == sorted(heard)
    assert len(heard) >= 4
    assert heard[-1] == (3 << 20) + 3

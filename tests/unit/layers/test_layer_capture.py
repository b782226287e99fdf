"""A container's changes as a layer, from folders made as overlay makes them; read by Python's own tarfile."""

import os
import shutil
import socket
import stat
from pathlib import Path

import pytest
from support.layer_archive import fill, make_opaque, nest, set_attribute, take, whiteout

from engine.errors import InvalidInput
from engine.state import tree

IMAGE = ("etc/hosts", "etc/conf/a", "etc/conf/b", "usr/lib/x")


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    return fill(tmp_path / "lower", IMAGE)


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    return fill(tmp_path / "upper", ())


def test_nothing_changed_makes_a_layer_of_nothing(upper: Path, lower: Path) -> None:
    fill(upper, ("etc/hosts",))
    assert take(upper, lower).paths == []


def test_a_new_file_is_there_with_the_directories_above_it(upper: Path, lower: Path) -> None:
    fill(upper, ("usr/lib/new", "etc/"))
    os.chmod(upper / "usr/lib/new", 0o4711)
    os.utime(upper / "usr/lib", ns=(5, 1_234_567_890_123_456_789))
    taken = take(upper, lower)
    assert taken.paths == ["usr", "usr/lib", "usr/lib/new"]
    assert taken.content("usr/lib/new") == b"usr/lib/new"
    assert taken["usr/lib/new"].mode == 0o4711
    assert taken["usr/lib"].pax_headers["mtime"] == "1234567890.123456789"
    assert all(taken[path].isdir() for path in ("usr", "usr/lib"))
    assert not any("atime" in member.pax_headers or "ctime" in member.pax_headers for member in taken.members)
    assert taken.captured == (3, len("usr/lib/new"), 0)


def test_what_was_only_copied_up_is_left_out(upper: Path, lower: Path) -> None:
    fill(upper, ("etc/hosts", "etc/conf/a", "etc/conf/c"))
    assert take(upper, lower).paths == ["etc", "etc/conf", "etc/conf/c"]


def test_a_deletion_is_a_whiteout(upper: Path, lower: Path) -> None:
    whiteout(upper / "etc/hosts")
    whiteout(upper / "usr")
    whiteout(upper / "never")
    taken = take(upper, lower)
    assert taken.paths == [".wh.usr", "etc", "etc/.wh.hosts"]
    assert [taken[path].type for path in (".wh.usr", "etc/.wh.hosts")] == [b"0", b"0"]
    assert taken["etc/.wh.hosts"].size == taken["etc/.wh.hosts"].mtime == 0


def test_a_directory_made_anew_is_opaque_right_behind_its_entry(upper: Path, lower: Path) -> None:
    make_opaque(upper / "etc/conf")
    fill(upper, ("etc/conf/!first", "etc/conf/deep/z"))
    expected = ["etc", "etc/conf", "etc/conf/.wh..wh..opq", "etc/conf/!first", "etc/conf/deep", "etc/conf/deep/z"]
    taken = take(upper, lower)
    assert taken.paths == expected
    assert taken.xattrs("etc/conf") == {}


def test_a_directory_made_anew_with_most_of_its_content_holds_what_differs(upper: Path, lower: Path) -> None:
    make_opaque(upper / "etc")
    fill(upper, ("etc/hosts", "etc/conf/a", "etc/new"))
    assert take(upper, lower).paths == ["etc", "etc/conf", "etc/conf/.wh.b", "etc/new"]


def test_an_empty_directory_made_anew_is_no_change(upper: Path, tmp_path: Path) -> None:
    lower = fill(tmp_path / "lower", ("empty/",))
    make_opaque(upper / "empty")
    assert take(upper, lower).paths == []


def test_a_directory_replaced_by_a_file_and_back(upper: Path, lower: Path) -> None:
    fill(upper, ("etc/conf", "etc/hosts/in"))
    taken = take(upper, lower)
    assert taken.paths == ["etc", "etc/conf", "etc/hosts", "etc/hosts/in"]
    assert taken["etc/conf"].isfile()
    assert taken["etc/hosts"].isdir()


def test_a_whole_root_says_the_same_as_an_upper_layer(upper: Path, lower: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(lower, root, symlinks=True)
    for folder in (root, upper):
        fill(folder, ("etc/new",))
    os.unlink(root / "etc/hosts")
    whiteout(upper / "etc/hosts")
    os.utime(upper / "etc", ns=(1, 1))
    os.utime(root / "etc", ns=(1, 1))
    assert take(root, lower, complete=True).paths == ["etc", "etc/.wh.hosts", "etc/new"]
    assert take(root, lower, complete=True).data == take(upper, lower).data


def test_the_root_has_an_entry_where_its_own_attributes_changed(upper: Path, lower: Path) -> None:
    upper.chmod(0o1711)
    taken = take(upper, lower)
    assert taken.members[0].isdir()
    assert [member.mode for member in taken.members] == [0o1711]


def test_a_root_as_any_layer_below_has_it_is_no_change(upper: Path, lower: Path, tmp_path: Path) -> None:
    upper.chmod(0o555)
    lower.chmod(0o555)
    assert take(upper, fill(tmp_path / "says nothing of it", ()), lower).paths == []


def test_entries_of_a_directory_come_before_a_name_that_continues_its_own(upper: Path, lower: Path) -> None:
    fill(upper, ("b/x", "b-", "a", "b/y/z", "c/"))
    assert take(upper, lower).paths == ["a", "b", "b/x", "b/y", "b/y/z", "b-", "c"]


def test_the_same_change_makes_the_same_bytes(lower: Path, tmp_path: Path) -> None:
    names = ["one", "two/a", "two/b", "three/x/y"]
    layers = []
    for turn, order in enumerate((names, names[::-1])):
        upper = fill(tmp_path / f"upper{turn}", order)
        whiteout(upper / "etc/hosts")
        for path in (upper, *upper.rglob("*")):
            os.utime(path, ns=(turn, 10**18), follow_symlinks=False)
        layers.append(take(upper, lower).data)
    assert layers[0] == layers[1]


def test_an_attribute_alone_is_a_change(upper: Path, lower: Path) -> None:
    fill(upper, ("etc/hosts",))
    set_attribute(upper / "etc/hosts", "user.note", b"\x00\xff")
    taken = take(upper, lower)
    assert taken.paths == ["etc", "etc/hosts"]
    assert taken.xattrs("etc/hosts") == {"user.note": b"\x00\xff"}


def test_overlays_own_attributes_stay_out(upper: Path, lower: Path) -> None:
    fill(upper, ("etc/hosts", "new/file"))
    for path in ("etc", "etc/hosts", "new", "new/file"):
        set_attribute(upper / path, "user.overlay.origin", b"x")
        set_attribute(upper / path, "user.overlay.impure", b"y")
    taken = take(upper, lower)
    assert taken.paths == ["new", "new/file"]
    assert all(taken.xattrs(path) == {} for path in taken.paths)


def test_an_access_list_is_carried(upper: Path, lower: Path) -> None:
    entries = [(0x01, 6, -1), (0x02, 4, 1000), (0x04, 4, -1), (0x10, 4, -1), (0x20, 4, -1)]
    acl = b"\x02\0\0\0" + b"".join(
        tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + (number & 0xFFFFFFFF).to_bytes(4, "little")
        for tag, bits, number in entries
    )
    fill(upper, ("new",))
    set_attribute(upper / "new", "system.posix_acl_access", acl)
    assert take(upper, lower).xattrs("new") == {"system.posix_acl_access": acl}


def test_links_and_fifos_are_themselves(upper: Path, lower: Path) -> None:
    (upper / "link").symlink_to("/etc/shadow")
    os.mkfifo(upper / "pipe", 0o620)
    taken = take(upper, lower)
    assert taken.paths == ["link", "pipe"]
    assert taken["link"].issym()
    assert taken["link"].linkname == "/etc/shadow"
    assert taken["pipe"].isfifo()


def test_a_socket_is_left_out_and_counted(upper: Path, lower: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(upper)  # a path of a socket is short
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("socket")
    listening.close()
    fill(upper, ("new",))
    taken = take(upper, lower)
    assert taken.paths == ["new"]
    assert taken.captured is not None
    assert taken.captured.sockets == 1


def test_names_of_one_file_lead_to_the_first(upper: Path, lower: Path) -> None:
    fill(upper, ("z/first", "other"))
    os.link(upper / "z/first", upper / "a")
    os.link(upper / "z/first", upper / "z/second")
    taken = take(upper, lower)
    assert taken.paths == ["a", "other", "z", "z/first", "z/second"]
    assert [taken[path].linkname for path in ("z/first", "z/second")] == ["a", "a"]
    assert taken.content("a") == taken.content("z/second") == b"z/first"


def test_a_new_name_of_an_old_file_brings_the_file_along(upper: Path, lower: Path) -> None:
    fill(upper, ("etc/hosts", "usr/"))
    os.link(upper / "etc/hosts", upper / "usr/again")
    taken = take(upper, lower)
    assert taken.paths == ["etc", "etc/hosts", "usr", "usr/again"]
    assert taken["usr/again"].linkname == "etc/hosts"


def test_two_files_that_became_one_are_a_change(upper: Path, tmp_path: Path) -> None:
    lower = fill(tmp_path / "lower", ("a", "b", "c"))
    for path in (lower / "a", lower / "b"):
        path.write_text("same")
        os.utime(path, ns=(1, 1))
    (upper / "a").write_text("same")
    os.utime(upper / "a", ns=(1, 1))
    assert take(upper, lower).paths == []
    os.link(upper / "a", upper / "b")
    assert take(upper, lower)["b"].linkname == "a"


def test_a_sparse_file_stays_sparse(upper: Path, lower: Path) -> None:
    with open(upper / "sparse", "wb") as file:
        file.seek(8 << 20)
        file.write(b"end")
        file.truncate(64 << 20)
    taken = take(upper, lower)
    assert len(taken.data) < 200_000
    content = taken.content("sparse")
    assert len(content) == 64 << 20
    assert content[8 << 20 :][:3] == b"end"
    assert content.count(0) == len(content) - 3


@pytest.mark.parametrize("name", [b"\xff\xfe", b"new\nline", "\u00e4\U0001f600".encode(), b"x" * 255])
def test_names_are_bytes(upper: Path, lower: Path, name: bytes) -> None:
    os.close(os.open(os.fsencode(upper) + b"/" + name, os.O_CREAT | os.O_WRONLY))
    assert [os.fsencode(path) for path in take(upper, lower).paths] == [name]


@pytest.mark.parametrize("name", [".wh.\x1b[31mred", ".wh..wh..opq", ".wh.x/below"])
def test_a_name_that_means_a_deletion_is_refused_by_its_name(upper: Path, lower: Path, name: str) -> None:
    fill(upper, (f"etc/{name}",))
    with pytest.raises(InvalidInput, match=r"^/etc/\.wh\.") as failure:
        take(upper, lower)
    assert failure.value.message.isprintable()
    assert "rename" in failure.value.hint


@pytest.mark.parametrize("depth", [409, 1000])
def test_a_tree_deeper_than_any_path_is_refused(upper: Path, lower: Path, depth: int) -> None:
    nest(upper, depth)
    try:
        with pytest.raises(InvalidInput, match="nested deeper than 4096 bytes of path"):
            take(upper, lower)
    finally:
        tree.remove(str(upper))  # pytest cannot


def test_a_path_may_be_as_long_as_any_program_could_say_it(upper: Path, lower: Path) -> None:
    nest(upper, 408)
    taken = take(upper, lower)
    assert len(taken.paths) == 409
    assert len(taken.paths[-1]) == 4090


def test_too_many_attributes_are_refused(upper: Path, lower: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.layers.entries.ATTRIBUTES_MAX", 20)
    fill(upper, ("new",))
    set_attribute(upper / "new", "user.note", b"x" * 20)
    with pytest.raises(InvalidInput, match="new has more than 20 bytes of extended attributes"):
        take(upper, lower)


def test_reading_leaves_no_trace_in_the_layer(upper: Path, lower: Path) -> None:
    fill(upper, ("new",))
    os.utime(upper / "new", ns=(1, 1))
    take(upper, lower)
    assert os.stat(upper / "new").st_atime_ns == 1
    assert stat.S_ISREG(os.stat(upper / "new").st_mode)

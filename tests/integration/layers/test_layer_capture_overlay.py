"""Changes made through a real overlay, as a layer: umoci, which knows nothing of overlay, unpacks the same tree."""

import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import tree_facts, umoci_stack
from support.layer_archive import fill, flat, take
from support.other_tools import Tools
from support.tree_changes import ACL, CAPABILITY, NOBODYS

from engine.kernel import syscalls
from engine.sandbox.storage import OPTIONS

pytestmark = [pytest.mark.root, pytest.mark.requires("overlay", "umoci")]

IMAGE = (
    *("etc/hosts", "etc/conf/a", "etc/conf/b", "etc/conf/deep/c", "usr/lib/x", "usr/lib/y", "var/log/old"),
    *("bin/tool", "srv/empty/", "home/me/.profile"),
)


@pytest.fixture
def lower(place: Path) -> Path:
    lower = fill(place / "lower", IMAGE)
    os.link(lower / "bin/tool", lower / "bin/same")
    (lower / "lib").symlink_to("usr/lib")
    os.setxattr(lower / "etc/conf", "user.note", b"of the image")
    return lower


@contextmanager
def _mounted(place: Path, lower: Path, mark: str) -> Iterator[Path]:
    for name in ("upper", "work", "root"):
        (place / name).mkdir(mode=0o755)
    own = [word for word in OPTIONS if not (mark and word.startswith("redirect_dir"))]
    options = [f"lowerdir={lower}", f"upperdir={place}/upper", f"workdir={place}/work", *own, *filter(None, [mark])]
    syscalls.mount("overlay", str(place / "root"), "overlay", 0, ",".join(options))
    try:
        yield place / "root"
    finally:
        syscalls.umount(str(place / "root"))


def _deletions(root: Path) -> None:
    shutil.rmtree(root / "usr")
    (root / "etc/hosts").unlink()
    (root / "lib").unlink()
    (root / "srv/empty").rmdir()


def _made_anew(root: Path) -> None:
    shutil.rmtree(root / "etc/conf")
    (root / "etc/conf").mkdir(mode=0o711)
    (root / "etc/conf/new").write_text("new")
    shutil.copytree(root / "usr/lib", root / "usr/aside", copy_function=shutil.copy2)
    shutil.rmtree(root / "usr/lib")
    (root / "usr/aside").rename(root / "usr/lib")
    (root / "usr/lib/x").unlink()


def _kinds_changed(root: Path) -> None:
    shutil.rmtree(root / "etc/conf")
    (root / "etc/conf").write_text("a file now")
    (root / "usr/lib/x").unlink()
    (root / "usr/lib/x").mkdir()
    (root / "usr/lib/x/in").write_text("in")
    (root / "lib").unlink()
    (root / "lib").mkdir()
    (root / "var/log/old").unlink()
    (root / "var/log/old").symlink_to("/etc/shadow")


def _devices(root: Path) -> None:
    os.mknod(root / "etc/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(root / "etc/disk", stat.S_IFBLK | 0o660, os.makedev(NOBODYS, 70_000))
    os.mkfifo(root / "etc/pipe", 0o620)
    for name in ("null", "disk", "pipe"):
        os.chown(root / "etc" / name, 3_000_000_000, 7)
        os.utime(root / "etc" / name, ns=(5, 123_456_789))


def _attributes(root: Path) -> None:
    os.chmod(root / "bin/tool", 0o6755)
    os.setxattr(root / "usr/lib/x", "security.capability", CAPABILITY)
    os.setxattr(root / "usr/lib/y", "system.posix_acl_access", ACL)
    os.setxattr(root / "etc", "system.posix_acl_default", ACL)
    os.setxattr(root / "var", "user.note", b"a\nb=c\0\xff")
    os.removexattr(root / "etc/conf", "user.note")
    os.chown(root / "home/me", 1000, 1000)
    os.utime(root / "home/me/.profile", ns=(1, 2_000_000_000_123_456_789))


def _names(root: Path) -> None:
    for name in (b"\xff\xfe", b"a\nb", b"x" * 255, "\u00e4".encode(), b"d" * 200 + b"/" + b"e" * 200):
        path = os.path.join(os.fsencode(root), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    os.symlink(b"\xff/" + b"t" * 1000, os.path.join(os.fsencode(root), b"link"))


def _links(root: Path) -> None:
    os.link(root / "etc/hosts", root / "usr/hosts")
    (root / "one").write_text("of three names")
    os.link(root / "one", root / "home/two")
    os.link(root / "one", root / "zero")
    os.symlink("one", root / "slink")
    os.link(root / "slink", root / "slink2", follow_symlinks=False)


def _sparse(root: Path) -> None:
    with open(root / "sparse", "wb") as file:
        file.seek(1 << 20)
        file.write(b"x" * 5000)
        file.seek(5 << 20)
        file.write(b"end")
        file.truncate(1 << 30)
    with open(root / "hole", "wb") as file:
        file.truncate(1 << 20)


CHANGES = [
    *(_deletions, _made_anew, _kinds_changed, _devices, _attributes, _names, _links, _sparse),
]


@pytest.mark.parametrize("mark", ["", "userxattr"])
@pytest.mark.parametrize("act", CHANGES)
def test_umoci_unpacks_the_tree_that_was_seen_in_the_overlay(
    tools: Tools, place: Path, lower: Path, act: Callable[[Path], None], mark: str
) -> None:
    with _mounted(place, lower, mark) as root:
        act(root)
        seen = tree_facts.of_tree(str(root))
    layer = take(place / "upper", lower)
    unpacked = tree_facts.of_folder(umoci_stack.unpack(tools, place, [flat(lower).data, layer.data]))
    assert tree_facts.difference(_without_root_time(seen), _without_root_time(unpacked)) == []


def _without_root_time(facts: tree_facts.Facts) -> tree_facts.Facts:
    """A layer says nothing of the root unless its owner or permissions changed."""
    return facts | {".": {key: value for key, value in facts["."].items() if key != "mtime_ns"}}


@pytest.mark.parametrize("mark", ["", "userxattr"])
def test_what_overlay_notes_down_is_no_change(place: Path, lower: Path, mark: str) -> None:
    with _mounted(place, lower, mark) as root:
        for path in ("etc/hosts", "bin/tool", "usr/lib/x"):
            os.close(os.open(root / path, os.O_RDWR))
        (root / "etc/conf/new").touch()
        (root / "etc/conf/new").unlink()
    assert take(place / "upper", lower).paths == []


def test_both_ways_of_overlay_to_note_a_change_make_the_same_layer(place: Path, lower: Path) -> None:
    layers = []
    for mark in ("", "userxattr"):
        folder = place / f"with{mark}"
        folder.mkdir()
        with _mounted(folder, lower, mark) as root:
            _made_anew(root)
            _devices(root)
            _links(root)
            for path in (root, *root.rglob("*")):
                os.utime(path, ns=(1, 1), follow_symlinks=False)
        layers.append(take(folder / "upper", lower).data)
    assert layers[0] == layers[1]


def test_sockets_are_left_out_of_a_layer_and_counted(place: Path, lower: Path) -> None:
    with _mounted(place, lower, "") as root, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "etc/socket"))
    layer = take(place / "upper", lower)
    assert layer.captured is not None
    assert layer.captured.sockets == 1
    assert layer.paths == ["etc"]


def test_immutable_files_are_read_like_others(place: Path, lower: Path) -> None:
    with _mounted(place, lower, "") as root:
        (root / "fixed").write_text("fixed")
    subprocess.run(["chattr", "+i", place / "upper/fixed"], check=True)
    try:
        assert take(place / "upper", lower).content("fixed") == b"fixed"
    finally:
        subprocess.run(["chattr", "-i", place / "upper/fixed"], check=True)

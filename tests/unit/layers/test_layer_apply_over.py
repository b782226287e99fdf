"""A layer unpacked over others: whiteouts, and what an archive leaves to the layers below."""

import itertools
import os
import stat
import struct
from pathlib import Path

import pytest
from support.layer_members import apply, file, folder, gone, hard, link, look, names, opaque, untouched, xattrs

from engine.errors import InvalidInput, MissingFeature
from engine.layers import merged

pytestmark = pytest.mark.root


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    apply(
        tmp_path / "lower",
        folder("usr", mode=0o711, uid=3, gid=4, mtime=50, pax={"SCHILY.xattr.user.mine": "1"}),
        folder("usr/lib", mode=0o750, mtime=51),
        file("usr/lib/old", b"old", mode=0o4755, uid=7, mtime=52, pax={"SCHILY.xattr.user.mine": "2"}),
        link("lib", "usr/lib", mtime=53),
        link("abs", "/usr/lib"),
        link("dangling", "usr/new/place"),
        folder("etc"),
        file("etc/passwd", b"root"),
    )
    return tmp_path / "lower"


def test_a_whiteout_is_a_device_0_0(lower: Path, tmp_path: Path) -> None:
    done = apply(tmp_path / "l", folder("etc"), gone("etc/passwd"), gone("usr"), below=[lower])
    assert names(tmp_path / "l") == ["etc/", "-etc/passwd", "-usr"]
    assert (done.depends, done.entries, done.size_bytes) == (False, 3, 0)


def test_a_whiteout_in_a_folder_that_lies_over_nothing_is_not_made(lower: Path, tmp_path: Path) -> None:
    """Overlay would list it."""
    done = apply(tmp_path / "l", folder("new"), gone("new/x"), gone("new/x/y"), below=[lower])
    assert (names(tmp_path / "l"), done.depends) == (["new/", "new/x/"], True)


def test_an_opaque_folder_says_so_for_both_kinds_of_mounts(tmp_path: Path) -> None:
    apply(tmp_path / "l", folder("etc"), opaque("etc"))
    assert xattrs(tmp_path / "l/etc") == {"trusted.overlay.opaque": b"y", "user.overlay.opaque": b"y"}
    assert merged.is_opaque(str(tmp_path / "l/etc"))


def _every_order(tmp_path: Path, *entries, below=()) -> list[list[str]]:
    found = []
    for number, order in enumerate(itertools.permutations(entries)):
        apply(tmp_path / f"l{number}", *order, below=below)
        shown = look(tmp_path / f"l{number}")
        found.append((names(tmp_path / f"l{number}"), [shown[name][:6] for name in sorted(shown) if name != "."]))
    return found


@pytest.mark.parametrize(
    ("entries", "leaves"),
    [
        ((gone("a"), file("a", b"new")), ["a"]),
        ((gone("a"), folder("a")), ["a/!"]),
        ((gone("a"), folder("a"), file("a/x")), ["a/!", "a/x"]),
        ((gone("a"), file("a/x")), ["a/!", "a/x"]),
        ((gone("a"), gone("a/x"), file("a/y")), ["a/!", "a/y"]),
        ((gone("a"), gone("a/b"), file("a/b/y")), ["a/!", "a/b/", "a/b/y"]),
        ((opaque("a"), folder("a"), file("a/x"), gone("a/y")), ["a/!", "a/x"]),
        ((opaque("a"), folder("a/b"), gone("a/b/y"), opaque("a/b")), ["a/!", "a/b/"]),
        ((gone("a/b"), folder("a/b"), gone("a/b/x"), opaque("a")), ["a/!", "a/b/"]),
        ((gone("a"), opaque("a"), folder("a")), ["a/!"]),
        ((gone("a"), link("a", "b")), ["a"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_whiteout_acts_on_lower_layers_alone_in_whichever_order(entries, leaves, tmp_path: Path) -> None:
    """But an inner folder that became opaque before the outer one did stays marked, which changes nothing."""
    for shown, _attributes in _every_order(tmp_path, *entries):
        assert [name.replace("b/!", "b/") for name in shown] == leaves


def test_attributes_do_not_depend_on_the_order_either(lower: Path, tmp_path: Path) -> None:
    entries = gone("usr"), file("usr/lib/x"), file("usr/new/y"), folder("etc", mtime=4)
    orders = _every_order(tmp_path, *entries, below=[lower])
    assert all(order == orders[0] for order in orders)
    assert look(tmp_path / "l0")["usr/lib"][1:4] == (0o755, (0, 0), 0)


def test_an_entry_over_a_whiteout_of_its_folder_sees_nothing_of_below(lower: Path, tmp_path: Path) -> None:
    apply(tmp_path / "l", opaque("usr"), file("usr/lib/x"), below=[lower])
    info = os.stat(tmp_path / "l/usr/lib")
    assert (stat.S_IMODE(info.st_mode), info.st_uid) == (0o755, 0)


def test_a_folder_that_is_not_named_is_as_it_is_below(lower: Path, tmp_path: Path) -> None:
    done = apply(tmp_path / "l", file("usr/lib/new"), below=[lower])
    new, old = look(tmp_path / "l"), look(lower)
    assert done.depends
    assert [new[name][:6] for name in ("usr", "usr/lib")] == [old[name][:6] for name in ("usr", "usr/lib")]


def test_it_is_as_the_topmost_layer_has_it_that_has_it(lower: Path, tmp_path: Path) -> None:
    apply(tmp_path / "middle", folder("usr", mode=0o700, mtime=9), folder("usr/lib", mode=0o701), opaque("usr/lib"))
    apply(tmp_path / "l", file("usr/lib/new"), file("etc/x"), below=[tmp_path / "middle", lower])
    found = look(tmp_path / "l")
    assert [found[name][1] for name in ("usr", "usr/lib", "etc")] == [0o700, 0o701, 0o755]
    assert names(tmp_path / "l") == ["etc/", "etc/x", "usr/", "usr/lib/", "usr/lib/new"]


def test_a_default_acl_comes_from_below_and_is_not_inherited(tmp_path: Path) -> None:
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, 7, 0xFFFFFFFF) for tag in (1, 4, 0x20))
    pax = {"SCHILY.xattr.system.posix_acl_default": acl.decode("utf-8", "surrogateescape")}
    apply(tmp_path / "lower", folder("d", pax=pax))
    apply(tmp_path / "l", file("d/x", mode=0o600), file("d/e/y"), below=[tmp_path / "lower"])
    assert [xattrs(tmp_path / "l/d"), xattrs(tmp_path / "l/d/e")] == [{"system.posix_acl_default": acl}, {}]
    assert stat.S_IMODE(os.stat(tmp_path / "l/d/x").st_mode) == 0o600


@pytest.mark.parametrize("way", ["lib", "abs"])
def test_a_link_of_a_lower_layer_is_followed(way: str, lower: Path, tmp_path: Path) -> None:
    done = apply(tmp_path / "l", file(f"{way}/new"), gone(f"{way}/old"), below=[lower])
    assert done.depends
    assert names(tmp_path / "l") == ["usr/", "usr/lib/", "usr/lib/new", "-usr/lib/old"]


def test_a_link_that_leads_nowhere_is_followed_too(lower: Path, tmp_path: Path) -> None:
    apply(tmp_path / "l", file("dangling/x"), below=[lower])
    assert names(tmp_path / "l") == ["usr/", "usr/new/", "usr/new/place/", "usr/new/place/x"]


def test_a_folder_that_is_named_replaces_the_link_below(lower: Path, tmp_path: Path) -> None:
    apply(tmp_path / "l", file("lib/before"), folder("lib"), file("lib/after"), below=[lower])
    assert names(tmp_path / "l") == ["lib/", "lib/after", "usr/", "usr/lib/", "usr/lib/before"]


def test_a_link_that_is_gone_is_followed_no_longer(lower: Path, tmp_path: Path) -> None:
    apply(tmp_path / "l", file("lib/before"), gone("lib"), file("lib/after"), below=[lower])
    assert names(tmp_path / "l") == ["lib/!", "lib/after", "usr/", "usr/lib/", "usr/lib/before"]


def test_a_link_in_an_opaque_folder_is_followed_no_longer(tmp_path: Path) -> None:
    apply(tmp_path / "lower", folder("a"), folder("b"), link("a/b", "/b"))
    apply(tmp_path / "l", file("a/b/before"), opaque("a"), file("a/b/after"), below=[tmp_path / "lower"])
    assert names(tmp_path / "l") == ["a/!", "a/b/", "a/b/after", "b/", "b/before"]


def test_a_hard_link_to_a_lower_file_brings_it_along(lower: Path, tmp_path: Path) -> None:
    with untouched(lower):
        done = apply(tmp_path / "l", hard("new", "lib/old"), below=[lower])
    found, old = look(tmp_path / "l"), look(lower)["usr/lib/old"]
    assert found["usr/lib/old"][:6] == old[:6]
    assert found["new"][6] == found["usr/lib/old"][6]
    assert (done.depends, done.size_bytes) == (True, 3)


def test_a_file_that_came_along_is_gone_where_a_whiteout_says_so(lower: Path, tmp_path: Path) -> None:
    apply(tmp_path / "l", folder("usr"), hard("new", "usr/lib/old"), gone("usr/lib/old"), below=[lower])
    assert names(tmp_path / "l") == ["new", "usr/", "usr/lib/", "-usr/lib/old"]
    apply(tmp_path / "m", folder("usr"), hard("new", "usr/lib/old"), opaque("usr/lib"), below=[lower])
    assert names(tmp_path / "m") == ["new", "usr/", "usr/lib/!"]


def test_a_file_that_came_along_is_not_confused_with_later_ones(lower: Path, tmp_path: Path) -> None:
    apply(
        tmp_path / "l",
        hard("new", "usr/lib/old"),
        file("usr/lib", b"no folder any more"),
        folder("usr/lib"),
        gone("usr/lib/old"),
        file("usr/lib/old/x"),
        gone("usr/lib/old"),
        below=[lower],
    )
    assert names(tmp_path / "l") == ["new", "usr/", "usr/lib/!", "usr/lib/old/", "usr/lib/old/x"]


def test_a_hard_link_to_a_lower_file_keeps_its_holes(tmp_path: Path) -> None:
    apply(tmp_path / "lower", file("x"))
    os.truncate(tmp_path / "lower/x", 1 << 40)
    with open(tmp_path / "lower/x", "r+b") as opened:
        os.pwrite(opened.fileno(), b"data", 1 << 30)
    apply(tmp_path / "l", hard("y", "x"), below=[tmp_path / "lower"])
    info = os.stat(tmp_path / "l/y")
    assert (info.st_size, info.st_blocks * 512 < 1 << 20) == (1 << 40, True)
    with open(tmp_path / "l/y", "rb") as opened:
        assert os.pread(opened.fileno(), 5, 1 << 30) == b"data\0"


def test_a_hard_link_to_a_file_that_a_lower_layer_took_away_is_refused(lower: Path, tmp_path: Path) -> None:
    apply(tmp_path / "middle", folder("etc"), gone("etc/passwd"), below=[lower])
    with pytest.raises(InvalidInput, match="a hard link leads to etc/passwd, where no file is"):
        apply(tmp_path / "l", hard("x", "etc/passwd"), below=[tmp_path / "middle", lower])


def test_an_opaque_root_whites_out_everything_below(lower: Path, tmp_path: Path) -> None:
    """Of a root overlay asks no mark."""
    for number, order in enumerate(itertools.permutations((opaque(""), file("usr/x"), file("new")))):
        done = apply(tmp_path / f"l{number}", *order, below=[lower])
        assert names(tmp_path / f"l{number}") == [
            *("-abs", "-dangling", "-etc", "-lib", "new", "usr/!", "usr/x"),
        ]
        assert done.depends


def test_a_folder_that_a_file_of_the_same_layer_was_before_shows_nothing_of_below(tmp_path: Path) -> None:
    apply(tmp_path / "l", file("etc"), folder("etc"), file("etc/x"))
    assert names(tmp_path / "l") == ["etc/!", "etc/x"]


def test_a_file_system_that_cannot_mark_a_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.setxattr

    def refuse(path, name, *rest, **more) -> None:
        if name == "user.overlay.opaque":
            raise OSError(95, "Operation not supported")
        real(path, name, *rest, **more)

    monkeypatch.setattr(os, "setxattr", refuse)
    with pytest.raises(MissingFeature, match=r"keeps no extended attributes user\.\*"):
        apply(tmp_path / "l", folder("d"), opaque("d"))

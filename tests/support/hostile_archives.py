"""Archives that mean harm: what has led other programs out of the directory that they unpacked into.

Each case is made for a directory `outside`, next to the layer, in which a file `canary` must stay as it is. It says
whether the archive is refused, or which paths the layer has afterwards, in the words of `layer_members.names`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from support.layer_members import Entry, device, fifo, file, folder, gone, hard, link, opaque

EVIL = b"written by an archive"


class Case(NamedTuple):
    """One archive."""

    name: str
    build: Callable[[str], Sequence[Entry]]
    """The members, for the path of `outside`."""
    leaves: tuple[str, ...] | None
    """What is in the layer; None: the archive is refused. `OUT` stands for the path of `outside` in the layer."""


def _case(name: str, build: Callable[[str], Sequence[Entry]], *leaves: str) -> Case:
    return Case(name, build, leaves)


def _refused(name: str, build: Callable[[str], Sequence[Entry]]) -> Case:
    return Case(name, build, None)


def _xattr(name: str, value: str = "y") -> dict[str, str]:
    return {f"SCHILY.xattr.{name}": value}


NAMES = (
    _refused("a name that climbs out", lambda _out: [file("../outside/canary", EVIL)]),
    _refused("a name that climbs out of a folder", lambda _out: [folder("a"), file("a/../../outside/canary", EVIL)]),
    _refused("a folder that climbs out", lambda _out: [folder("../outside", mode=0o777)]),
    _refused("a link that is made outside", lambda _out: [link("../outside/new", "x")]),
    _refused("a hard link that is made outside", lambda _out: [file("a", EVIL), hard("../outside/new", "a")]),
    _refused("a device that is made outside", lambda _out: [device("../outside/new", 1, 3)]),
    _case("an absolute name", lambda out: [file(f"{out}/canary", EVIL)], "OUT/canary"),
    _case("an absolute name with many slashes", lambda out: [file(f"//{out}//./canary", EVIL)], "OUT/canary"),
    _case("dots that stay inside", lambda _out: [file("a/b/../c/./x", EVIL)], "a/", "a/c/", "a/c/x"),
    _refused("a component of 256 bytes", lambda _out: [file("a/" + "x" * 256, EVIL)]),
    _refused("a name of 5000 bytes", lambda _out: [file("a/" * 2500 + "x", EVIL)]),
    _refused("a folder that is deeper than a path can say", lambda _out: [*_deep(), file("s/" * 30 + "x", EVIL)]),
    _case("backslashes are letters", lambda _out: [file("..\\outside\\canary", EVIL)], "..\\outside\\canary"),
)

LINKS = (
    _case("a file through an absolute link", lambda out: [link("l", out), file("l/canary", EVIL)], "l", "OUT/canary"),
    _case("a file through a relative link", lambda _out: [link("l", "../../outside"), file("l/canary", EVIL)],
          "l", "outside/", "outside/canary"),
    _case("a file through links to links", lambda out: [
        link("a", "b/c"), link("b", "."), link("c", ".."), link("d", f"a/../..{out}"), file("d/canary", EVIL),
    ], "a", "b", "c", "d", "OUT/canary"),
    _case("a link with a slash behind it", lambda out: [link("l/", out), file("l//canary", EVIL)], "l", "OUT/canary"),
    _case("a file in place of a link", lambda out: [link("x", f"{out}/canary"), file("x", EVIL)], "x"),
    _case("a folder in place of a link", lambda out: [link("x", out), folder("x", mode=0o777, mtime=1)], "x/!"),
    _case("a device in place of a link", lambda out: [link("x", f"{out}/canary"), device("x", 1, 3)], "x"),
    _case("a folder that becomes a link", lambda out: [
        folder("d"), file("d/canary", b"mine"), link("d", out), file("d/canary", EVIL),
    ], "d", "OUT/canary"),
    _case("a folder above that becomes a link", lambda _out: [
        folder("a"), folder("a/outside"), file("a/outside/x"), link("a", ".."), file("a/outside/canary", EVIL),
    ], "a", "outside/", "outside/canary"),
    _case("a link that becomes another one", lambda out: [
        folder("d"), link("l", "d"), file("l/canary", b"mine"), link("l", out), file("l/canary", EVIL),
    ], "d/", "d/canary", "l", "OUT/canary"),
    _refused("links in a circle", lambda _out: [link("a", "b"), link("b", "a"), file("a/x", EVIL)]),
    _refused("more links than the kernel follows", lambda _out: [
        folder("l0"), *(link(f"l{n + 1}", f"l{n}") for n in range(50)), file("l50/x", EVIL),
    ]),
    _case("a link to the root of a process", lambda out: [
        link("p", f"/proc/self/root{out}"), file("p/canary", EVIL),
    ], "p", "proc/", "proc/self/", "proc/self/root/", "proc/self/rootOUT/canary"),
    _case("attributes of a link", lambda out: [
        link("x", f"{out}/canary", mode=0o777, uid=12345, gid=12345, mtime=5, pax=_xattr("trusted.evil")),
    ], "x"),
    _refused("a link in place of the root", lambda out: [link(".", out), file("canary", EVIL)]),
    _refused("a link in place of the root, by its dot", lambda out: [link("./", out), file("canary", EVIL)]),
    _refused("a link in place of the root, by its parent", lambda out: [link("a/..", out), file("canary", EVIL)]),
    _refused("a file in place of the root", lambda _out: [file("a/..", EVIL)]),
)  # fmt: skip

HARD_LINKS = (
    _refused("a hard link out by dots", lambda _out: [hard("h", "../outside/canary"), file("h", EVIL)]),
    _refused("a hard link to an absolute path", lambda out: [hard("h", f"{out}/canary")]),
    _refused("a hard link through a link", lambda out: [link("l", out), hard("h", "l/canary")]),
    _refused("a hard link to a folder", lambda _out: [folder("d"), hard("h", "d")]),
    _refused("a hard link to the root", lambda _out: [hard("h", ".")]),
    _refused("a hard link to nothing", lambda _out: [hard("h", "nothing")]),
    _refused("a hard link to a whiteout", lambda _out: [gone("x"), hard("h", "x")]),
    _refused("a hard link in place of the folder it leads into", lambda _out: [file("d/x", EVIL), hard("d", "d/x")]),
    _case("a file in place of a hard link to a link", lambda out: [
        link("s", f"{out}/canary"), hard("h", "s"), file("h", EVIL),
    ], "h", "s"),
    _case("attributes of a hard link to a link", lambda out: [
        link("s", f"{out}/canary"), hard("h", "s", mode=0o777, mtime=5),
    ], "h", "s"),
)  # fmt: skip

WHITEOUTS = (
    _refused("a whiteout of the folder above", lambda _out: [file(".wh...", b"")]),
    _refused("a whiteout of the folder above a folder", lambda _out: [folder("d"), file("d/.wh...", b"")]),
    _refused("a whiteout of the folder itself", lambda _out: [file("d/.wh..", b"")]),
    _refused("a whiteout without a name", lambda _out: [file("d/.wh.", b"")]),
    _refused("a whiteout outside", lambda _out: [gone("../outside/canary")]),
    _refused("an opaque mark outside", lambda _out: [opaque("../outside")]),
    _refused("an entry in a whiteout", lambda _out: [file(".wh.d/x", EVIL)]),
    _case("a whiteout through a link", lambda out: [link("l", out), gone("l/canary")], "l"),
    _case("an opaque mark through a link", lambda out: [link("l", out), opaque("l")], "l", "OUT!"),
    _case("a device that overlay takes for a whiteout", lambda _out: [device("x", 0, 0, mode=0o666)], "-x"),
    _case("books of AUFS", lambda _out: [
        folder(".wh..wh.plnk"), file(".wh..wh.plnk/1.2", EVIL), file(".wh..wh.aufs"), file("d/.wh..wh.orph"), file("x"),
    ], "x"),
)  # fmt: skip

KINDS = (
    _refused("a file in a file", lambda _out: [file("f"), file("f/x", EVIL)]),
    _refused("a file in a pipe", lambda _out: [fifo("p"), file("p/x", EVIL)]),
    _case("a file in place of a pipe", lambda _out: [fifo("p"), file("p", EVIL)], "p"),
    _case("a file in place of a device", lambda _out: [device("n", 1, 3), file("n", EVIL)], "n"),
    _refused("an owner that means to keep the one there is", lambda _out: [file("x", EVIL, uid=(1 << 32) - 1)]),
    _refused("an owner beyond all numbers", lambda _out: [file("x", EVIL, uid=1 << 40)]),
    _refused("an owner below all numbers", lambda _out: [file("x", EVIL, uid=-5)]),
    _refused("a capability that is none", lambda _out: [file("x", EVIL, pax=_xattr("security.capability"))]),
    _refused("an ACL that is none", lambda _out: [file("x", EVIL, pax=_xattr("system.posix_acl_access"))]),
    _refused("an attribute with a name of 300 bytes", lambda _out: [file("x", pax=_xattr("user." + "x" * 300))]),
)  # fmt: skip

CASES = (*NAMES, *LINKS, *HARD_LINKS, *WHITEOUTS, *KINDS)


def _deep() -> list[Entry]:
    """A link `s` to a folder 200 bytes deep, which has the same link in it."""
    deep = "/".join(["d" * 99, "e" * 99])
    return [folder(deep), link("s", deep), *(link("s/" * n + "s", deep) for n in range(1, 30))]

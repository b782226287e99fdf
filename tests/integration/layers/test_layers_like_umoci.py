"""Layers that are unpacked each by itself and mounted by overlay show what umoci unpacks from the same image."""

import os
import struct
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from support import tree_facts, umoci_stack
from support.layer_members import Entry, apply, archive, device, fifo, file, folder, gone, hard, link, opaque
from support.other_tools import Tools

pytestmark = [pytest.mark.root, pytest.mark.requires("overlay", "umoci", "unshare")]

CAPABILITY = struct.pack("<5I", 0x02000001, 0x2000, 0, 0, 0).decode("utf-8", "surrogateescape")
BASE = (
    folder("./", mode=0o755),
    folder("usr", mtime=11),
    folder("usr/lib", mode=0o711, uid=3, mtime=12),
    file("usr/lib/old", b"old", mode=0o4755, uid=7, gid=8, pax={"SCHILY.xattr.user.mine": "2"}),
    hard("usr/lib/same", "usr/lib/old"),
    file("usr/lib/one", b"with one name", uid=4, mode=0o2755, pax={"SCHILY.xattr.security.capability": CAPABILITY}),
    link("lib", "usr/lib", mtime=13),
    folder("etc", mtime=14),
    file("etc/a", b"a"),
    file("etc/b", b"b"),
    folder("etc/d", mode=0o700, mtime=15),
    file("etc/d/x", b"x"),
    file("etc/d/y", b"y"),
)

STACKS: dict[str, Sequence[Sequence[Entry]]] = {
    "every kind": [
        [
            *BASE,
            device("null", 1, 3, mode=0o666),
            device("loop", 7, 1, tarfile.BLKTYPE, mode=0o660, gid=6),
            fifo("pipe", mode=0o622),
            file("ping", b"ping", mode=0o755, uid=9, pax={"SCHILY.xattr.security.capability": CAPABILITY}),
            file(os.fsdecode(b"caf\xe9-\xff"), b"not UTF-8"),
            file("n" * 255, b"long"),
            folder("tmp", mode=0o1777),
            link("dangling", "no/where", uid=5, mtime=77.25),
            file("precise", mtime=1234567890.25),
        ]
    ],
    "whiteouts": [BASE, [folder("etc"), gone("etc/a"), gone("etc/d"), gone("lib"), gone("usr/lib/old")]],
    "whiteouts of nothing": [BASE, [folder("etc"), gone("etc/nothing"), gone("nowhere")], [file("etc/nothing", b"1")]],
    "an opaque folder": [BASE, [folder("etc"), folder("etc/d"), opaque("etc/d"), file("etc/d/z", b"z")]],
    "an opaque folder, the mark at the end": [BASE, [folder("etc", mtime=5), file("etc/z", b"z"), opaque("etc")]],
    "a folder made again": [BASE, [folder("etc"), gone("etc/d"), folder("etc/d", mtime=3), file("etc/d/z", b"z")]],
    "a folder that becomes a file and a folder again": [
        BASE,
        [folder("etc"), file("etc/d", b"file")],
        [folder("etc"), folder("etc/d", mtime=4), file("etc/d/y", b"new y")],
    ],
    "a folder that becomes a link": [BASE, [folder("etc"), link("etc/d", "../usr"), file("etc/d/x", b"in usr")]],
    "a link of the layer below": [BASE, [file("lib/new", b"new", mode=0o600), gone("lib/old")]],
    "a link that becomes a folder": [BASE, [folder("lib", mtime=2), file("lib/new", b"new")]],
    "a hard link to a file of the layer below": [BASE, [folder("usr"), hard("usr/other", "usr/lib/one")]],
    "a hard link through a link of the layer below": [BASE, [folder("etc"), hard("etc/other", "lib/one")]],
    "folders that are not named": [BASE, [file("usr/lib/new", b"new"), file("etc/d/z", b"z")]],
    "folders with other attributes": [BASE, [folder("usr/lib", mode=0o2775, uid=1, gid=2, mtime=99)]],
    "one name twice": [BASE, [file("etc/a", b"1"), file("etc/a", b"2"), link("etc/b", "x"), file("etc/b", b"3")]],
    "a file over a folder of two layers": [BASE, [folder("etc"), file("etc/d/z", b"z")], [file("etc", b"gone")]],
    "names that climb and come back": [BASE, [file("./etc/./../etc/new", b"new"), file("/etc/absolute", b"abs")]],
}


@pytest.mark.parametrize("name", STACKS)
def test_overlay_shows_what_umoci_unpacks(name: str, tools: Tools, place: Path) -> None:
    layers = STACKS[name]
    theirs = tree_facts.of_tree(umoci_stack.unpack(tools, place, [archive(layer) for layer in layers]))
    below: list[str] = []
    for number, layer in enumerate(layers):
        apply(place / f"l{number}", *layer, below=below)
        below.insert(0, str(place / f"l{number}"))
    ours = tree_facts.of_stack(below)
    del ours["."], theirs["."]  # those of the topmost layer here; which layer names it is for the store to know
    assert tree_facts.difference(ours, theirs) == []


def test_a_directory_shows_no_whiteout_that_it_does_not_need(place: Path) -> None:
    """Overlay lists a directory that lies over nothing as it is."""
    layers = [
        [folder("a"), file("a/x")],
        [folder("a"), gone("a/x"), opaque("a"), gone("a/y"), folder("a/b"), folder("c"), gone("c/z")],
    ]
    below: list[str] = []
    for number, layer in enumerate(layers):
        apply(place / f"l{number}", *layer, below=below)
        below.insert(0, str(place / f"l{number}"))
    assert sorted(tree_facts.of_stack(below)) == [".", "a", "a/b", "c"]

"""Random changes through a real overlay: the change becomes a layer, and the layer gives back the tree.

base      deeds in a plain directory                                       the image's first layer
middle    deeds in an overlay on it, captured and applied                  its second layer
upper     deeds in an overlay on both, captured and applied to a copy      what a commit makes
"""

import io
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.layer_archive import fill
from support.tree_changes import VERBS, Deed, Look, do, view

from engine.archive.reader import Reader
from engine.archive.writer import Writer
from engine.kernel import syscalls
from engine.layers import changes
from engine.layers.apply import apply
from engine.layers.between import between
from engine.layers.capture import capture
from engine.layers.flat import write_flat
from engine.sandbox.storage import OPTIONS
from engine.state import tree

pytestmark = [pytest.mark.root, pytest.mark.requires("overlay")]

BEFORE = ("a/", "a/a", "a/b/", "a/b/a", "a/b/b", "b/", "b/a", "b/b", "c\udcff")
"""What is there before any deed, so that most deeds meet something."""
PATHS = st.sampled_from([*(path.rstrip("/") for path in BEFORE), "b-", "b/c", "a/b/c", "a/c", "d"])
DEEDS = st.lists(st.builds(Deed, st.sampled_from(sorted(VERBS)), PATHS, PATHS, st.integers(0, 7)), max_size=12)


@given(DEEDS, DEEDS, DEEDS, st.sampled_from([(), ("userxattr",)]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_change_captured_and_applied_gives_back_the_tree(
    base: list[Deed], middle: list[Deed], upper: list[Deed], marks: tuple[str, ...]
) -> None:
    with _folder() as place:
        lower = f"{place}/base"
        fill(Path(lower), BEFORE)
        for deed in base:
            do(lower, deed)
        lowers = _committed(f"{place}/middle", [lower], middle, marks)
        _committed(f"{place}/upper", lowers, upper, marks)


def _committed(place: str, lowers: list[str], deeds: Sequence[Deed], marks: tuple[str, ...]) -> list[str]:
    """Do deeds in an overlay, capture them, apply what was captured, and compare; the new stack."""
    for name in ("upper", "work", "root", "new"):
        os.makedirs(f"{place}/{name}", mode=0o755)
    with _overlay(f"{place}/root", lowers, (f"upperdir={place}/upper", f"workdir={place}/work", *marks)) as root:
        for deed in deeds:
            do(root, deed)
        before = view(root)
    layer = _captured(f"{place}/upper", lowers)
    assert layer == _captured(f"{place}/upper", lowers)
    reader = Reader(io.BytesIO(layer))
    apply(reader, f"{place}/new", lowers)
    stack = [f"{place}/new", *lowers]
    with _overlay(f"{place}/root", stack, marks) as root:
        _compare(before, view(root), {member.path for member in Reader(io.BytesIO(layer))})
    assert between([f"{place}/upper", *lowers], stack) == []
    assert between(lowers, stack) == changes.compare(f"{place}/upper", lowers, complete=False)
    _flat_and_back(place, stack)
    return stack


def _flat_and_back(place: str, stack: Sequence[str]) -> None:
    """A stack as one archive makes the same tree, and a whole root's change is the same as an upper layer's."""
    output = io.BytesIO()
    writer = Writer(output)
    write_flat(stack, writer)
    writer.close()
    os.mkdir(f"{place}/flat")
    output.seek(0)
    apply(Reader(output), f"{place}/flat")
    assert between(stack, [f"{place}/flat"]) == []
    assert changes.compare(f"{place}/flat", stack[1:], complete=True) == between(stack[1:], stack)


def _compare(before: dict[str, Look], after: dict[str, Look], written: set[bytes]) -> None:
    """The same but for inodes, and for times of directories of which the layer says nothing."""
    assert sorted(before) == sorted(after)
    for path, old in before.items():
        new = after[path]._replace(inode=old.inode)
        if stat.S_ISDIR(old.mode) and os.fsencode(path) not in written:
            new = new._replace(mtime_ns=old.mtime_ns)
        assert new == old, path
    inodes: dict[int, set[int]] = {}
    for path, old in before.items():
        inodes.setdefault(old.inode, set()).add(after[path].inode)
    assert all(len(found) == 1 for found in inodes.values()), "names of one file became several files"


def _captured(upper: str, lowers: Sequence[str]) -> bytes:
    output = io.BytesIO()
    writer = Writer(output)
    capture(upper, lowers, writer, complete=False)
    writer.close()
    return output.getvalue()


@contextmanager
def _folder() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="qd-layers-")
    try:
        yield folder
    finally:
        tree.remove(folder)


@contextmanager
def _overlay(target: str, lowers: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    own = [word for word in OPTIONS if not ("userxattr" in options and word.startswith("redirect_dir"))]
    words = [f"lowerdir={':'.join(lowers)}", *own, *options]
    syscalls.mount("overlay", target, "overlay", 0, ",".join(words))
    try:
        yield target
    finally:
        syscalls.umount(target)

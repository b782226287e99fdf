"""Unpacked layers under overlay as both kinds of containers mount them, and on a file system that is full."""

import errno
import io
import os
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.layer_members import apply, archive, file, folder, gone, hard, opaque

from engine.archive.reader import Reader
from engine.errors import EngineError, InvalidInput
from engine.kernel import syscalls
from engine.layers import apply as applying

pytestmark = [pytest.mark.root, pytest.mark.requires("overlay")]


@contextmanager
def _mounted(kind: str, where: Path, options: str) -> Iterator[Path]:
    where.mkdir()
    syscalls.mount(kind, str(where), kind, 0, options)
    try:
        yield where
    finally:
        syscalls.umount(str(where))


@pytest.mark.parametrize("options", ["", ",userxattr"], ids=["on the host", "as in a user namespace"])
def test_whiteouts_and_opaque_folders_hide_what_is_below(options: str, place: Path) -> None:
    apply(place / "l0", *(file(f"{name}/{inner}") for name in "abcd" for inner in "xyz"), file("e"))
    layer = (folder("a"), gone("a/x"), gone("b"), file("b/new"), folder("c"), opaque("c"), gone("d"), hard("f", "e"))
    apply(place / "l1", *layer, below=[place / "l0"])
    with _mounted("overlay", place / "m", f"lowerdir={place}/l1:{place}/l0{options}") as shown:
        found = sorted(str(path.relative_to(shown)) for path in shown.rglob("*"))
        assert found == ["a", "a/y", "a/z", "b", "b/new", "c", "e", "f"]
        assert os.stat(shown / "e").st_ino == os.stat(shown / "f").st_ino


def test_a_full_file_system_is_named_and_nothing_stays_open(place: Path) -> None:
    fds = os.listdir("/proc/self/fd")
    with _mounted("tmpfs", place / "m", "size=1m") as full:
        with pytest.raises(EngineError, match="cannot unpack a/big: no space left on device") as failed:
            apply(full / "l", file("a/small"), file("a/big", bytes(2 << 20)))
        assert (failed.value.errno, failed.value.hint) == (errno.ENOSPC, "free some space there, or make more")
        assert os.listdir("/proc/self/fd") == fds


def test_a_source_that_fails_leaves_nothing_open(place: Path) -> None:
    fds = os.listdir("/proc/self/fd")
    data = archive([folder("a"), file("a/b/x", bytes(1 << 20))])
    (place / "l").mkdir()
    with pytest.raises(InvalidInput, match="damaged"):
        applying.apply(Reader(io.BytesIO(data[: len(data) // 2])), str(place / "l"))
    assert os.listdir("/proc/self/fd") == fds


def test_memory_does_not_grow_with_what_is_hidden_or_made(place: Path) -> None:
    """Ten thousand of each, which would show in a table of them: it would have a megabyte for each kind."""
    members = [make(f"d{number % 100}/{number}") for number in range(10_000) for make in (gone, folder, opaque)]
    data = archive(members)
    with _mounted("tmpfs", place / "m", "") as quick:
        apply(quick / "below", *(folder(f"d{number}") for number in range(100)))
        (quick / "l").mkdir()
        tracemalloc.start()
        try:
            applying.apply(Reader(io.BytesIO(data)), str(quick / "l"), [str(quick / "below")])
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 1 << 20

"""Death and failure at every change of the image store: it opens, nothing in it is half, and rubbish can go."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support import crashes, images

from engine.errors import EngineError, NotFound
from engine.image.store.images import Store

pytestmark = pytest.mark.root

BASE, TOP, OTHER = {"usr/bin/sh": b"sh" * 3000}, {"etc/motd": b"hello"}, {"else": b"x" * 5000}
NAME, SECOND = "quay.io/team/app:1", "quay.io/team/other:1"
LAYERS = [images.layer(BASE), images.layer(TOP)]


@pytest.fixture(autouse=True)
def _unsynced() -> Iterator[None]:
    """What a process has written outlives it without."""
    with crashes.unsynced():
        yield


def _store(folder: Path) -> Store:
    return Store(f"{folder}/image", f"{folder}/layers")


def _pull(folder: Path) -> None:
    images.pull(_store(folder), NAME, LAYERS)


def _two_images(folder: Path) -> None:
    _pull(folder)
    images.add(_store(folder), SECOND, OTHER)


def _check(folder: Path) -> set[str]:
    """All that the store shows is whole; the names of it."""
    store = _store(folder)
    for image in store.images():
        manifest = store.manifest(image)
        for layer in (manifest.config, *manifest.layers):
            assert store.layout.blobs.is_right(layer.digest)
        files = [Path(place, name) for place in store.lowers(image) for name in (*BASE, *TOP, *OTHER)]
        there = {str(path).partition("/fs/")[2]: path.read_bytes() for path in files if path.exists()}
        assert there in (BASE | TOP, OTHER)
    assert store._read().damaged == {}
    return {name for image in store.images() for name in image.names}


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def _rubbish(folder: Path) -> list[str]:
    """What is there that a store without a past would not have."""
    fresh = folder.with_name("fresh")
    names = _check(folder)
    if SECOND in names:
        images.add(_store(fresh), SECOND, OTHER)
    _pull(fresh)
    if NAME not in names:
        _store(fresh).remove(NAME)
    _store(fresh).layout.unsettled.settle()
    try:
        return [
            name for name in _names(folder) if name not in _names(fresh) and not name.endswith((".lock", "partial"))
        ]
    finally:
        shutil.rmtree(fresh)


def _remove(folder: Path) -> None:
    """Done already is no failure here: the name goes first."""
    with suppress(NotFound):
        _store(folder).remove(NAME)


CHANGES = {
    "pull": (lambda folder: None, _pull, {frozenset(), frozenset({NAME})}),
    "pull of a second image": (
        lambda folder: images.add(_store(folder), SECOND, OTHER),
        _pull,
        {frozenset({SECOND}), frozenset({NAME, SECOND})},
    ),
    "remove": (
        _two_images,
        _remove,
        {frozenset({NAME, SECOND}), frozenset({SECOND})},
    ),
    "prune": (
        _two_images,
        lambda folder: _store(folder).prune({}, everything=True),
        {frozenset({NAME, SECOND}), frozenset()},
    ),
    "tag": (
        _pull,
        lambda folder: _store(folder).tag(NAME, "tagged"),
        {frozenset({NAME}), frozenset({NAME, "localhost/tagged:latest"})},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_death_at_any_instant_leaves_a_store_that_opens_and_can_be_cleaned(change: str, tmp_path: Path) -> None:
    prepare, run, allowed = CHANGES[change]
    folder, ground = tmp_path / "copy", tmp_path / "ground"
    ground.mkdir()
    prepare(ground)
    for number in crashes.every_death(lambda: run(folder), lambda: _copy(ground, folder)):
        names = frozenset(_check(folder))
        assert names in allowed, f"after death at call {number}"
        _store(folder).prune()
        _store(folder).layout.unsettled.settle()
        assert frozenset(_check(folder)) == names
        assert _rubbish(folder) == [], f"after death at call {number}"
        run(folder)  # what was broken off can be done again
        _check(folder)
    assert number > 3


def _copy(ground: Path, folder: Path) -> None:
    """Begin again with what was prepared."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ground, folder)


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_pull_that_fails_at_any_call_leaves_nothing_half_and_no_rubbish_but_whole_blobs(
    error: int, tmp_path: Path
) -> None:
    for number in range(1, crashes.BEYOND):
        folder = tmp_path / f"{number}"
        fails = crashes.Failing(number, error)
        with crashes.counted(fails):
            try:
                _pull(folder)
            except (OSError, EngineError):
                assert fails.call
        if not fails.call:
            break
        _check(folder)
        assert not [path for path in folder.rglob("*") if path.name.startswith(".ingest-") or ".new" in path.name]
        _pull(folder)
        assert _check(folder) == {NAME}
        shutil.rmtree(folder)
    assert number > 20

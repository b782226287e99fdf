"""What is on its way to the disk when the power fails: it is known, looked at again, and mended or missed."""

import os
from pathlib import Path

import pytest
from support import images

from engine.archive.limits import Limits
from engine.errors import EngineError
from engine.image.store import mending
from engine.image.store.images import Store
from engine.model import Image

pytestmark = pytest.mark.root

EARLIER = "0f0f0f0f-0000-0000-0000-000000000000"
LONG_AGO = 1_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"{tmp_path}/image", f"{tmp_path}/layers")


def add(store: Store, name: str, *files: images.Files) -> Image:
    return images.pull(store, name, [images.layer(one) for one in files])


def notes(store: Store) -> list[str]:
    return sorted(os.listdir(store.layout.unsettled.folder))


def fail_the_power(store: Store) -> None:
    """Nothing of this boot was settled: its notes are those of an earlier one."""
    for name in notes(store):
        folder = store.layout.unsettled.folder
        os.rename(f"{folder}/{name}", f"{folder}/{EARLIER}.{name.partition('.')[2]}")


def layer_file(store: Store, image: Image, index: int, name: str) -> Path:
    place = store.layer_place(image.layers, index)
    assert place is not None
    return Path(place, name)


def test_a_note_lies_there_from_before_until_all_is_on_disk(store: Store) -> None:
    with store.adding():
        assert len(notes(store)) == 1
        assert store.layout.unsettled.settle() == 0  # somebody is still adding
        assert len(notes(store)) == 1
    assert store.layout.unsettled.settle() == 1
    assert notes(store) == []
    assert mending.mend(store, Limits()) == []


def test_what_was_cut_short_in_a_layer_is_unpacked_again(store: Store) -> None:
    image = add(store, "localhost/a:1", {"f": b"content"}, {"g": b"more"})
    layer_file(store, image, 0, "f").write_bytes(b"")
    fail_the_power(store)
    again = Store(store.layout.folder, store.unpacked.folder)
    assert mending.mend(again, Limits()) == []
    assert layer_file(again, image, 0, "f").read_bytes() == b"content"
    assert layer_file(again, image, 1, "g").read_bytes() == b"more"
    assert notes(again) == []


def test_an_image_whose_blob_was_cut_short_is_named_and_can_be_fetched_again(store: Store) -> None:
    kept = add(store, "localhost/kept:1", {"k": b"kept"})
    lost = add(store, "localhost/lost:1", {"l": b"lost"})
    (blob,) = (one.digest for one in store.manifest(lost).layers)
    Path(store.layout.blobs.path(blob)).write_bytes(b"cut")
    fail_the_power(store)
    again = Store(store.layout.folder, store.unpacked.folder)
    assert mending.mend(again, Limits()) == ["localhost/lost:1"]
    assert again.lowers(again.find(kept.id))
    with pytest.raises(EngineError, match="is missing"):
        again.lowers(again.find(lost.id))
    add(again, "localhost/lost:1", {"l": b"lost"})
    assert layer_file(again, lost, 0, "l").read_bytes() == b"lost"


def test_what_is_older_than_the_note_is_left_alone(store: Store) -> None:
    old = add(store, "localhost/old:1", {"f": b"old"})
    store.layout.unsettled.settle()
    place = store.layer_place(old.layers, 0)
    assert place is not None
    blobs = [store.layout.blobs.path(one.digest) for one in store.manifest(old).layers]
    for path in (f"{os.path.dirname(place)}/layer.json", *blobs):
        os.utime(path, (LONG_AGO, LONG_AGO))
    before = os.stat(place).st_ino
    add(store, "localhost/new:1", {"f": b"new"})
    fail_the_power(store)
    assert mending.mend(store, Limits()) == []
    assert os.stat(place).st_ino == before

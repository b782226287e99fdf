"""What images take on disk: what is shared counts once, and what is said to be reclaimable is what comes back."""

import os
from pathlib import Path
from typing import Any

import pytest
from support import images

from engine.errors import InvalidInput
from engine.image.oci import time_ns
from engine.image.store.images import Store

BIG = os.urandom(40_000)
SHARED = {"shared": BIG}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"{tmp_path}/image", f"{tmp_path}/layers")


def _on_disk(*folders: Path) -> int:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.name != "layer.json"]
    return sum(path.stat().st_blocks * 512 for path in files)


def _of(usage: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [image for image in usage["images"] if f"localhost/{name}:latest" in image["names"]]
    return dict(found)


def test_an_empty_store_takes_nothing(store: Store) -> None:
    usage = store.disk_usage()
    assert usage.pop("images") == []
    assert set(usage.values()) == {0}


def test_layers_and_blobs_count_once_however_many_images_share_them(store: Store, tmp_path: Path) -> None:
    images.add(store, "localhost/one", SHARED, {"a": os.urandom(9_000)})
    images.add(store, "localhost/two", SHARED, {"b": os.urandom(9_000)}, docker=True)
    usage = store.disk_usage()
    records = sum(path.stat().st_blocks * 512 for path in (tmp_path / "layers").rglob("layer.json"))
    assert usage["layers_bytes"] == _on_disk(tmp_path / "layers") + records
    assert usage["blobs_bytes"] == _on_disk(tmp_path / "image/blobs")
    for name in ("one", "two"):
        image = _of(usage, name)
        assert image["size_bytes"] == image["shared_bytes"] + image["unique_bytes"]
        assert image["shared_bytes"] >= 2 * len(BIG)
        assert 9_000 < image["unique_bytes"] < 2 * len(BIG)


def test_what_is_unique_comes_back_when_an_image_goes(store: Store) -> None:
    images.add(store, "localhost/one", SHARED, {"a": os.urandom(9_000)})
    images.add(store, "localhost/two", SHARED, {"b": os.urandom(9_000)})
    unique = _of(store.disk_usage(), "one")["unique_bytes"]
    assert store.remove("one")["reclaimed_bytes"] == unique
    usage = store.disk_usage()
    assert _of(usage, "two")["unique_bytes"] == usage["layers_bytes"] + usage["blobs_bytes"]


def test_what_is_reclaimable_is_what_prune_reclaims(store: Store) -> None:
    used = images.add(store, "localhost/used", SHARED)
    images.add(store, "localhost/unused", SHARED, {"b": os.urandom(9_000)})
    os.makedirs(store.layout.blobs.partials)
    Path(store.layout.blobs.partials, "0" * 64).write_bytes(BIG)
    Path(store.layout.blobs.folder, "1" * 64).write_bytes(BIG)
    uses = {used.id: ["web"]}
    usage = store.disk_usage(uses)
    assert usage["partial_bytes"] >= len(BIG)
    assert usage["rubbish_bytes"] >= len(BIG)
    assert _of(usage, "used")["containers"] == 1
    assert _of(usage, "unused")["containers"] == 0
    assert store.prune(uses, everything=True)["reclaimed_bytes"] == usage["reclaimable_bytes"]
    assert store.disk_usage(uses)["reclaimable_bytes"] == 0


def test_a_tag_more_takes_no_room(store: Store) -> None:
    images.add(store, "localhost/one", SHARED)
    before = store.disk_usage()
    store.tag("one", "two")
    after = store.disk_usage()
    assert (after["layers_bytes"], after["blobs_bytes"]) == (before["layers_bytes"], before["blobs_bytes"])
    assert after["images"][0]["unique_bytes"] == before["images"][0]["unique_bytes"]


def test_downloads_that_may_go_on_survive_a_removal_but_not_a_prune(store: Store) -> None:
    images.add(store, "localhost/one", SHARED)
    os.makedirs(store.layout.blobs.partials)
    partial = Path(store.layout.blobs.partials, "0" * 64)
    partial.write_bytes(BIG)
    store.remove("one")
    store.sweep()
    assert partial.exists()
    store.prune()
    assert not partial.exists()


def test_prune_takes_nameless_images_and_with_everything_all_that_no_container_uses(store: Store) -> None:
    nameless = images.add(store, None, {"a": b"1"})
    named = images.add(store, "localhost/named", {"a": b"2"})
    used = images.add(store, "localhost/used", {"a": b"3"})
    uses = {used.id: ["web"]}
    assert store.prune(uses)["images"] == [nameless.id]
    pruned = store.prune(uses, everything=True)
    assert (pruned["images"], pruned["untagged"]) == ([named.id], ["localhost/named:latest"])
    assert [image.id for image in store.images()] == [used.id]


def test_prune_leaves_alone_what_is_newer_or_has_not_the_labels(store: Store) -> None:
    images.add(store, "localhost/old", {"a": b"1"}, created="2020-01-01T00:00:00Z")
    images.add(store, "localhost/new", {"a": b"2"}, created="2025-01-01T00:00:00Z")
    images.add(store, "localhost/label", {"a": b"3"}, config={"Labels": {"keep": "no"}})
    until = str(time_ns("2021-01-01T00:00:00Z"))
    names = [
        store.prune({}, everything=True, filters=filters)["untagged"]
        for filters in ({"label": ["keep=yes"]}, {"label": ["keep", "other"]}, {"until": [until]}, {"label": ["keep"]})
    ]
    assert names == [[], [], ["localhost/old:latest"], ["localhost/label:latest"]]
    assert [image.names for image in store.images()] == [("localhost/new:latest",)]


@pytest.mark.parametrize("filters", [{"until": ["yesterday"]}, {"size": ["1"]}, {"until": ["1e9"]}])
def test_a_filter_that_means_nothing_removes_nothing(store: Store, filters: dict[str, list[str]]) -> None:
    images.add(store, "localhost/one", SHARED)
    with pytest.raises(InvalidInput):
        store.prune({}, everything=True, filters=filters)
    assert len(store.images()) == 1


def test_prune_says_which_damaged_images_keep_it_from_reclaiming(store: Store) -> None:
    image = images.add(store, "localhost/bad", SHARED)
    Path(store.layout.blobs.path(image.digest)).write_bytes(b"{}")
    pruned = Store(store.layout.folder, store.unpacked.folder).prune({})
    assert pruned == {"images": [], "untagged": [], "reclaimed_bytes": 0, "damaged": ["localhost/bad:latest"]}
    assert store.remove("bad")["reclaimed_bytes"] >= len(BIG)

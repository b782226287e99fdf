"""How layers are to be compressed, what their descriptors become, and what is remembered of it."""

import json
import os
from pathlib import Path

import pytest
from support import images

from engine.errors import InvalidInput
from engine.image import oci
from engine.image.oci import Descriptor
from engine.image.registry import packing
from engine.image.registry.packing import Memory, Wish
from engine.image.store.images import Store

DIGEST = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64


def layer(media_type: str) -> Descriptor:
    return Descriptor(media_type=media_type, digest=DIGEST, size=1000, annotations={"kept": "yes"})


@pytest.mark.parametrize(
    ("media_type", "kind", "everything", "stays"),
    [
        (oci.LAYER, "gzip", False, False),
        (oci.LAYER, "none", False, True),
        (oci.LAYER_GZIP, "zstd", False, True),
        (oci.LAYER_GZIP, "zstd", True, False),
        (oci.LAYER_GZIP, "gzip", True, True),
        (oci.LAYER_ZSTD, "none", True, False),
        (oci.DOCKER_LAYER, "gzip", False, False),
    ],
)
def test_only_plain_layers_are_compressed_unless_all_are_wanted(
    media_type: str, kind: str, everything: bool, stays: bool
) -> None:
    assert Wish(kind=kind, everything=everything).is_met(layer(media_type)) is stays


@pytest.mark.parametrize(
    ("media_type", "kind", "becomes"),
    [
        (oci.LAYER, "gzip", oci.LAYER_GZIP),
        (oci.LAYER, "zstd", oci.LAYER_ZSTD),
        (oci.LAYER_GZIP, "none", oci.LAYER),
        (oci.DOCKER_LAYER, "gzip", oci.DOCKER_LAYER_GZIP),
        (oci.DOCKER_LAYER_GZIP, "none", oci.DOCKER_LAYER),
        (oci.DOCKER_LAYER, "zstd", oci.LAYER_ZSTD),
    ],
)
def test_a_layer_stays_in_its_family_where_that_has_a_word(media_type: str, kind: str, becomes: str) -> None:
    found = packing.packed(layer(media_type), kind, OTHER, 10)
    assert (found.media_type, found.digest, found.size) == (becomes, OTHER, 10)
    assert found.annotations == {"kept": "yes"}


@pytest.mark.parametrize(("kind", "level"), [("xz", None), ("gzip", 0), ("gzip", 10), ("zstd", 20), ("none", 1)])
def test_what_cannot_be_done_is_refused(kind: str, level: int | None) -> None:
    with pytest.raises(InvalidInput):
        packing.wish(kind, level, False)


def test_a_manifest_whose_layers_stay_is_sent_as_it_came() -> None:
    one = images.layer({"a": b"b"})
    data = b"  " + images.manifest(b"{}", [one])
    manifest = oci.read_manifest(data)
    assert isinstance(manifest, oci.Manifest)
    assert packing.rewritten(data, manifest, manifest.layers) == (data, oci.MANIFEST)


def test_a_manifest_that_is_rewritten_keeps_what_nobody_knows() -> None:
    one = images.layer({"a": b"b"}, oci.LAYER)
    document = json.loads(images.manifest(b"{}", [one])) | {"annotations": {"a": "b"}, "later": {"x": [1]}}
    manifest = oci.read_manifest(json.dumps(document).encode())
    assert isinstance(manifest, oci.Manifest)
    packed = packing.packed(manifest.layers[0], "gzip", OTHER, 10)
    data, media_type = packing.rewritten(json.dumps(document).encode(), manifest, [packed])
    found = json.loads(data)
    assert (found["annotations"], found["later"], media_type) == ({"a": "b"}, {"x": [1]}, oci.MANIFEST)
    assert found["layers"] == [{"mediaType": oci.LAYER_GZIP, "digest": OTHER, "size": 10}]


def test_a_docker_manifest_with_a_layer_of_zstd_becomes_one_of_oci() -> None:
    two = [images.layer({"a": b"b"}, oci.DOCKER_LAYER), images.layer({"c": b"d"}, oci.DOCKER_LAYER_GZIP)]
    data = images.manifest(b"{}", two, docker=True)
    manifest = oci.read_manifest(data)
    assert isinstance(manifest, oci.Manifest)
    packed = packing.packed(manifest.layers[0], "zstd", OTHER, 10)
    data, media_type = packing.rewritten(data, manifest, [packed, manifest.layers[1]])
    found = json.loads(data)
    assert media_type == found["mediaType"] == oci.MANIFEST
    assert found["config"]["mediaType"] == oci.CONFIG
    assert [entry["mediaType"] for entry in found["layers"]] == [oci.LAYER_ZSTD, oci.LAYER_GZIP]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """Of one layer that is unpacked."""
    store = Store(f"{tmp_path}/image", f"{tmp_path}/layers")
    os.makedirs(store.unpacked.path(DIGEST))
    return Memory(store, [DIGEST], 0)


def blob(digest: str) -> Descriptor:
    return Descriptor(media_type=oci.LAYER_GZIP, digest=digest, size=10)


def test_what_a_layer_came_to_is_remembered_by_kind_and_level(memory: Memory) -> None:
    assert memory.find(Wish()) is None
    memory.note(Wish(), blob(OTHER), "a.example/app")
    memory.note(Wish(level=9), blob(DIGEST), "a.example/app")
    found = memory.find(Wish(level=5))
    assert found is not None
    assert (found.digest, found.repositories) == (OTHER, ("a.example/app",))
    assert memory.find(Wish(kind="zstd")) is None


def test_where_a_blob_lies_is_remembered_once_and_the_latest_last(memory: Memory) -> None:
    for place in ("a.example/app", "b.example/app", "a.example/app"):
        memory.note(Wish(), blob(OTHER), place)
    found = memory.find(Wish())
    assert found is not None
    assert found.repositories == ("b.example/app", "a.example/app")


def test_places_of_another_blob_are_forgotten_with_it(memory: Memory) -> None:
    memory.note(Wish(), blob(OTHER), "a.example/app")
    memory.note(Wish(), blob(DIGEST), "b.example/app")
    found = memory.find(Wish())
    assert found is not None
    assert found.repositories == ("b.example/app",)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[1]", b'[{"kind": 1}]', b'[{"kind": "gzip", "level": 5, "digest": "x"}]']
)
def test_a_memory_that_is_damaged_is_none(memory: Memory, tmp_path: Path, data: bytes) -> None:
    (path,) = [Path(found) for found in tmp_path.glob("layers/*")]
    (path / "compressed.json").write_bytes(data)
    assert memory.all() == ()
    memory.note(Wish(), blob(OTHER), "a.example/app")
    assert len(memory.all()) == 1


def test_a_layer_that_is_not_unpacked_has_no_memory(tmp_path: Path) -> None:
    memory = Memory(Store(f"{tmp_path}/image", f"{tmp_path}/layers"), [DIGEST], 0)
    memory.note(Wish(), blob(OTHER), "a.example/app")
    assert memory.all() == ()

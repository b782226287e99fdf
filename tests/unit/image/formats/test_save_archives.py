"""What is saved is deterministic, shares what is shared, and can be loaded again."""

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from support import image_archives as archives

from engine.archive.limits import Limits
from engine.errors import EngineError, InvalidInput, NotFound
from engine.image import oci
from engine.image.formats.load import load
from engine.image.formats.save import save
from engine.image.store.images import Store

ONE, TWO = archives.layer("one", "a"), archives.layer("two", "b")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two images with a layer in common: one of Docker's archive, plain, and one of OCI's, compressed."""
    store = Store(f"{tmp_path}/image", f"{tmp_path}/layers")
    pieces = archives.image([ONE, TWO])
    _load(store, archives.tar(archives.docker([(["localhost/plain:1", "localhost/plain:2"], [ONE])])))
    layout = archives.layout([archives.named(pieces[-1].descriptor, "quay.io/team/gzip:1")], pieces)
    _load(store, archives.tar(layout))
    return store


def _load(store: Store, data: bytes) -> list[dict[str, Any]]:
    return load(store, io.BytesIO(data), limits=Limits(), say=lambda _event: None)


class Pipe:
    """Takes a little at a time, and cannot be sought."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> int:
        taken = bytes(data[:1000])
        self.data += taken
        return len(taken)


def _save(store: Store, *names: str, **how: Any) -> bytes:
    pipe = Pipe()
    save(store, names, pipe, say=lambda _event: None, **how)
    return pipe.data


def _files(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
    return {name: file.read() for name, file in files.items() if file}


def test_an_archive_of_docker_has_the_config_as_it_is_and_layers_without_compression(store: Store) -> None:
    files = _files(_save(store, "quay.io/team/gzip:1"))
    (entry,) = json.loads(files["manifest.json"])
    assert entry["RepoTags"] == ["quay.io/team/gzip:1"]
    assert files[entry["Config"]] == archives.config([ONE, TWO])
    assert entry["Config"] == f"{archives.sha256(archives.config([ONE, TWO]))[7:]}.json"
    assert [files[name] for name in entry["Layers"]] == [ONE, TWO]


def test_a_layer_of_two_images_is_there_once(store: Store) -> None:
    files = _files(_save(store, "plain:1", "quay.io/team/gzip:1"))
    first, second = json.loads(files["manifest.json"])
    assert first["Layers"][0] == second["Layers"][0]
    assert len([name for name in files if name.endswith(".tar")]) == 2


def test_names_of_one_image_are_together_and_an_id_gives_none(store: Store) -> None:
    image_id = store.find("plain:1").id
    (entry,) = json.loads(_files(_save(store, "plain:2", "plain:1"))["manifest.json"])
    assert entry["RepoTags"] == ["localhost/plain:1", "localhost/plain:2"]
    (entry,) = json.loads(_files(_save(store, image_id[7:19]))["manifest.json"])
    assert entry["RepoTags"] is None


def test_an_archive_of_oci_has_the_manifest_as_it_is(store: Store) -> None:
    files = _files(_save(store, "quay.io/team/gzip:1", kind="oci-archive"))
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["digest"] == store.find("quay.io/team/gzip:1").digest
    assert entry["annotations"] == {archives.REF_NAME: "quay.io/team/gzip:1"}
    assert entry["platform"] == {"os": "linux", "architecture": "amd64"}
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    for name, data in files.items():
        assert not name.startswith("blobs/") or archives.sha256(data)[7:] == name.rpartition("/")[2]


@pytest.mark.parametrize(
    ("compression", "media_type"), [("gzip", oci.LAYER_GZIP), ("zstd", oci.LAYER_ZSTD), ("none", oci.LAYER)]
)
def test_layers_may_be_compressed_otherwise(store: Store, tmp_path: Path, compression: str, media_type: str) -> None:
    data = _save(store, "plain:1", "quay.io/team/gzip:1", kind="oci-archive", compression=compression)
    other = Store(f"{tmp_path}/other/image", f"{tmp_path}/other/layers")
    _load(other, data)
    image = other.find("quay.io/team/gzip:1")
    assert {layer.media_type for layer in other.manifest(image).layers} == {media_type}
    assert image.id == store.find("quay.io/team/gzip:1").id
    assert list(Path(store.layout.blobs.ingest).iterdir()) == []


def test_compression_that_is_the_same_already_leaves_a_layer_as_it_is(store: Store) -> None:
    plain = _save(store, "quay.io/team/gzip:1", kind="oci-archive")
    assert _save(store, "quay.io/team/gzip:1", kind="oci-archive", compression="gzip") == plain


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_the_same_images_give_the_same_bytes(store: Store, kind: str) -> None:
    names = ("plain:1", "quay.io/team/gzip:1")
    compression = "gzip" if kind == "oci-archive" else ""
    assert _save(store, *names, kind=kind, compression=compression) == _save(
        store, *names, kind=kind, compression=compression
    )


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_what_was_saved_is_loaded_as_the_same_images(store: Store, tmp_path: Path, kind: str) -> None:
    data = gzip.compress(_save(store, "plain:1", "quay.io/team/gzip:1", kind=kind))
    other = Store(f"{tmp_path}/other/image", f"{tmp_path}/other/layers")
    loaded = _load(other, data)
    assert [image["id"] for image in loaded] == [store.find(name).id for name in ("plain:1", "quay.io/team/gzip:1")]
    assert [image["names"] for image in loaded] == [["localhost/plain:1"], ["quay.io/team/gzip:1"]]


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_a_blob_that_was_damaged_on_disk_fails_the_archive(store: Store, kind: str) -> None:
    layer = store.manifest(store.find("plain:1")).layers[0]
    blob = Path(store.layout.blobs.path(layer.digest))
    blob.write_bytes(blob.read_bytes().replace(b"one", b"two"))
    with pytest.raises(EngineError, match="damaged on disk"):
        _save(store, "plain:1", kind=kind)


def test_the_size_of_a_layer_is_counted_where_nobody_has_recorded_it(store: Store) -> None:
    for record in Path(store.unpacked.folder).glob("*/layer.json"):
        record.write_text('{"version": 1, "size_bytes": 3}')
    files = _files(_save(store, "quay.io/team/gzip:1"))
    assert [files[name] for name in json.loads(files["manifest.json"])[0]["Layers"]] == [ONE, TWO]


def test_what_cannot_be_saved_is_refused_in_words(store: Store) -> None:
    with pytest.raises(NotFound, match="missing"):
        _save(store, "missing")
    with pytest.raises(InvalidInput, match="no image was named"):
        _save(store)
    with pytest.raises(InvalidInput, match="not compressed"):
        _save(store, "plain:1", compression="gzip")
    with pytest.raises(InvalidInput, match="kind"):
        _save(store, "plain:1", kind="cpio")


def test_progress_is_told_for_each_layer(store: Store) -> None:
    events: list[dict[str, Any]] = []
    save(store, ["quay.io/team/gzip:1"], Pipe(), say=events.append)
    done = {event["layer"]: event for event in events}
    assert {event["step"] for event in events} == {"saving"}
    assert all(event["done"] == event["total"] > 0 for event in done.values())
    assert len(done) == 2

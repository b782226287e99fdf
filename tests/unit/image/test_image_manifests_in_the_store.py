"""Images kept as they came: whole or not at all, of Docker and of OCI, over layers that depend on others or not."""

import os
from pathlib import Path

import pytest
from support import images

from engine.errors import EngineError, InvalidInput
from engine.image import oci
from engine.image.oci import Descriptor, Index
from engine.image.store.blobs import sha256
from engine.image.store.images import Store
from engine.image.store.unpacked import LayerRecord, chain_id

NAME = "quay.io/team/app:1"
FILES = {"a": b"1"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"{tmp_path}/image", f"{tmp_path}/layers")


@pytest.mark.parametrize("docker", [False, True])
def test_a_manifest_is_kept_with_its_bytes(store: Store, docker: bool) -> None:
    image = images.add(store, NAME, FILES, {"b": b"22"}, docker=docker, author="me", variant="v2")
    layers = [images.layer(one, oci.DOCKER_LAYER_GZIP if docker else oci.LAYER_GZIP) for one in (FILES, {"b": b"22"})]
    document = oci.encode(images.config(layers, author="me", variant="v2"))
    assert store.layout.blobs.read(image.digest) == images.manifest(document, layers, docker=docker)
    assert image.media_type == (oci.DOCKER_MANIFEST if docker else oci.MANIFEST)
    assert (image.os, image.architecture, image.variant, image.author) == ("linux", "amd64", "v2", "me")
    assert (image.layer_bytes, image.size_bytes) == ((1, 2), 3)
    assert store.manifest(image).layers == tuple(one.descriptor for one in layers)


def test_an_image_made_here_is_of_oci_over_whatever_layers(store: Store) -> None:
    base = images.add(store, NAME, FILES, docker=True)
    with store.adding():
        image_id = store.add_image(dict(base.config, author="me"), store.manifest(base).layers, None)
    made = store.find(image_id)
    assert (made.names, made.author, made.media_type) == ((), "me", oci.MANIFEST)
    assert [layer.media_type for layer in store.manifest(made).layers] == [oci.LAYER_GZIP]
    assert store.lowers(made) == store.lowers(base)


def _parts(store: Store) -> tuple[list[images.Layer], bytes]:
    layers = [images.layer(FILES)]
    document = oci.encode(images.config(layers))
    images.put_blob(store, document)
    images.put_layer(store, layers, 0, FILES)
    return layers, document


def test_an_index_is_no_image(store: Store) -> None:
    with store.adding(), pytest.raises(InvalidInput, match="an index and not an image"):
        store.add_manifest(oci.encode(Index()), "", NAME)


def test_a_manifest_that_was_called_something_else_is_not_kept(store: Store) -> None:
    with store.adding():
        layers, document = _parts(store)
        with pytest.raises(InvalidInput, match="was called"):
            store.add_manifest(images.manifest(document, layers), oci.DOCKER_MANIFEST, NAME)
    assert store.layout.entries() == ()


def test_an_image_is_not_kept_before_all_its_parts_are_there(store: Store) -> None:
    with store.adding():
        layers, document = _parts(store)
        data = images.manifest(document, layers)
        for missing in (store.layout.blobs.path(layers[0].descriptor.digest), store.unpacked.path(layers[0].diff_id)):
            os.rename(missing, f"{missing}.hidden")
            with pytest.raises(EngineError, match="is missing"):
                store.add_manifest(data, "", NAME)
            os.rename(f"{missing}.hidden", missing)
        os.unlink(store.layout.blobs.path(store.layout.blobs.add(document)))
        with pytest.raises(EngineError, match="is missing"):
            store.add_manifest(data, "", NAME)
    assert store.images() == []


def test_a_layer_of_another_size_than_promised_is_missing(store: Store) -> None:
    with store.adding():
        layers, document = _parts(store)
        with open(store.layout.blobs.path(layers[0].descriptor.digest), "ab") as file:
            file.write(b"more")
        with pytest.raises(EngineError, match="is missing"):
            store.add_manifest(images.manifest(document, layers), "", NAME)


def test_a_config_of_fewer_layers_is_refused(store: Store) -> None:
    with store.adding():
        layers, document = _parts(store)
        with pytest.raises(InvalidInput, match="has 2 layers, but its config knows 1"):
            store.add_manifest(images.manifest(document, layers * 2), "", NAME)


def test_an_artifact_is_refused(store: Store) -> None:
    empty = Descriptor(media_type="application/vnd.oci.empty.v1+json", digest=f"sha256:{'0' * 64}", size=2)
    with store.adding(), pytest.raises(InvalidInput, match="an artifact"):
        store.add_manifest(oci.encode(oci.Manifest(config=empty, layers=())), "", NAME)


def test_a_chain_id_names_a_layer_with_those_below() -> None:
    """Source: OCI image-spec 1.1, config.md: ChainID(L0|L1) is the digest of `ChainID(L0) L1`."""
    first, second = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
    assert chain_id([first]) == first
    assert chain_id([first, second]) == sha256(f"{first} {second}".encode())


def test_a_layer_that_depends_on_those_below_is_another_over_other_layers(store: Store) -> None:
    top, below, else_below = {"lib/x": b"1"}, {"usr/lib/y": b"2"}, {"lib/y": b"3"}
    for under in (below, else_below):
        layers = [images.layer(under), images.layer(top)]
        with store.adding():
            images.put_layer(store, layers, 0, under)
            images.put_layer(store, layers, 1, top, depends=True)
    for under in (below, else_below):
        diff_ids = [images.layer(under).diff_id, images.layer(top).diff_id]
        assert store.layer_place(diff_ids, 1) == store.unpacked.path(chain_id(diff_ids))
    assert store.layer_place([images.layer(top).diff_id], 0) is None


def test_a_lowest_layer_that_depends_on_nothing_being_below_is_not_used_over_others(store: Store) -> None:
    top = images.layer(FILES)
    with store.adding():
        images.put_layer(store, [top], 0, FILES, depends=True)
    assert store.layer_place([top.diff_id], 0) == store.unpacked.path(top.diff_id)
    assert store.layer_place([images.layer({"b": b""}).diff_id, top.diff_id], 1) is None


def test_layers_kept_by_their_chain_are_needed_and_go_with_their_image(store: Store, tmp_path: Path) -> None:
    files = ({"a": b"1"}, {"b": b"2"})
    layers = [images.layer(one) for one in files]
    with store.adding():
        images.put_layer(store, layers, 0, files[0])
        images.put_layer(store, layers, 1, files[1], depends=True)
    with store.adding():
        image = images.add(store, NAME, *files)
    store.prune()
    assert [os.listdir(folder) for folder in store.lowers(image)] == [["b"], ["a"]]
    store.remove(NAME)
    assert os.listdir(tmp_path / "layers") == []


def test_the_topmost_layer_that_speaks_of_the_root_gives_it_its_attributes(store: Store) -> None:
    files = ({"a": b"1"}, {"b": b"2"}, {"c": b"3"})
    image = images.add(store, NAME, *files)
    assert store.root_attributes(image) is None
    for index, mode in ((0, 0o700), (1, 0o1777)):
        folder = store.unpacked.path(image.layers[index])
        os.chmod(folder, mode)
        record = LayerRecord(size_bytes=1, root=True)
        Path(folder).parent.joinpath("layer.json").write_bytes(oci.encode(record))
    attributes = store.root_attributes(image)
    assert attributes is not None
    assert (attributes.mode, attributes.uid, attributes.gid) == (0o1777, os.getuid(), os.getgid())


@pytest.mark.parametrize(
    ("text", "size"), [('{"version": 1, "size_bytes": 7}', 7), ("", 0), ("{", 0), ('{"size_bytes": "x"}', 0)]
)
def test_records_of_older_versions_are_read_and_damaged_ones_know_nothing(store: Store, text: str, size: int) -> None:
    image = images.add(store, NAME, FILES)
    Path(store.unpacked.path(image.layers[0])).parent.joinpath("layer.json").write_text(text)
    record = store.unpacked.record(image.layers[0])
    assert (record.size_bytes, record.depends, record.root, record.blobs) == (size, False, False, ())


@pytest.mark.parametrize("which", ["manifest", "config"])
def test_a_tampered_document_is_never_believed(store: Store, which: str) -> None:
    image = images.add(store, NAME, FILES)
    path = store.layout.blobs.path(image.digest if which == "manifest" else image.id)
    data = bytearray(Path(path).read_bytes())
    for position in range(0, len(data), 7):
        data[position] ^= 1
        Path(path).write_bytes(data)
        with pytest.raises(EngineError, match="is damaged on disk"):
            Store(store.layout.folder, store.unpacked.folder).find(NAME)
        data[position] ^= 1
    Path(path).write_bytes(data + b" ")
    with pytest.raises(EngineError, match="is damaged on disk"):
        Store(store.layout.folder, store.unpacked.folder).find(NAME)

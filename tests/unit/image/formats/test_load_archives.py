"""Archives of images are taken whole or not at all, whoever wrote them, in whatever order."""

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import image_archives as archives
from support.image_archives import Files

from engine.archive.limits import Limits
from engine.errors import EngineError, InvalidInput, NotFound
from engine.image import oci
from engine.image.formats.load import load
from engine.image.store.images import Store

ONE, TWO = archives.layer("one", "a"), archives.layer("two", "b")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"{tmp_path}/image", f"{tmp_path}/layers")


class Stream:
    """What cannot be sought, and gives a little at a time."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, 777))


def _load(store: Store, files: Files | bytes, **how: Any) -> list[dict[str, Any]]:
    data = files if isinstance(files, bytes) else archives.tar(files)
    return load(store, Stream(data), limits=Limits(), say=lambda _event: None, **how)


def _seen(store: Store, name: str) -> list[list[str]]:
    """The files of each layer, top first."""
    return [sorted(os.listdir(folder)) for folder in store.lowers(store.find(name))]


def _is_clean(store: Store) -> bool:
    """No image, no blob, no layer, nothing half."""
    folders = [store.layout.blobs.folder, store.layout.blobs.ingest, store.unpacked.folder]
    left = [name for folder in folders if os.path.exists(folder) for name in os.listdir(folder)]
    return store.images() == [] and left == []


def _reversed(files: Files) -> Files:
    return dict(reversed(files.items()))


DOCKER = archives.docker([(["team/app:1", "localhost/app:2"], [ONE, TWO])])


def test_an_archive_of_docker_becomes_an_image(store: Store) -> None:
    (image,) = _load(store, DOCKER)
    assert image["id"] == archives.sha256(archives.config([ONE, TWO]))
    assert image["names"] == ["docker.io/team/app:1", "localhost/app:2"]
    assert _seen(store, "localhost/app:2") == [["b"], ["a"]]
    assert store.find("team/app:1").id == image["id"]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_the_whole_may_be_compressed(store: Store, compress: Any) -> None:
    _load(store, compress(archives.tar(DOCKER)))
    assert _seen(store, "localhost/app:2") == [["b"], ["a"]]


def test_the_order_in_the_archive_does_not_matter(store: Store) -> None:
    _load(store, _reversed(DOCKER))
    assert _seen(store, "localhost/app:2") == [["b"], ["a"]]


@pytest.mark.parametrize(
    ("compress", "media_type"),
    [(gzip.compress, oci.LAYER_GZIP), (bz2.compress, oci.LAYER), (lzma.compress, oci.LAYER)],
)
def test_layers_of_docker_may_be_compressed_and_the_manifest_says_so(
    store: Store, compress: Any, media_type: str
) -> None:
    files = {name: compress(data) if data == ONE else data for name, data in DOCKER.items()}
    _load(store, files)
    image = store.find("localhost/app:2")
    assert [layer.media_type for layer in store.manifest(image).layers] == [media_type, oci.LAYER]
    assert _seen(store, "localhost/app:2") == [["b"], ["a"]]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_layer_may_be_a_link_to_another_ones_file(store: Store, kind: bytes) -> None:
    files = dict(DOCKER)
    first, second = [name for name in files if name.endswith("layer.tar")]
    entry = json.loads(files["manifest.json"])[0]  # type: ignore[arg-type]
    document = archives.config([ONE, ONE])
    target = f"../{first}" if kind == tarfile.SYMTYPE else first
    files[second] = archives.link(second, target, kind)
    files |= {"config.json": document, "manifest.json": json.dumps([{**entry, "Config": "config.json"}]).encode()}
    (image,) = _load(store, files)
    assert image["id"] == archives.sha256(document)
    assert _seen(store, "localhost/app:2") == [["a"], ["a"]]


def test_several_images_share_layers_and_an_image_may_have_no_name(store: Store) -> None:
    first, second = _load(store, archives.docker([(["a:1"], [ONE, TWO]), (None, [ONE])]))
    assert second["names"] == []
    assert store.find(second["id"]).names == ()
    assert len(os.listdir(store.unpacked.folder)) == 2
    assert store.find("a:1").id == first["id"]


def test_loading_again_changes_nothing(store: Store) -> None:
    assert _load(store, DOCKER) == _load(store, DOCKER)
    assert len(store.images()) == 1


def test_an_image_that_is_there_with_compressed_layers_gets_one_more_name_and_nothing_else(store: Store) -> None:
    pieces = archives.image([ONE, TWO])
    _load(store, archives.layout([archives.named(pieces[-1].descriptor, "quay.io/team/app:1")], pieces))
    blobs = sorted(os.listdir(store.layout.blobs.folder))
    _load(store, DOCKER)
    (image,) = store.images()
    assert image.names == ("docker.io/team/app:1", "localhost/app:2", "quay.io/team/app:1")
    assert sorted(os.listdir(store.layout.blobs.folder)) == blobs


def _oci(name: str = "localhost/app:2") -> Files:
    pieces = archives.image([ONE, TWO])
    return archives.layout([archives.named(pieces[-1].descriptor, name)], pieces)


def test_an_archive_of_oci_keeps_its_manifest(store: Store) -> None:
    pieces = archives.image([ONE, TWO])
    (image,) = _load(store, _oci())
    assert image["names"] == ["localhost/app:2"]
    assert store.find("localhost/app:2").digest == pieces[-1].descriptor["digest"]
    assert _seen(store, "localhost/app:2") == [["b"], ["a"]]


@pytest.mark.parametrize(
    ("key", "text", "names"),
    [
        (archives.REF_NAME, "quay.io/team/app:1", ["quay.io/team/app:1"]),
        (archives.REF_NAME, "app", ["localhost/app:latest"]),
        ("io.containerd.image.name", "docker.io/library/app:1", ["docker.io/library/app:1"]),
        (archives.REF_NAME, "Not A Name", []),
        (archives.REF_NAME, f"a@sha256:{'0' * 64}", []),
        ("org.example.other", "app", []),
    ],
)
def test_the_name_is_what_an_annotation_says_if_it_is_one(store: Store, key: str, text: str, names: list[str]) -> None:
    pieces = archives.image([ONE])
    (image,) = _load(store, archives.layout([archives.named(pieces[-1].descriptor, text, key)], pieces))
    assert image["names"] == names


def test_two_names_of_one_image_are_one_image(store: Store) -> None:
    pieces = archives.image([ONE])
    entries = [archives.named(pieces[-1].descriptor, name) for name in ("a:1", "b:1")]
    (image,) = _load(store, archives.layout(entries, pieces))
    assert image["names"] == ["localhost/a:1", "localhost/b:1"]


def _platforms(*words: str) -> tuple[Files, dict[str, str]]:
    """An index of one image for each architecture; and their ids."""
    pieces, entries, ids = [], [], {}
    for word in words:
        image = archives.image([archives.layer(word)], architecture=word)
        pieces += image
        entries.append({**image[-1].descriptor, "platform": {"os": "linux", "architecture": word}})
        ids[word] = image[-2].descriptor["digest"]
    inner = archives.piece(archives.index(entries), archives.INDEX)
    return archives.layout([archives.named(inner.descriptor, "multi:1")], [*pieces, inner]), ids


def test_of_an_index_the_image_for_the_platform_is_taken_and_the_index_is_remembered(store: Store) -> None:
    files, ids = _platforms("s390x", "riscv64")
    (image,) = _load(store, files, wanted=oci.Platform(os="linux", architecture="riscv64"))
    assert image["id"] == ids["riscv64"]
    digest = json.loads(files["index.json"])["manifests"][0]["digest"]  # type: ignore[arg-type]
    assert store.find(f"localhost/multi@{digest}").id == ids["riscv64"]


def test_a_platform_that_is_not_there_is_named_with_those_that_are(store: Store) -> None:
    files, _ = _platforms("s390x", "riscv64")
    with pytest.raises(NotFound) as caught:
        _load(store, files, wanted=oci.Platform(os="linux", architecture="arm64"))
    assert "s390x" in caught.value.hint
    assert _is_clean(store)


def test_indexes_within_each_other_have_an_end(store: Store) -> None:
    piece = archives.image([ONE])[-1]
    pieces = archives.image([ONE])
    for _ in range(5):
        piece = archives.piece(archives.index([piece.descriptor]), archives.INDEX)
        pieces.append(piece)
    with pytest.raises(InvalidInput, match="within each other"):
        _load(store, archives.layout([piece.descriptor], pieces))


def test_what_has_both_forms_is_read_as_oci(store: Store) -> None:
    pieces = archives.image([ONE], compressed=False)
    files = archives.layout([archives.named(pieces[-1].descriptor, "app:1", "io.containerd.image.name")], pieces)
    entry = {"Config": f"blobs/sha256/{pieces[1].descriptor['digest'][7:]}", "RepoTags": ["app:1"], "Layers": ["?"]}
    (image,) = _load(store, {**files, "manifest.json": json.dumps([entry]).encode()})
    assert image["names"] == ["localhost/app:1"]


def _without(files: Files, name: str) -> Files:
    return {key: data for key, data in files.items() if key != name}


def _broken() -> dict[str, tuple[Files | bytes, str]]:
    layer = next(name for name in DOCKER if name.endswith("layer.tar"))
    config = next(name for name in DOCKER if name.endswith(".json") and name != "manifest.json")
    oci_layer = f"blobs/sha256/{archives.image([ONE, TWO])[0].descriptor['digest'][7:]}"
    entry = json.loads(DOCKER["manifest.json"])[0]  # type: ignore[arg-type]

    def saying(**fields: Any) -> Files:
        return {**DOCKER, "manifest.json": json.dumps([{**entry, **fields}]).encode()}

    return {
        "nothing": (b"", "neither"),
        "no archive": (b"hello" * 1000, "archive"),
        "another archive": (archives.tar({"etc/passwd": b"x"}), "neither of Docker's form nor of OCI's"),
        "cut off": (archives.tar(DOCKER)[:-14_000], "archive"),
        "a layer is missing": (_without(DOCKER, layer), "which it needs"),
        "the config is missing": (_without(DOCKER, config), "which it needs"),
        "the config is another than its name says": ({**DOCKER, config: archives.config([ONE])}, "and not"),
        "a layer is another": ({**DOCKER, layer: archives.layer("evil")}, "it is sha256:"),
        "a layer is no archive": ({**DOCKER, layer: b"x" * 1024}, "archive is damaged"),
        "a layer too few": (saying(Layers=entry["Layers"][:1]), "has 1 layers, but its config knows 2"),
        "a layer out of the archive": (saying(Layers=["/etc/passwd", "../../etc/passwd"]), "which it needs"),
        "the config out of the archive": (saying(Config="/etc/passwd"), "which it needs"),
        "a link out of the archive": (
            {**_without(DOCKER, layer), layer: archives.link(layer, "/etc/passwd")},
            "which it needs",
        ),
        "a link to itself": ({**_without(DOCKER, layer), layer: archives.link(layer, "layer.tar")}, "which it needs"),
        "a name that leads out": ({**DOCKER, "../../evil": b"x"}, "leads out of it"),
        "an absolute name": ({**DOCKER, "/etc/cron.d/evil": b"x"}, "leads out of it"),
        "a device": ({**DOCKER, "dev": archives.special("dev", tarfile.CHRTYPE)}, "neither a file"),
        "a fifo": ({**DOCKER, "fifo": archives.special("fifo", tarfile.FIFOTYPE)}, "neither a file"),
        "a file twice": (
            archives.tar({f"./{layer}": ONE, **DOCKER}).replace(b"one", b"eno", 1),
            "in it twice, and not the same",
        ),
        "a name that is none": (saying(RepoTags=["../evil:1"]), "not the name of an image"),
        "a name that is a digest": (saying(RepoTags=[f"a@sha256:{'0' * 64}"]), "no tag"),
        "a list that is none": ({**DOCKER, "manifest.json": b"{}"}, "manifest.json is not valid"),
        "a list without configs": ({**DOCKER, "manifest.json": b"[{}]"}, "manifest.json is not valid"),
        "a document too large": ({**saying(Config="config"), "config": b" " * (5 << 20)}, "more than"),
        "a config that is none": ({**saying(Config="config"), "config": b"[]"}, "not a JSON object"),
        "a blob is missing": (_without(_oci(), oci_layer), "which it needs"),
        "a blob is another": ({**_oci(), oci_layer: b"evil"}, "what is in it as sha256:"),
        "an index that is a manifest": ({**_oci(), "index.json": archives.image([ONE])[-1].data}, "is a manifest"),
        "an index that is none": ({**_oci(), "index.json": b"{}"}, "schemaVersion"),
    }


BROKEN = _broken()


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_refused_in_words_and_leaves_nothing(store: Store, case: str) -> None:
    files, words = BROKEN[case]
    with pytest.raises(EngineError, match=words):
        _load(store, files)
    assert _is_clean(store)


def test_a_descriptor_with_another_size_is_refused(store: Store) -> None:
    pieces = archives.image([ONE])
    descriptor = {**pieces[-1].descriptor, "size": pieces[-1].descriptor["size"] + 1}
    with pytest.raises(InvalidInput, match="bytes and not"):
        _load(store, archives.layout([descriptor], pieces))


def test_where_one_image_is_wrong_none_is_kept(store: Store) -> None:
    files = archives.docker([(["good:1"], [ONE]), (["bad:1"], [ONE, TWO])])
    wrong = [name for name in files if name.endswith("layer.tar")][-1]
    with pytest.raises(InvalidInput):
        _load(store, {**files, wrong: archives.layer("evil")})
    assert _is_clean(store)


def test_an_archive_that_fails_leaves_the_images_that_were_there(store: Store) -> None:
    _load(store, DOCKER)
    with pytest.raises(InvalidInput):
        _load(store, archives.tar(archives.docker([(["bad:1"], [archives.layer("other")])]))[:-12_000])
    assert _seen(store, "localhost/app:2") == [["b"], ["a"]]


def test_progress_is_told_for_the_whole_and_for_each_layer(store: Store) -> None:
    events: list[dict[str, Any]] = []
    load(store, io.BytesIO(archives.tar(DOCKER)), limits=Limits(), say=events.append)
    layers = {event["layer"] for event in events if event["step"] == "unpacking"}
    assert layers == {archives.sha256(data)[7:19] for data in (ONE, TWO)}
    assert events[0]["step"] == "reading the archive"


@pytest.mark.parametrize("files", [DOCKER, _oci()])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 1 << 16), value=st.integers(0, 255))
def test_an_archive_with_one_wrong_byte_is_the_same_image_or_refused(
    store: Store, files: Files, at: int, value: int
) -> None:
    data = bytearray(archives.tar(files))
    data[at % len(data)] = value
    try:
        loaded = _load(store, bytes(data))
    except EngineError:
        return
    assert [image["id"] for image in loaded] == [archives.sha256(archives.config([ONE, TWO]))]


def test_an_archive_with_more_than_it_may_have_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInput, match="too large"):
        load(store, io.BytesIO(archives.tar(DOCKER)), limits=Limits(bytes_max=2048), say=lambda _event: None)
    with pytest.raises(InvalidInput, match="too large"):
        load(store, io.BytesIO(archives.tar(DOCKER)), limits=Limits(entries_max=3), say=lambda _event: None)
    assert _is_clean(store)

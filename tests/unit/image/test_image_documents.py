"""Documents of strangers: what is one, what it is taken for, and that whatever could be two things is refused."""

import json
from typing import Any

import pytest

from engine.errors import EngineError, InvalidInput
from engine.image import oci
from engine.image.oci import Config, Descriptor, Index, Manifest

DIGEST = f"sha256:{'0af1' * 16}"
CONFIG = {"mediaType": oci.CONFIG, "digest": DIGEST, "size": 2}
LAYER = {"mediaType": oci.LAYER_GZIP, "digest": DIGEST, "size": 3}


def manifest(**changes: Any) -> dict[str, Any]:
    """A manifest of OCI; a field that is changed to None is left out."""
    document = {"schemaVersion": 2, "mediaType": oci.MANIFEST, "config": CONFIG, "layers": [LAYER], **changes}
    return {key: value for key, value in document.items() if value is not None}


def index(**changes: Any) -> dict[str, Any]:
    entry = {"mediaType": oci.MANIFEST, "digest": DIGEST, "size": 5, "platform": {"os": "linux", "architecture": "arm"}}
    document = {"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": [entry], **changes}
    return {key: value for key, value in document.items() if value is not None}


def docker(**changes: Any) -> dict[str, Any]:
    layer = LAYER | {"mediaType": oci.DOCKER_LAYER_GZIP}
    return manifest(
        mediaType=oci.DOCKER_MANIFEST, config=CONFIG | {"mediaType": oci.DOCKER_CONFIG}, layers=[layer], **changes
    )


def read(document: Any, content_type: str = "") -> Manifest | Index:
    return oci.read_manifest(json.dumps(document).encode(), content_type)


def image(document: Any) -> Manifest:
    found = read(document)
    assert isinstance(found, Manifest)
    return found


@pytest.mark.parametrize("content_type", ["", oci.MANIFEST, f"{oci.MANIFEST}; charset=utf-8", "application/json"])
def test_a_manifest_of_oci_is_read_whatever_a_server_that_knows_nothing_calls_it(content_type: str) -> None:
    found = read(manifest(), content_type)
    assert isinstance(found, Manifest)
    assert (found.media_type, found.config.digest, found.layers[0].size) == (oci.MANIFEST, DIGEST, 3)
    oci.check_image(found)


def test_a_manifest_of_docker_is_read_and_stays_one() -> None:
    found = read(docker(), oci.DOCKER_MANIFEST)
    assert isinstance(found, Manifest)
    assert found.media_type == oci.DOCKER_MANIFEST
    oci.check_image(found)


@pytest.mark.parametrize(
    ("of", "media_type"), [(index(), oci.INDEX), (index(mediaType=oci.DOCKER_INDEX), oci.DOCKER_INDEX)]
)
def test_an_index_knows_its_platforms(of: dict[str, Any], media_type: str) -> None:
    found = read(of)
    assert isinstance(found, Index)
    assert (found.media_type, str(found.manifests[0].platform)) == (media_type, "linux/arm")


def test_without_a_media_type_of_its_own_a_document_is_what_it_was_called_else_of_oci() -> None:
    assert read(manifest(mediaType=None)).media_type == oci.MANIFEST
    assert read(manifest(mediaType=None), oci.DOCKER_MANIFEST).media_type == oci.DOCKER_MANIFEST
    assert read(index(mediaType=None)).media_type == oci.INDEX


def test_unknown_fields_pass_and_null_is_what_is_missing() -> None:
    found = image(manifest(subject=CONFIG, future={"x": [1]}) | {"annotations": None, "artifactType": None})
    assert not found.annotations
    assert image(manifest(annotations={"a": "b"})).annotations == {"a": "b"}


@pytest.mark.parametrize(
    ("document", "content_type", "message"),
    [
        (manifest(manifests=[]), "", "an image and an index at once"),
        (index(layers=[]), "", "an image and an index at once"),
        (index(config=CONFIG), oci.INDEX, "an image and an index at once"),
        (manifest(mediaType=oci.INDEX), "", "not what it says of itself"),
        (index(mediaType=oci.MANIFEST), "", "not what it says of itself"),
        (manifest(), oci.INDEX, "not what it was called"),
        (index(mediaType=None), oci.MANIFEST, "not what it was called"),
        (manifest(), "text/html", "not what it was called"),
        (manifest(), oci.DOCKER_MANIFEST, "but says that it is"),
        (docker(), oci.MANIFEST, "but says that it is"),
        (manifest(mediaType="application/vnd.oci.artifact.manifest.v1+json"), "", "not what it says of itself"),
        (manifest(mediaType=[]), "", "not a string"),
        (manifest(layers=None), "", "neither an image's nor an index"),
        (manifest(config=None), "", "neither an image's nor an index"),
        ({"schemaVersion": 2}, "", "neither an image's nor an index"),
        (manifest(schemaVersion=1), "", "schema 1"),
        (manifest(fsLayers=[]), "", "schema 1"),
        (manifest(), "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"),
        (manifest(schemaVersion=3), "", "schemaVersion 3|schemaVersion '3'"),
        (manifest(schemaVersion=None), "", "schemaVersion"),
        (manifest() | {"Layers": []}, "", "twice in different cases"),
        (manifest(config=CONFIG | {"digest": "sha256:12"}), "", "a digest is sha256: and 64 hex digits"),
        (manifest(config=CONFIG | {"digest": f"sha512:{'0' * 128}"}), "", "a digest is sha256: and 64 hex digits"),
        (manifest(layers=[LAYER | {"digest": DIGEST.upper()}]), "", "a digest is sha256: and 64 hex digits"),
        (manifest(layers=[LAYER | {"digest": f"{DIGEST}\n"}]), "", "a digest is sha256: and 64 hex digits"),
        (manifest(layers=[LAYER | {"digest": "sha256:../../../../etc/passwd"}]), "", "a digest is sha256:"),
        (manifest(layers=[LAYER | {"size": -1}]), "", "not valid"),
        (manifest(layers=[LAYER | {"size": 2**63}]), "", "not valid"),
        (manifest(layers=[LAYER | {"size": "3"}]), "", "not valid"),
        (manifest(layers=[LAYER] * 501), "", "not valid"),
        (manifest(layers={}), "", "not valid"),
        ([], "", "not a JSON object"),
        ("x", "", "not a JSON object"),
    ],
)
def test_whatever_could_be_two_things_or_is_none_is_refused(document: Any, content_type: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read(document, content_type)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"schemaVersion": NaN}',
        b'{"a": "\\ud800"}',
        b'\xef\xbb\xbf{"schemaVersion": 2}',
        b'{"schemaVersion": 2, "schemaVersion": 2}',
        b'{"schemaVersion": 2, "config": {"size": 1, "size": 2}}',
        b'{"schemaVersion": ' + b"9" * 5000 + b"}",
        json.dumps({"schemaVersion": 2}).encode("utf-16"),
    ],
)
def test_what_is_no_json_or_could_be_read_in_two_ways_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        oci.read_manifest(data)


def test_a_huge_manifest_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(InvalidInput, match="more than 4194304 bytes"):
        oci.read_manifest(b" " * (oci.DOCUMENT_MAX + 1))


def test_no_escape_sequence_of_a_document_gets_into_a_message() -> None:
    for document in (manifest(mediaType="\x1b[31m" * 1000), manifest(schemaVersion="\x9b31m")):
        with pytest.raises(InvalidInput) as caught:
            read(document)
        assert caught.value.message.isprintable()
        assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config": CONFIG | {"mediaType": "application/vnd.oci.empty.v1+json"}}, "an artifact of the type"),
        ({"config": CONFIG | {"mediaType": "application/x.helm"}, "artifactType": "\x1bchart"}, r"type '\\x1bchart'"),
        ({"config": CONFIG | {"size": 5 << 20}}, "image config is said to have"),
        ({"layers": [LAYER | {"urls": ["https://example.com/layer"]}]}, "a foreign one"),
        (
            {"layers": [LAYER | {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}]},
            "a foreign one",
        ),
        (
            {"layers": [LAYER | {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar"}]},
            "a foreign one",
        ),
        ({"layers": [LAYER | {"mediaType": f"{oci.LAYER_GZIP}+encrypted"}]}, "unknown type '.*encrypted'"),
        ({"layers": [LAYER | {"mediaType": "application/octet-stream"}]}, "unknown type"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_type(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        oci.check_image(image(manifest(**change)))
    assert caught.value.message.isprintable()


def test_an_image_with_the_type_of_an_artifact_is_an_image() -> None:
    oci.check_image(image(manifest(artifactType="application/x")))


def config(**changes: Any) -> Config:
    document = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [DIGEST]}, **changes}
    return oci.read_config(json.dumps(document).encode())


def test_a_config_is_read_with_what_go_writes_for_nothing() -> None:
    found = config(config=None, history=None, rootfs={"type": "layers", "diff_ids": None})
    assert (found.config, found.history, found.rootfs.diff_ids) == ({}, (), ())
    assert str(found.platform) == "linux/amd64"


@pytest.mark.parametrize(
    "change",
    [
        {"rootfs": {"type": "x\x1b", "diff_ids": []}},
        {"rootfs": None},
        {"rootfs": {"type": "layers", "diff_ids": ["sha256:1"]}},
        {"rootfs": {"type": "layers", "diff_ids": [DIGEST] * 501}},
        {"config": []},
        {"history": [{"empty_layer": "no"}]},
        {"os": 1},
    ],
)
def test_a_config_that_is_none_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        config(**change)


def test_a_config_knows_as_many_layers_as_the_manifest() -> None:
    oci.check_layers(image(manifest()), config())
    with pytest.raises(InvalidInput, match="has 2 layers, but its config knows 1"):
        oci.check_layers(image(manifest(layers=[LAYER, LAYER])), config())


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256:12", f"md5:{'0' * 32}", f"{DIGEST}x", DIGEST.upper(), f"{DIGEST}\n"]
)
def test_a_digest_has_one_grammar(text: str) -> None:
    assert oci.read_digest(DIGEST) == DIGEST
    with pytest.raises(InvalidInput, match="is not a digest"):
        oci.read_digest(text)


def test_what_is_written_is_read_as_the_same() -> None:
    found = image(manifest(annotations={"b": "1", "a": "2"}))
    assert oci.read_manifest(oci.encode(found)) == found
    assert oci.encode(found) == oci.encode(image(manifest(annotations={"a": "2", "b": "1"})))


def test_docker_s_names_become_those_of_oci_for_the_same_bytes() -> None:
    layer = Descriptor(media_type=oci.DOCKER_LAYER_GZIP, digest=DIGEST, size=1)
    assert oci.as_oci(layer) == Descriptor(media_type=oci.LAYER_GZIP, digest=DIGEST, size=1)


def test_a_damaged_document_of_the_store_s_own_is_an_error_in_words() -> None:
    with pytest.raises(EngineError, match="it is damaged"):
        oci.decode(b'{"mediaType": "a", "digest": "sha256:12", "size": 1}', Descriptor, "it")


def test_all_that_the_room_offers_is_there() -> None:
    assert all(hasattr(oci, name) for name in oci.__all__)
    assert sorted(set(oci.__all__)) == sorted(oci.__all__)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T01:00:01.5+01:00", 1_500_000_000),
        ("1970-01-01T00:00:01", 10**9),
        ("1969-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", 0),
        ("yesterday", 0),
        ("", 0),
    ],
)
def test_times_are_nanoseconds_or_nothing(text: str, nanoseconds: int) -> None:
    assert oci.time_ns(text) == nanoseconds

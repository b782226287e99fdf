"""Manifests, indexes, configs, names and platforms as strangers write them: read, or refused in words."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import fuzzing, specs

from engine.errors import EngineError, InvalidInput
from engine.image import history, oci, platform, reference
from engine.image.oci import Descriptor, Index, Manifest
from engine.image.store import naming
from engine.model import Image

ROOT = Path(__file__).parents[2]
RUNS = 20_000
DIGEST = f"sha256:{'0af1' * 16}"
DESCRIPTOR = {"mediaType": oci.LAYER_GZIP, "digest": DIGEST, "size": 3, "annotations": {"a": "b"}}
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": oci.MANIFEST,
    "config": DESCRIPTOR | {"mediaType": oci.CONFIG},
    "layers": [DESCRIPTOR, DESCRIPTOR | {"urls": ["https://example.com"]}],
    "annotations": {"c": "d"},
    "subject": DESCRIPTOR,
}
INDEX = {
    "schemaVersion": 2,
    "mediaType": oci.INDEX,
    "manifests": [
        DESCRIPTOR | {"platform": {"os": "linux", "architecture": "arm", "variant": "v7", "os.features": ["x"]}},
        DESCRIPTOR | {"platform": {"os": "unknown", "architecture": "unknown"}},
    ],
}
CONFIG = {
    "created": "2024-01-01T00:00:00Z",
    "os": "linux",
    "architecture": "amd64",
    "author": "me",
    "config": {"Cmd": ["sh"], "Labels": {"a": "b"}},
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
    "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "x", "empty_layer": True}],
}


def _edited(document: dict[str, Any]) -> st.SearchStrategy[bytes]:
    return specs.edited(lambda: copy.deepcopy(document)).map(lambda edited: json.dumps(edited).encode())


def _read_any(data: bytes, content_type: str = "") -> None:
    found = oci.read_manifest(data, content_type)
    assert oci.read_manifest(oci.encode(found), found.media_type) == found
    if isinstance(found, Manifest):
        oci.check_image(found)
    else:
        platform.choose(found, platform.host())


def test_the_documents_that_are_edited_are_read() -> None:
    assert isinstance(oci.read_manifest(json.dumps(MANIFEST).encode()), Manifest)
    assert isinstance(oci.read_manifest(json.dumps(INDEX).encode()), Index)
    assert oci.read_config(json.dumps(CONFIG).encode()).author == "me"


@settings(max_examples=400, deadline=None)
@given(_edited(MANIFEST) | _edited(INDEX), st.sampled_from(["", oci.MANIFEST, oci.INDEX, oci.DOCKER_MANIFEST, "x"]))
def test_a_manifest_is_read_as_one_thing_or_refused_in_words(data: bytes, content_type: str) -> None:
    try:
        _read_any(data, content_type)
    except EngineError as err:
        assert err.message
        assert err.message.isprintable()


@settings(max_examples=400, deadline=None)
@given(_edited(CONFIG))
def test_a_config_is_read_or_refused_and_its_history_told(data: bytes) -> None:
    try:
        found = oci.read_config(data)
    except InvalidInput as err:
        assert err.message.isprintable()
        return
    image = Image(
        id=DIGEST,
        names=(),
        digest=DIGEST,
        created_ns=oci.time_ns(found.created),
        size_bytes=0,
        layers=found.rootfs.diff_ids,
        layer_bytes=tuple(1 for _ in found.rootfs.diff_ids),
        config=oci.decode_any(data),
    )
    assert sum(step.size_bytes for step in history.history(image)) <= len(image.layers)


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_whatever_bytes_come_they_are_a_document_or_refused(data: bytes) -> None:
    for reader in (oci.read_manifest, oci.read_config):
        with pytest.raises(InvalidInput):
            reader(data)


_WORD = st.text("abz09._-:/@A[]%\n\u00e4", max_size=12) | st.sampled_from(
    ["localhost", "docker.io", "library", "quay.io:443", f"@{DIGEST}", ":latest", "[::1]:5000", "sha256:"]
)


@settings(max_examples=500)
@given(st.lists(_WORD, max_size=6).map("".join) | st.lists(_WORD, max_size=4).map("/".join) | st.text())
def test_a_name_means_the_same_when_it_is_written_out(text: str) -> None:
    try:
        found = reference.candidates(text)
    except InvalidInput as err:
        assert err.message.isprintable()
        return
    for one in found:
        assert reference.candidates(str(one)) == (one,)
        assert one.registry
        assert one.tag or one.digest


@settings(max_examples=300)
@given(st.lists(_WORD, max_size=4).map("/".join) | st.text(max_size=40))
def test_a_platform_means_the_same_when_it_is_written_out(text: str) -> None:
    try:
        found = platform.parse(text)
    except InvalidInput as err:
        assert err.message.isprintable()
        return
    assert platform.parse(str(found)) == found


_ENTRY = st.builds(
    lambda number, name, origin: naming.put(
        (),
        Descriptor(media_type=oci.MANIFEST, digest=f"sha256:{number:064x}", size=number),
        name,
        [f"r@sha256:{origin:064x}"] if origin else [],
    )[0],
    st.integers(0, 3),
    st.sampled_from([None, "a", "b", "c"]),
    st.integers(0, 2),
)


@settings(max_examples=300)
@given(st.lists(_ENTRY, max_size=12), st.sets(st.sampled_from(["a", "b", "c"])))
def test_whatever_is_named_and_unnamed_no_image_is_lost_and_no_name_means_two(
    added: list[Descriptor], removed: set[str]
) -> None:
    entries: naming.Entries = ()
    for entry in added:
        entries = naming.put(entries, entry, entry.name or None, entry.origins)
    left = naming.without_names(entries, removed)
    for now in (entries, left):
        names = [entry.name for entry in now if entry.name]
        nameless = [entry.digest for entry in now if not entry.name]
        assert len(names) == len(set(names))
        assert len(nameless) == len(set(nameless))
        assert not set(nameless) & {entry.digest for entry in now if entry.name}
        assert {entry.digest for entry in now} == {entry.digest for entry in added}
    assert not removed & {entry.name for entry in left}


@pytest.mark.requires("atheris")
def test_no_bytes_that_atheris_finds_do_more_than_be_refused(tmp_path: Path) -> None:
    """Bounded."""
    examples = (MANIFEST, CONFIG, "quay.io/a/b:1", "linux/arm/v7", DIGEST, INDEX)
    texts = [example if isinstance(example, str) else json.dumps(example) for example in examples]
    fuzzing.hold("fuzzed_documents", tmp_path, texts, RUNS)

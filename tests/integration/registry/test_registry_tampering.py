"""What strangers do to an image on its way: each is refused, and the store is as it was."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import faulty_answers as faulty
from support import images, registry_images, store_contents
from support.fault_proxy import FaultProxy
from support.faulty_answers import FOR_EVER, Answer, Fault
from support.registry_images import Served
from support.registry_server import RegistryServer

from engine.errors import EngineError, InvalidInput, NotFound, Unreachable
from engine.image import oci
from engine.image.registry.http.retries import Patience
from engine.image.registry.pull import pull
from engine.image.store.blobs import sha256
from engine.image.store.images import Store

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "docker-registry")]

LAYERS = [images.layer({"etc/motd": b"hello\n"}), images.layer({"bin/tool": bytes(range(256)) * 40})]
PATIENCE = Patience(sleep=lambda _seconds: None, first_seconds=0.001, attempts=3)
CHANGES: dict[str, Callable[[Answer], Answer]] = {
    "first byte": faulty.flip(0),
    "a byte in the middle": faulty.flip(150),
    "last byte": faulty.flip(-1),
    "cut short": faulty.truncate(1),
    "longer": faulty.append(b"x"),
    "empty": lambda answer: Answer(status=200, headers=answer.headers, body=b""),
}
PARTS = ("manifest", "config", "layer 0", "layer 1")


@pytest.fixture(scope="module")
def served(open_registry: RegistryServer) -> Served:
    """An image of two layers."""
    return registry_images.put(open_registry.host, "tampered/app", "1", LAYERS)


def get(store: Store, host: str, reference: str = ":1") -> dict[str, Any]:
    return pull(store, f"{host}/tampered/app{reference}", patience=PATIENCE, say=lambda _event: None)


def refused(store: Store, host: str, words: str = "", reference: str = ":1") -> None:
    """Nothing comes of a pull but words. What is kept is the beginning of what is right, and all of it after cuts."""
    with pytest.raises(EngineError) as caught:
        get(store, host, reference)
    assert caught.type is not EngineError
    assert words in caught.value.message
    assert caught.value.message.isprintable()
    kept = store_contents.of(store)
    assert all(_is_right(store, digest) for digest in kept.partials)
    if caught.type is not Unreachable:
        assert kept._replace(partials=[]) == store_contents.NOTHING
    assert (kept.names, kept.ingest) == ([], [])


def _is_right(store: Store, name: str) -> bool:
    data = Path(store.layout.blobs.partials, name).read_bytes()
    return any(layer.descriptor.digest[7:] == name and layer.blob.startswith(data) for layer in LAYERS)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("part", range(4), ids=PARTS)
def test_whatever_a_tag_leads_to_is_refused_where_it_is_changed(
    served: Served, proxy: FaultProxy, store: Store, part: int, change: Callable[[Answer], Answer]
) -> None:
    path = served.digests[part] if part else "manifests/1"
    proxy.add(Fault(path=path, change=change, times=FOR_EVER))
    refused(store, proxy.host)
    proxy.faults.clear()
    assert get(store, proxy.host)["id"] == served.id


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_manifest_by_digest_is_refused_where_it_is_changed_even_if_the_registry_says_so(
    served: Served, proxy: FaultProxy, store: Store, change: Callable[[Answer], Answer]
) -> None:
    def consistent(answer: Answer) -> Answer:
        changed = change(answer)
        return changed.with_headers(docker_content_digest=sha256(changed.body))

    proxy.add(Fault(path="manifests", change=consistent, times=FOR_EVER))
    refused(store, proxy.host, reference=f"@{served.digest}")


def document(body: bytes, content_type: str) -> Callable[[Answer], Answer]:
    """Another manifest, of which the registry tells the digest truly."""
    named = {"content-type": content_type, "docker-content-digest": sha256(body)}
    return lambda _: Answer(status=200, headers=named, body=body)


def changed(served: Served, **fields: Any) -> bytes:
    return json.dumps({**json.loads(served.manifest), **fields}).encode()


def first_layer(served: Served, **fields: Any) -> bytes:
    layers = json.loads(served.manifest)["layers"]
    return changed(served, layers=[{**layers[0], **fields}, *layers[1:]])


DOCUMENTS: dict[str, tuple[Callable[[Served], bytes], str, str]] = {
    "two things": (lambda s: changed(s, manifests=[]), oci.MANIFEST, "at once"),
    "a type that lies": (lambda s: s.manifest, oci.INDEX, "was called by its sender"),
    "a type within that lies": (lambda s: changed(s, mediaType=oci.INDEX), oci.MANIFEST, "says of itself"),
    "a type of a page": (lambda s: s.manifest, "text/html", "was called by its sender"),
    "a digest of no grammar": (lambda s: first_layer(s, digest="sha256:../../etc/passwd"), oci.MANIFEST, "digest is"),
    "an unknown algorithm": (lambda s: first_layer(s, digest="md5:" + "0" * 32), oci.MANIFEST, "digest is"),
    "a huge one": (lambda s: changed(s, annotations={"a": "x" * (5 << 20)}), oci.MANIFEST, "more than"),
    "an unknown layer": (lambda s: first_layer(s, mediaType="application/x-\x1b[31m"), oci.MANIFEST, "unknown type"),
    "a foreign layer": (lambda s: first_layer(s, urls=["http://localhost/"]), oci.MANIFEST, "foreign"),
    "a nondistributable layer": (
        lambda s: first_layer(s, mediaType="application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
        oci.MANIFEST,
        "foreign",
    ),
    "schema 1": (lambda _: b'{"schemaVersion": 1, "fsLayers": []}', "application/json", "schema 1"),
    "an artifact": (
        lambda s: changed(s, config={**json.loads(s.manifest)["config"], "mediaType": "application/vnd.cncf.helm"}),
        oci.MANIFEST,
        "artifact",
    ),
    "fewer layers": (lambda s: changed(s, layers=json.loads(s.manifest)["layers"][:1]), oci.MANIFEST, "config knows 2"),
    "no JSON": (lambda _: b"<html>", oci.MANIFEST, "not JSON"),
    "a size that lies": (lambda s: first_layer(s, size=LAYERS[0].descriptor.size + 1), oci.MANIFEST, ""),
    "a smaller size that lies": (lambda s: first_layer(s, size=10), oci.MANIFEST, "more was sent"),
    "a layer as large as a disk": (lambda s: first_layer(s, size=1 << 49), oci.MANIFEST, "more than"),
    "a config as large as a layer": (
        lambda s: changed(s, config={**json.loads(s.manifest)["config"], "size": 1 << 40}),
        oci.MANIFEST,
        "config is said to have",
    ),
}


@pytest.mark.parametrize(("make", "content_type", "words"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_that_is_wrong_is_refused_in_words(
    served: Served, proxy: FaultProxy, store: Store, make: Callable[[Served], bytes], content_type: str, words: str
) -> None:
    proxy.add(Fault(path="manifests/1", change=document(make(served), content_type), times=FOR_EVER))
    refused(store, proxy.host, words)


def test_a_digest_that_the_registry_says_wrongly_is_refused(served: Served, proxy: FaultProxy, store: Store) -> None:
    wrong = faulty.headers(docker_content_digest=sha256(b"another"))
    proxy.add(Fault(path="manifests/1", change=wrong, times=FOR_EVER))
    refused(store, proxy.host, "says that its answer is")


def test_indexes_without_end_are_refused(served: Served, proxy: FaultProxy, store: Store) -> None:
    bottom = {"mediaType": oci.MANIFEST, "digest": served.digest, "size": len(served.manifest)}
    body = json.dumps({"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": [bottom]}).encode()
    for number in range(6):
        entry = {"mediaType": oci.INDEX, "digest": sha256(body), "size": len(body)}
        proxy.add(Fault(path=f"manifests/{sha256(body)}", change=document(body, oci.INDEX), times=FOR_EVER))
        body = json.dumps({"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": [entry], "n": number}).encode()
    proxy.add(Fault(path="manifests/1", change=document(body, oci.INDEX), times=FOR_EVER))
    refused(store, proxy.host, "indexes within each other")


def test_an_index_whose_entry_is_another_size_is_refused(served: Served, proxy: FaultProxy, store: Store) -> None:
    entry = {"mediaType": oci.MANIFEST, "digest": served.digest, "size": len(served.manifest) - 1}
    body = json.dumps({"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": [entry]}).encode()
    proxy.add(Fault(path="manifests/1", change=document(body, oci.INDEX), times=FOR_EVER))
    refused(store, proxy.host, "bytes and not")


def test_a_wrong_config_of_an_index_entry_for_another_platform_is_not_even_fetched(
    served: Served, proxy: FaultProxy, store: Store
) -> None:
    entry = {"mediaType": oci.MANIFEST, "digest": served.digest, "size": len(served.manifest)}
    entries = [{**entry, "platform": {"os": "windows", "architecture": "amd64"}}]
    body = json.dumps({"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": entries}).encode()
    proxy.add(Fault(path="manifests/1", change=document(body, oci.INDEX), times=FOR_EVER))
    with pytest.raises(NotFound) as caught:
        get(store, proxy.host)
    assert "windows/amd64" in caught.value.hint
    assert proxy.asked("GET", "/blobs/") == []


def test_an_escape_sequence_in_an_error_reaches_nobody(served: Served, proxy: FaultProxy, store: Store) -> None:
    body = json.dumps({"errors": [{"code": "DENIED", "message": "\x1b]0;owned\x07 no"}]}).encode()
    proxy.add(Fault(path="manifests/1", change=lambda _: Answer(status=403, headers={}, body=body), times=FOR_EVER))
    with pytest.raises(EngineError) as caught:
        get(store, proxy.host)
    assert caught.value.message.isprintable()


def test_one_wrong_layer_leaves_what_other_images_have(
    open_registry: RegistryServer, served: Served, proxy: FaultProxy, store: Store
) -> None:
    registry_images.put(open_registry.host, "tampered/first", "1", LAYERS[:1])
    pull(store, f"{proxy.host}/tampered/first:1", patience=PATIENCE, say=lambda _event: None)
    before = store_contents.of(store)
    proxy.add(Fault(path=LAYERS[1].descriptor.digest, change=faulty.flip(100), times=FOR_EVER))
    with pytest.raises(InvalidInput):
        get(store, proxy.host)
    assert store_contents.of(store) == before

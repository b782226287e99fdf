"""An image goes to a registry as others expect it there, and nothing goes that is there already."""

import gzip
import json
import os
from typing import Any

import pytest
from support import images, registry_images
from support.fault_proxy import FaultProxy
from support.registry_server import RegistryServer

from engine.errors import InvalidInput, NotFound, Unreachable
from engine.image import oci
from engine.image.registry.pull import pull
from engine.image.registry.push import push
from engine.image.store.blobs import sha256
from engine.image.store.images import Store

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "docker-registry")]

FILES = {"bin/tool": os.urandom(3_000_000), "etc/text": b"many words " * 400_000}
PLAIN = images.layer(FILES, oci.LAYER)
SMALL = images.layer({"etc/motd": b"hello\n"}, oci.LAYER)
ZIPPED = images.layer({"srv/data": os.urandom(2_000_000)})


def silent(_event: dict[str, Any]) -> None:
    pass


def keep(store: Store, source: RegistryServer, repository: str, *layers: images.Layer, docker: bool = False) -> str:
    """An image of these layers in the store; its full name."""
    registry_images.put(source.host, repository, "1", layers, docker=docker)
    name = f"{source.host}/{repository}:1"
    pull(store, name, say=silent)
    return name


def manifest(server: RegistryServer, repository: str, tag: str) -> dict[str, Any]:
    """As the registry has it now."""
    found: dict[str, Any] = json.loads(server.get(f"/v2/{repository}/manifests/{tag}", ", ".join(oci.ACCEPTED))[0])
    return found


def test_an_image_that_was_pulled_goes_out_with_its_digest(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store
) -> None:
    name = keep(store, open_registry, "push/same", ZIPPED)
    result = push(store, name, f"{proxy.host}/push/target:2", say=silent)
    assert result["digest"] == store.find(name).digest
    assert result["name"] == f"{proxy.host}/push/target:2"
    _, headers = open_registry.get("/v2/push/target/manifests/2", oci.MANIFEST)
    assert headers["docker-content-digest"] == result["digest"]


@pytest.mark.parametrize("docker", [False, True], ids=["oci", "docker"])
def test_plain_layers_are_compressed_with_gzip_in_their_family(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, docker: bool
) -> None:
    family = "docker" if docker else "oci"
    plain = [layer._replace(media_type=oci.DOCKER_LAYER if docker else oci.LAYER) for layer in (PLAIN, SMALL)]
    name = keep(store, open_registry, f"push/plain-{family}", *plain, docker=docker)
    push(store, name, f"{proxy.host}/push/zipped-{family}:1", say=silent)
    found = manifest(open_registry, f"push/zipped-{family}", "1")
    assert found["mediaType"] == (oci.DOCKER_MANIFEST if docker else oci.MANIFEST)
    for layer, entry in zip(plain, found["layers"], strict=True):
        assert entry["mediaType"] == (oci.DOCKER_LAYER_GZIP if docker else oci.LAYER_GZIP)
        blob = open_registry.blob_path(entry["digest"]).read_bytes()
        assert (sha256(blob), len(blob)) == (entry["digest"], entry["size"])
        assert sha256(gzip.decompress(blob)) == layer.diff_id


def test_zstd_makes_an_oci_image_of_a_docker_one(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store
) -> None:
    plain = PLAIN._replace(media_type=oci.DOCKER_LAYER)
    zipped = ZIPPED._replace(media_type=oci.DOCKER_LAYER_GZIP)
    name = keep(store, open_registry, "push/zstd", plain, zipped, docker=True)
    push(store, name, f"{proxy.host}/push/zstd-out:1", compression="zstd", level=1, say=silent)
    found = manifest(open_registry, "push/zstd-out", "1")
    assert found["mediaType"] == oci.MANIFEST
    assert found["config"]["mediaType"] == oci.CONFIG
    assert [layer["mediaType"] for layer in found["layers"]] == [oci.LAYER_ZSTD, oci.LAYER_GZIP]
    assert pull(other, f"{proxy.host}/push/zstd-out:1", say=silent)["id"] == store.find(name).id


def test_everything_is_compressed_anew_where_that_is_asked_for(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store
) -> None:
    name = keep(store, open_registry, "push/all", PLAIN, ZIPPED)
    push(store, name, f"{proxy.host}/push/all-out:1", compression="zstd", everything=True, say=silent)
    found = manifest(open_registry, "push/all-out", "1")
    assert [layer["mediaType"] for layer in found["layers"]] == [oci.LAYER_ZSTD, oci.LAYER_ZSTD]
    pull(other, f"{proxy.host}/push/all-out:1", say=silent)
    assert other.find(f"{proxy.host}/push/all-out:1").layers == store.find(name).layers


def test_none_leaves_plain_layers_plain(open_registry: RegistryServer, proxy: FaultProxy, store: Store) -> None:
    name = keep(store, open_registry, "push/none", PLAIN)
    assert push(store, name, f"{proxy.host}/push/none-out:1", compression="none", say=silent)["digest"] == (
        store.find(name).digest
    )


def test_the_second_push_asks_and_compresses_nothing(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store
) -> None:
    name = keep(store, open_registry, "push/twice", PLAIN, SMALL)
    first = push(store, name, f"{proxy.host}/push/twice-out:1", say=silent)
    sent = len(proxy.asked("PATCH", ".")) + len(proxy.asked("POST", "."))
    events: list[dict[str, Any]] = []
    second = push(store, name, f"{proxy.host}/push/twice-out:2", say=events.append)
    assert second["digest"] == first["digest"]
    assert len(proxy.asked("PATCH", ".")) + len(proxy.asked("POST", ".")) == sent
    assert {event["step"] for event in events} == {"waiting", "exists"}


def test_a_blob_that_another_repository_has_is_mounted(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store
) -> None:
    name = keep(store, open_registry, "push/origin", PLAIN, ZIPPED)
    push(store, name, f"{proxy.host}/push/origin-out:1", say=silent)
    sent = len(proxy.asked("PATCH", "."))
    events: list[dict[str, Any]] = []
    push(store, name, f"{proxy.host}/push/mounted:1", say=events.append)
    assert len(proxy.asked("PATCH", ".")) == sent
    assert [event["step"] for event in events if event["layer"] == PLAIN.descriptor.digest[7:19]][-1] == "mounted"
    assert manifest(open_registry, "push/mounted", "1") == manifest(open_registry, "push/origin-out", "1")


def test_a_repository_that_no_longer_has_the_blob_is_done_without(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store
) -> None:
    unique = images.layer({"unique": os.urandom(100_000)}, oci.LAYER)
    name = keep(store, open_registry, "push/gone", unique)
    store.tag(name, f"{proxy.host}/push/never-there:1")
    push(store, name, f"{proxy.host}/push/gone-out:1", say=silent)
    assert len(proxy.asked("POST", "mount=")) == 1  # for the config: nobody has had the layer compressed before
    assert len(proxy.asked("DELETE", "/uploads/")) == 1
    assert len(manifest(open_registry, "push/gone-out", "1")["layers"]) == 1


def test_what_was_pushed_is_known_by_its_digest_there(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store
) -> None:
    name = keep(store, open_registry, "push/known", PLAIN)
    digest = push(store, name, f"{proxy.host}/push/known-out:1", say=silent)["digest"]
    assert digest != store.find(name).digest
    assert store.find(f"{proxy.host}/push/known-out@{digest}").id == store.find(name).id


def test_the_round_trip_to_another_machine_keeps_id_and_layers(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store
) -> None:
    name = keep(store, open_registry, "push/round", PLAIN, SMALL, ZIPPED, SMALL)
    to = f"{proxy.host}/push/round-out:1"
    push(store, name, to, say=silent)
    pull(other, to, say=silent)
    assert (other.find(to).id, other.find(to).layers) == (store.find(name).id, store.find(name).layers)


def test_damage_on_this_hosts_disk_is_found_before_it_is_pushed(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store
) -> None:
    name = keep(store, open_registry, "push/damaged", PLAIN)
    with open(store.layout.blobs.path(PLAIN.descriptor.digest), "r+b") as file:
        file.seek(5000)
        file.write(b"????")
    with pytest.raises(Exception, match="damaged on disk"):
        push(store, name, f"{proxy.host}/push/damaged-out:1", say=silent)
    assert open_registry.tags("push/damaged-out") == []


@pytest.mark.parametrize(
    ("target", "words"),
    [("localhost/app:1", "not in a registry"), ("127.0.0.1:1/app@sha256:" + "0" * 64, "has a digest")],
)
def test_a_target_that_is_none_is_refused(open_registry: RegistryServer, store: Store, target: str, words: str) -> None:
    name = keep(store, open_registry, "push/target", SMALL)
    with pytest.raises(InvalidInput, match=words):
        push(store, name, target, say=silent)


@pytest.mark.parametrize(("kind", "level"), [("bzip2", None), ("gzip", 10), ("none", 1), ("zstd", 0)])
def test_a_compression_that_is_none_is_refused(
    open_registry: RegistryServer, store: Store, kind: str, level: int | None
) -> None:
    with pytest.raises(InvalidInput):
        push(store, "anything", "127.0.0.1:1/app", compression=kind, level=level, say=silent)


def test_an_image_that_is_not_here_and_a_registry_that_is_not_there_are_told_apart(
    open_registry: RegistryServer, store: Store
) -> None:
    name = keep(store, open_registry, "push/errors", SMALL)
    with pytest.raises(NotFound):
        push(store, "nobody", "127.0.0.1:1/app", say=silent)
    with pytest.raises(Unreachable):
        push(store, name, "127.0.0.1:1/app", say=silent)

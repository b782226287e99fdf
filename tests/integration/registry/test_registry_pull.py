"""An image comes from a registry as it is there, and nothing of it comes twice."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support import images, registry_images, store_contents
from support.fault_proxy import FaultProxy
from support.faulty_answers import Answer, Fault
from support.registry_server import RegistryServer

from engine.errors import InvalidInput, NotFound, Unreachable
from engine.image import oci
from engine.image.registry.pull import pull, pull_all
from engine.image.store.images import Store

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "docker-registry")]

BOTTOM = images.layer({"etc/motd": b"hello\n", "bin/tool": os.urandom(300_000)})
MIDDLE = images.layer({"etc/motd": b"good morning\n"})
TOP = images.layer({"srv/data": b"x" * 5000})


def get(store: Store, name: str, events: list[dict[str, Any]] | None = None, **how: Any) -> dict[str, Any]:
    return pull(store, name, say=(events if events is not None else []).append, **how)


def read(store: Store, name: str, path: str) -> bytes:
    """A file as the image shows it."""
    for folder in store.lowers(store.find(name)):
        if os.path.exists(f"{folder}/{path}"):
            with open(f"{folder}/{path}", "rb") as file:
                return file.read()
    raise AssertionError(f"no layer has {path}")


@pytest.mark.parametrize("docker", [False, True], ids=["oci", "docker"])
def test_an_image_comes_as_it_is_there(open_registry: RegistryServer, store: Store, docker: bool) -> None:
    repository = f"pull/{'docker' if docker else 'oci'}"
    served = registry_images.put(open_registry.host, repository, "1", [BOTTOM, MIDDLE, TOP], docker=docker)
    name = f"{open_registry.host}/{repository}:1"
    result = get(store, name)
    assert (result["id"], result["name"], result["digest"]) == (served.id, name, served.digest)
    assert (result["status"], result["warning"]) == ("downloaded", "")
    assert store.layout.blobs.read(served.digest) == served.manifest
    assert read(store, name, "etc/motd") == b"good morning\n"
    assert store_contents.of(store).partials == []
    assert store.find(f"{open_registry.host}/{repository}@{served.digest}").id == served.id


def test_an_image_that_is_there_is_only_asked_for(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store
) -> None:
    registry_images.put(open_registry.host, "pull/again", "1", [BOTTOM, TOP])
    get(store, f"{proxy.host}/pull/again:1")
    before = len(proxy.asked("GET", "/blobs/"))
    assert get(store, f"{proxy.host}/pull/again:1")["status"] == "current"
    assert len(proxy.asked("GET", "/blobs/")) == before


def test_a_layer_that_another_image_has_brought_is_not_fetched(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store
) -> None:
    registry_images.put(open_registry.host, "pull/shared", "1", [BOTTOM])
    registry_images.put(open_registry.host, "pull/shared", "2", [BOTTOM, TOP])
    get(store, f"{proxy.host}/pull/shared:1")
    events: list[dict[str, Any]] = []
    get(store, f"{proxy.host}/pull/shared:2", events)
    assert len(proxy.asked("GET", f"/blobs/{BOTTOM.descriptor.digest}")) == 1
    last = {event["layer"]: event["step"] for event in events}
    assert last == {BOTTOM.descriptor.digest[7:19]: "exists", TOP.descriptor.digest[7:19]: "done"}


def test_a_layer_that_an_image_has_twice_is_fetched_once(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store
) -> None:
    registry_images.put(open_registry.host, "pull/twice", "1", [TOP, BOTTOM, TOP])
    get(store, f"{proxy.host}/pull/twice:1")
    assert len(proxy.asked("GET", f"/blobs/{TOP.descriptor.digest}")) == 1
    assert len(store.lowers(store.find(f"{proxy.host}/pull/twice:1"))) == 3


def test_an_image_without_layers_comes_too(open_registry: RegistryServer, store: Store) -> None:
    served = registry_images.put(open_registry.host, "pull/empty", "1", [])
    assert get(store, f"{open_registry.host}/pull/empty:1")["id"] == served.id


def test_a_plain_layer_and_one_of_zstd_come_too(open_registry: RegistryServer, store: Store) -> None:
    import zstandard

    plain = images.layer({"plain": b"1"}, oci.LAYER)
    tar = images.archive({"zstd": b"2"})
    zstd = images.Layer(zstandard.compress(tar), images.sha256(tar), oci.LAYER_ZSTD)
    registry_images.put(open_registry.host, "pull/kinds", "1", [plain, zstd])
    get(store, f"{open_registry.host}/pull/kinds:1")
    assert read(store, f"{open_registry.host}/pull/kinds:1", "zstd") == b"2"


def test_a_digest_means_this_manifest_and_no_other(open_registry: RegistryServer, store: Store) -> None:
    served = registry_images.put(open_registry.host, "pull/digest", "1", [TOP])
    registry_images.put(open_registry.host, "pull/digest", "1", [BOTTOM])
    name = f"{open_registry.host}/pull/digest@{served.digest}"
    assert get(store, name)["digest"] == served.digest
    assert store.find(name).id == served.id


@pytest.mark.parametrize("docker", [False, True], ids=["oci", "docker"])
def test_of_an_index_comes_the_image_for_the_platform(
    open_registry: RegistryServer, store: Store, docker: bool
) -> None:
    host, repository = open_registry.host, f"pull/index-{docker}".lower()
    amd = registry_images.put(host, repository, "amd", [TOP], docker=docker)
    arm = registry_images.put(host, repository, "arm", [BOTTOM], docker=docker, architecture="arm64", variant="v8")
    both = {"linux/amd64": amd, "linux/arm64/v8": arm}
    index = images.sha256(registry_images.put_index(host, repository, "1", both, docker=docker))
    result = get(store, f"{host}/{repository}:1", platform="linux/amd64")
    assert (result["id"], result["digest"]) == (amd.id, index)
    assert store.find(f"{host}/{repository}@{index}").id == amd.id
    assert get(store, f"{host}/{repository}:1", platform="arm64")["id"] == arm.id
    by_digest = get(store, f"{host}/{repository}@{index}", platform="linux/amd64")
    assert by_digest["id"] == amd.id


def test_a_platform_that_is_not_there_is_refused_with_those_that_are(
    open_registry: RegistryServer, store: Store
) -> None:
    amd = registry_images.put(open_registry.host, "pull/platforms", "amd", [TOP])
    registry_images.put_index(open_registry.host, "pull/platforms", "1", {"linux/amd64": amd})
    with pytest.raises(NotFound, match=r"not there for linux/riscv64") as caught:
        get(store, f"{open_registry.host}/pull/platforms:1", platform="riscv64")
    assert "linux/amd64" in caught.value.hint


def test_an_image_for_one_platform_is_refused_where_another_was_asked_for(
    open_registry: RegistryServer, store: Store
) -> None:
    registry_images.put(open_registry.host, "pull/other", "1", [TOP], architecture="s390x")
    with pytest.raises(NotFound, match=r"not there for linux/arm64"):
        get(store, f"{open_registry.host}/pull/other:1", platform="arm64")
    assert store_contents.of(store) == store_contents.NOTHING
    assert "s390x" in get(store, f"{open_registry.host}/pull/other:1")["warning"]


def test_a_tag_that_is_not_there_is_said_to_be_missing(open_registry: RegistryServer, store: Store) -> None:
    registry_images.put(open_registry.host, "pull/missing", "1", [TOP])
    with pytest.raises(NotFound):
        get(store, f"{open_registry.host}/pull/missing:2")
    assert store_contents.of(store) == store_contents.NOTHING


def test_a_registry_that_is_not_there_is_unreachable(proxy: FaultProxy, store: Store) -> None:
    with pytest.raises(Unreachable):
        get(store, "127.0.0.1:1/nobody/home:1")


def test_two_pulls_at_once_fetch_each_blob_once(open_registry: RegistryServer, proxy: FaultProxy, store: Store) -> None:
    registry_images.put(open_registry.host, "pull/race", "1", [BOTTOM, MIDDLE, TOP])
    name = f"{proxy.host}/pull/race:1"
    with ThreadPoolExecutor(4) as pool:
        stores = [Store(store.layout.folder, store.unpacked.folder) for _ in range(4)]
        results = list(pool.map(lambda each: get(each, name), stores))
    assert len({result["id"] for result in results}) == 1
    for layer in (BOTTOM, MIDDLE, TOP):
        assert len(proxy.asked("GET", f"/blobs/{layer.descriptor.digest}")) == 1
    assert store_contents.of(store).partials == store_contents.of(store).ingest == []
    assert read(store, name, "etc/motd") == b"good morning\n"


def test_an_archive_beyond_the_limits_is_refused_and_not_kept(open_registry: RegistryServer, store: Store) -> None:
    from engine.archive.limits import Limits

    registry_images.put(open_registry.host, "pull/large", "1", [BOTTOM])
    with pytest.raises(InvalidInput, match="100000"):
        get(store, f"{open_registry.host}/pull/large:1", limits=Limits(bytes_max=100_000))
    assert store_contents.of(store) == store_contents.NOTHING


def test_a_wrong_diff_id_is_refused_and_nothing_is_kept(open_registry: RegistryServer, store: Store) -> None:
    wrong = MIDDLE._replace(diff_id=images.sha256(b"another"))
    registry_images.put(open_registry.host, "pull/diff", "1", [BOTTOM, wrong])
    with pytest.raises(InvalidInput, match="says that a layer is"):
        get(store, f"{open_registry.host}/pull/diff:1")
    assert store_contents.of(store) == store_contents.NOTHING


def _page(tags: list[str], after: str = "") -> Callable[[Answer], Answer]:
    link = {"link": f'</v2/pull/tags/tags/list?n=2&last={after}>; rel="next"'} if after else {}
    body = json.dumps({"name": "pull/tags", "tags": tags}).encode()
    return lambda _: Answer(status=200, headers={"content-type": "application/json", **link}, body=body)


def test_all_tags_come_page_by_page(open_registry: RegistryServer, proxy: FaultProxy, store: Store) -> None:
    for number in range(3):
        layers = [TOP, images.layer({"number": b"%d" % number})]
        registry_images.put(open_registry.host, "pull/tags", f"v{number}", layers)
    proxy.add(
        Fault(path="last=v1", change=_page(["v2"]), instead=True),
        Fault(path="tags/list", change=_page(["v0", "v1"], "v1"), instead=True),
    )
    results = pull_all(store, f"{proxy.host}/pull/tags", say=lambda _event: None)
    assert [result["name"] for result in results] == [f"{proxy.host}/pull/tags:v{number}" for number in range(3)]
    assert len(store.images()) == 3


def test_all_tags_and_one_tag_are_not_asked_for_at_once(store: Store) -> None:
    with pytest.raises(InvalidInput, match="has a tag"):
        pull_all(store, "127.0.0.1:1/pull/tags:v1", say=lambda _event: None)

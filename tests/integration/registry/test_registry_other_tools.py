"""Images go through a registry to other tools and come from them, with every file and every attribute as it was."""

import json
from typing import Any

import pytest
from support import hard_image, image_archives, tree_facts
from support.other_tools import Tools
from support.registry_server import RegistryServer
from support.trees_of_images import NAME, comparable, take_files, unpacked_by_umoci

from engine.image.registry.pull import pull
from engine.image.registry.push import push
from engine.image.store.images import Store

pytestmark = [
    pytest.mark.root,
    pytest.mark.requires("root", "overlay", "unshare", "docker-registry", "umoci", "skopeo"),
]

INSECURE = "--tls-verify=false"


def silent(_event: dict[str, Any]) -> None:
    pass


def shown(store: Store, name: str) -> tree_facts.Facts:
    return comparable(tree_facts.of_stack(store.lowers(store.find(name))))


@pytest.fixture
def hard(store: Store) -> Store:
    """A store with the image that has every hard case, its layers plain."""
    return take_files(store, image_archives.docker([([NAME], hard_image.layers())]))


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_what_was_pushed_is_there_for_skopeo_and_umoci_as_it_is_here(
    open_registry: RegistryServer, hard: Store, tools: Tools, compression: str
) -> None:
    to = f"{open_registry.host}/tools/hard-{compression}:1"
    pushed = push(hard, NAME, to, compression=compression, say=silent)
    seen = json.loads(tools.skopeo("inspect", INSECURE, f"docker://{to}"))
    assert seen["Digest"] == pushed["digest"]
    assert len(seen["Layers"]) == 3
    if compression == "zstd":
        return  # umoci 0.4 cannot read it
    layout = tools.path(f"layout-{compression}")
    tools.skopeo("copy", "--src-tls-verify=false", f"docker://{to}", f"oci:{layout}:{NAME}")
    assert tree_facts.difference(shown(hard, NAME), unpacked_by_umoci(tools, layout)) == []


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_another_machine_gets_what_this_one_has(
    open_registry: RegistryServer, hard: Store, other: Store, compression: str
) -> None:
    to = f"{open_registry.host}/tools/round-{compression}:1"
    push(hard, NAME, to, compression=compression, say=silent)
    assert pull(other, to, say=silent)["id"] == hard.find(NAME).id
    assert other.find(to).layers == hard.find(NAME).layers
    assert tree_facts.difference(shown(other, to), shown(hard, NAME)) == []


@pytest.mark.parametrize("form", ["oci", "v2s2"])
def test_what_skopeo_has_put_there_comes_as_umoci_shows_it(
    open_registry: RegistryServer, store: Store, tools: Tools, form: str
) -> None:
    pieces = image_archives.image(hard_image.layers())
    archive = tools.path(f"hard-{form}.tar")
    with open(archive, "wb") as file:
        entry = image_archives.named(pieces[-1].descriptor, NAME)
        file.write(image_archives.tar(image_archives.layout([entry], pieces)))
    to = f"{open_registry.host}/tools/skopeo-{form}:1"
    tools.skopeo("copy", "--dest-tls-verify=false", "--format", form, f"oci-archive:{archive}:{NAME}", f"docker://{to}")
    pull(store, to, say=silent)
    layout = tools.path(f"layout-{form}")
    tools.skopeo("copy", f"oci-archive:{archive}:{NAME}", f"oci:{layout}:{NAME}")
    assert tree_facts.difference(shown(store, to), unpacked_by_umoci(tools, layout)) == []
    seen = json.loads(tools.skopeo("inspect", INSECURE, f"docker://{to}"))
    assert seen["Digest"] == store.find(to).digest


@pytest.mark.requires("podman")
def test_podman_pulls_what_was_pushed_and_pushes_what_is_pulled(
    open_registry: RegistryServer, store: Store, other: Store, tools: Tools
) -> None:
    take_files(store, image_archives.docker([([NAME], hard_image.layers(sparse=False))]))
    to, back = f"{open_registry.host}/tools/podman:1", f"{open_registry.host}/tools/podman-back:1"
    push(store, NAME, to, say=silent)
    tools.podman("pull", INSECURE, to)
    assert json.loads(tools.podman("image", "inspect", to))[0]["Digest"]
    tools.podman("push", INSECURE, to, back)
    tools.podman("rmi", "-f", to)
    pull(other, back, say=silent)
    assert other.find(back).layers == store.find(NAME).layers
    assert tree_facts.difference(shown(other, back), shown(store, NAME)) == []


@pytest.mark.requires("buildah")
def test_an_image_that_buildah_has_made_and_pushed_comes(
    open_registry: RegistryServer, store: Store, tools: Tools
) -> None:
    to = f"{open_registry.host}/tools/buildah:1"
    container = tools.buildah("from", "scratch").strip()
    with open(tools.path("motd"), "w") as file:
        file.write("from buildah\n")
    tools.buildah("copy", container, tools.path("motd"), "/etc/motd")
    tools.buildah("config", "--cmd", "/bin/true", "--env", "A=b", container)
    image = tools.buildah("commit", "--quiet", container).strip()
    tools.buildah("push", INSECURE, image, f"docker://{to}")
    tools.buildah("rm", container)
    tools.buildah("rmi", image)
    pull(store, to, say=silent)
    (folder,) = store.lowers(store.find(to))
    with open(f"{folder}/etc/motd") as file:
        assert file.read() == "from buildah\n"
    assert "A=b" in store.config(store.find(to))["config"]["Env"]

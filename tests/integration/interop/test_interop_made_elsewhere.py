"""Images that other tools make are loaded, and hold the files that they put in; ours go into Docker and back."""

import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import busybox, hard_image, tree_facts
from support import image_archives as archives
from support.docker import Docker
from support.other_tools import Tools
from support.requirements import requires
from support.trees_of_images import NAME, comparable, take_files

from engine.archive.limits import Limits
from engine.image.formats.import_ import import_
from engine.image.formats.load import load
from engine.image.formats.save import save
from engine.image.store.images import Store

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "overlay", "unshare")]


@pytest.fixture(scope="module")
def root(tools: Tools) -> str:
    """A small root file system as an archive."""
    requires("busybox")
    folder = busybox.make_root(tools.path("root"))
    path = tools.path("root.tar")
    with tarfile.open(path, "w") as archive:
        archive.add(folder, arcname=".")
    return path


def _load(store: Store, path: str) -> list[dict[str, Any]]:
    with open(path, "rb") as file:
        return load(store, file, limits=Limits(), say=lambda _event: None)


def _save(store: Store, path: str, *names: str, **how: Any) -> str:
    with open(path, "wb") as file:
        save(store, names, file, say=lambda _event: None, **how)
    return path


def _shown(store: Store, name: str) -> tree_facts.Facts:
    return tree_facts.of_stack(store.lowers(store.find(name)))


@pytest.mark.requires("umoci")
def test_umoci_inserts_into_an_image_of_ours(store: Store, other: Store, tools: Tools, root: str) -> None:
    with open(root, "rb") as file:
        import_(store, file, name="localhost/app:1", limits=Limits(), say=lambda _event: None)
    layout = tools.path("umoci")
    tools.skopeo("copy", f"oci:{store.layout.folder}:localhost/app:1", f"oci:{layout}:app")
    Path(tools.path("inserted")).write_text("inserted")
    tools.umoci("insert", "--image", f"{layout}:app", tools.path("inserted"), "/opt/inserted")
    tools.umoci("insert", "--image", f"{layout}:app", "--whiteout", "/etc/group")
    tools.umoci("config", "--image", f"{layout}:app", "--config.cmd", "cat", "--config.env", "A=1")
    with tarfile.open(tools.path("umoci.tar"), "w") as archive:
        archive.add(layout, arcname=".")
    (image,) = _load(other, tools.path("umoci.tar"))
    facts = _shown(other, image["id"])
    assert facts["opt/inserted"]["size"] == len("inserted")
    assert "etc/passwd" in facts
    assert "etc/group" not in facts
    assert other.find("localhost/app").config["config"]["Cmd"] == ["cat"]  # type: ignore[index]


@pytest.mark.requires("buildah")
@pytest.mark.parametrize(
    ("form", "manifest"), [("docker-archive", "docker"), ("oci-archive", "oci"), ("oci-archive", "docker")]
)
def test_buildah_builds_from_nothing(store: Store, tools: Tools, root: str, form: str, manifest: str) -> None:
    container = tools.buildah("from", "scratch").strip()
    tools.buildah("add", container, root, "/")
    tools.buildah("config", "--cmd", "sh", "--label", "made=by buildah", container)
    tools.buildah("commit", "--format", manifest, container, "localhost/built:1")
    path = tools.path(f"built-{form}-{manifest}.tar")
    tools.buildah("push", "--format", manifest, "localhost/built:1", f"{form}:{path}:localhost/built:1")
    tools.buildah("rm", container)
    (image,) = _load(store, path)
    assert image["names"] == ["localhost/built:1"]
    assert store.find("built:1").config["config"]["Labels"]["made"] == "by buildah"  # type: ignore[index]
    assert {"bin/busybox", "etc/passwd", "tmp"} <= _shown(store, "built:1").keys()


@pytest.mark.requires("podman")
@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_podman_commits_and_saves_several(store: Store, tools: Tools, root: str, form: str) -> None:
    tools.podman("import", root, "localhost/pod:1")
    container = tools.podman("create", "localhost/pod:1", "true").strip()
    Path(tools.path("copied")).write_text("copied")
    tools.podman("cp", tools.path("copied"), f"{container}:/copied")
    tools.podman("commit", "-c", "CMD cat", container, "localhost/pod:2")
    path = tools.path(f"pod-{form}.tar")
    several = ["-m", "localhost/pod:1", "localhost/pod:2"] if form == "docker-archive" else ["localhost/pod:2"]
    tools.podman("save", "--format", form, "-o", path, *several)
    tools.podman("rm", container)
    tools.podman("rmi", "-f", "localhost/pod:1", "localhost/pod:2")
    loaded = [name for image in _load(store, path) for name in image["names"]]
    assert loaded == [name for name in several if name != "-m"]
    assert _shown(store, "pod:2")["copied"]["size"] == len("copied")
    assert len(store.find("pod:2").layers) == 2


@pytest.mark.requires("skopeo")
def test_a_manifest_of_docker_becomes_one_of_oci_in_an_archive_of_oci(store: Store, other: Store, tools: Tools) -> None:
    """Schema 2 in a layout is not found by skopeo and podman; the config and the layers stay as they are."""
    pieces = archives.image([archives.layer("x")])
    blob, config = pieces[0].descriptor, pieces[1].descriptor
    docker = "application/vnd.docker"
    document = {
        "schemaVersion": 2,
        "mediaType": f"{docker}.distribution.manifest.v2+json",
        "config": {**config, "mediaType": f"{docker}.container.image.v1+json"},
        "layers": [{**blob, "mediaType": f"{docker}.image.rootfs.diff.tar.gzip"}],
    }
    manifest = archives.piece(json.dumps(document).encode(), document["mediaType"])
    entry = archives.named(manifest.descriptor, "localhost/schema2:1")
    take_files(store, archives.layout([entry], [*pieces[:2], manifest]))
    assert store.find("schema2:1").digest == manifest.descriptor["digest"]
    path = _save(store, tools.path("schema2.tar"), "localhost/schema2:1", kind="oci-archive")
    tools.skopeo("copy", f"oci-archive:{path}:localhost/schema2:1", f"oci-archive:{tools.path('s2.tar')}:s:1")
    _load(other, tools.path("s2.tar"))
    assert other.find("localhost/s:1").id == store.find("schema2:1").id
    assert other.manifest(other.find("s:1")).layers[0].digest == blob["digest"]


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    """A daemon of its own."""
    requires("root", "dockerd", "busybox")
    docker = Docker()
    yield docker
    docker.close()


@pytest.mark.requires("dockerd", "busybox")
def test_docker_takes_what_we_save_and_we_take_it_back(
    store: Store, other: Store, tools: Tools, docker: Docker
) -> None:
    """Docker keeps layers unpacked and puts their archives together again, every byte as it was, but sparse files."""
    take_files(store, archives.docker([([NAME], hard_image.layers(sparse=False, link_from_below=False))]))
    docker.out("load", "-i", _save(store, tools.path("to-docker.tar"), NAME))
    docker.out("save", "-o", tools.path("from-docker.tar"), NAME)
    docker.out("rmi", NAME)
    (image,) = _load(other, tools.path("from-docker.tar"))
    assert image == {"id": store.find(NAME).id, "names": [NAME]}
    assert tree_facts.difference(comparable(_shown(other, NAME)), comparable(_shown(store, NAME))) == []


@pytest.mark.requires("dockerd", "busybox")
def test_several_images_of_docker_in_one_archive_through_a_pipe(store: Store, docker: Docker) -> None:
    docker.out("tag", "box", "team/box:2")
    with subprocess.Popen(docker.command("save", "box", "team/box:2"), stdout=subprocess.PIPE) as saving:
        assert saving.stdout is not None
        (image,) = load(store, saving.stdout, limits=Limits(), say=lambda _event: None)
    docker.out("rmi", "team/box:2")
    assert sorted(image["names"]) == ["docker.io/library/box:latest", "docker.io/team/box:2"]
    assert "bin/busybox" in _shown(store, image["id"])

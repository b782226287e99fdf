"""The store as others see it: skopeo reads the layout, and several processes change it at once."""

import json
import multiprocessing
import subprocess
from pathlib import Path

import pytest
from support import images

from engine.errors import NotFound
from engine.image import oci
from engine.image.store.images import Store

pytestmark = pytest.mark.root

INDEX = f"sha256:{'1' * 64}"
NAME, OURS, PINNED = "quay.io/team/docker:1", "localhost/ours:latest", f"quay.io/team/pinned@{INDEX}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"{tmp_path}/image", f"{tmp_path}/layers")


def _skopeo(*arguments: str) -> str:
    done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.requires("skopeo")
def test_skopeo_reads_images_of_docker_and_of_oci_by_their_names(store: Store, tmp_path: Path) -> None:
    made = {
        NAME: images.add(store, NAME, {"a": b"1"}, {"b": b"2"}, docker=True, origins=[f"quay.io/team/docker@{INDEX}"]),
        OURS: images.add(store, OURS, {"a": b"1"}, config={"Labels": {"k": "v"}}),
    }
    images.add(store, PINNED, {"c": b"3"}, origins=[PINNED])
    images.add(store, None, {"d": b"4"})
    for name, image in made.items():
        source = f"oci:{store.layout.folder}:{name}"
        listed = json.loads(_skopeo("inspect", "--raw", source))
        assert listed["config"]["digest"] == image.id
        assert listed.get("annotations", {}).get(oci.ORIGINAL, image.digest) == image.digest
        found = json.loads(_skopeo("inspect", source))
        assert found["Architecture"] == "amd64"
        assert len(found["Layers"]) == len(image.layers)
        assert json.loads(_skopeo("inspect", "--config", source))["rootfs"]["diff_ids"] == list(image.layers)


@pytest.mark.requires("skopeo")
@pytest.mark.parametrize("docker", [False, True])
def test_skopeo_copies_an_image_out_of_the_store_with_its_id(store: Store, tmp_path: Path, docker: bool) -> None:
    image = images.add(store, NAME, {"a": b"1"}, {"b": b"2"}, docker=docker)
    _skopeo("copy", "-q", f"oci:{store.layout.folder}:{NAME}", f"docker-archive:{tmp_path}/out.tar:a:b")
    found = json.loads(_skopeo("inspect", "--config", f"docker-archive:{tmp_path}/out.tar"))
    assert found["rootfs"]["diff_ids"] == list(image.layers)


BASE = images.layer({"base": b"b" * 20_000})


def _work(folder: str, number: int, rounds: int) -> None:
    """Pull, tag, remove and prune, as separate commands would."""
    store = Store(f"{folder}/image", f"{folder}/layers")
    for turn in range(rounds):
        name = f"localhost/own{number}:latest"
        layers = [BASE, images.layer({f"own{number}": f"{turn}".encode()})]
        image = images.pull(store, name, layers)
        assert [Path(place, "base").exists() for place in store.lowers(image)] == [False, True]
        store.tag(name, f"localhost/tag{number}:latest")
        if turn % 3 == 0:
            store.remove(name)
            store.remove(f"localhost/tag{number}:latest")
        else:
            store.prune({image.id: ["me"]})
        for found in store.images():
            _look(store, found.names)


def _look(store: Store, names: tuple[str, ...]) -> None:
    """What another process is removing may be gone; else it is whole."""
    for name in names:
        try:
            image = store.find(name)
        except NotFound:
            continue
        assert image.layers[0] == BASE.diff_id


@pytest.mark.requires("two cpus")
def test_processes_that_pull_tag_remove_and_prune_at_once_lose_nothing(store: Store, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_work, args=(str(tmp_path), number, 8)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    store.prune({})
    names = {name for image in store.images() for name in image.names}
    assert names == {f"localhost/{kind}{number}:latest" for kind in ("own", "tag") for number in range(4)}
    for image in store.images():
        assert len(store.lowers(image)) == 2
        assert all(store.layout.blobs.is_right(layer.digest) for layer in store.manifest(image).layers)
    kept = {path.name for path in Path(store.unpacked.folder).iterdir()}
    assert kept == {layer.partition(":")[2] for image in store.images() for layer in image.layers}

"""An image with every hard case goes in and out, and every file of it stays what umoci says that it is."""

import os
from typing import Any

import pytest
from support import hard_image, tree_facts
from support import image_archives as archives
from support.other_tools import Tools
from support.tree_facts import Facts
from support.trees_of_images import NAME, comparable, take_files, unpacked_by_umoci

from engine.archive.limits import Limits
from engine.image.formats.load import load
from engine.image.formats.save import save
from engine.image.store.images import Store

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "overlay", "umoci", "unshare")]


def _take(store: Store, path: str) -> str:
    with open(path, "rb") as file:
        (image,) = load(store, file, limits=Limits(), say=lambda _event: None)
    return str(image["id"])


def _put(store: Store, path: str, **how: Any) -> str:
    with open(path, "wb") as file:
        save(store, [NAME], file, say=lambda _event: None, **how)
    return path


def _shown(store: Store) -> Facts:
    return comparable(tree_facts.of_stack(store.lowers(store.find(NAME))))


def _coarse(facts: Facts) -> Facts:
    """What podman's storage keeps: no ACLs, no time of a directory that has been written to, no fraction of others."""
    keys = ("mode", "owner", "target", "device", "size", "sha256")
    return {path: {key: found[key] for key in keys if key in found} for path, found in facts.items()}


@pytest.fixture
def filled(store: Store) -> Store:
    """A store that has the image from an archive of Docker's form, with layers that are not compressed."""
    return take_files(store, archives.docker([([NAME], hard_image.layers())]))


@pytest.fixture
def compressed(store: Store) -> Store:
    """A store that has the image from an archive of OCI, with gzip."""
    pieces = archives.image(hard_image.layers())
    return take_files(store, archives.layout([archives.named(pieces[-1].descriptor, NAME)], pieces))


@pytest.fixture
def solid(store: Store) -> Store:
    """A store that has the image without sparse files."""
    return take_files(store, archives.docker([([NAME], hard_image.layers(sparse=False))]))


def test_the_stack_shows_what_umoci_unpacks_from_the_layout_of_the_store(compressed: Store, tools: Tools) -> None:
    expected = unpacked_by_umoci(tools, compressed.layout.folder)
    assert tree_facts.difference(_shown(compressed), expected) == []


def test_the_hard_cases_are_there(filled: Store) -> None:
    facts = _shown(filled)
    assert facts["attributes/capable"]["xattrs"] == {"security.capability": hard_image.CAPABILITY.hex()}
    assert facts["attributes/acl"]["xattrs"] == {"system.posix_acl_access": hard_image.ACL.hex()}
    assert facts["attributes/setuid"]["mode"] == "0o104755"
    assert facts["attributes/far"]["owner"] == [3_000_000, 4_000_000_000]
    assert facts["attributes/old"]["mtime_ns"] == -86400_250_000_000
    assert facts["etc/two"]["same as"] == facts["links/one"]["same as"]
    assert facts["links/of-a-link"]["same as"] == facts["links/relative"]["same as"]
    assert facts["swap/twice"]["mode"] == "0o40755"
    assert facts["usr/lib/through-a-link"]["size"] == 10
    assert facts["opaque/old"]["size"] == len("back too")
    assert not {"links/second", "gone/dir", "opaque/sub/older", "swap/file", "etc/hosts.real"} & facts.keys()
    assert "odd/caf\\xe9-\\xff" in facts


def test_a_hard_link_to_a_file_of_a_lower_layer_is_one_file_with_it(filled: Store) -> None:
    facts = tree_facts.of_stack(filled.lowers(filled.find(NAME)))
    assert facts["links/from-below"]["same as"] == facts["links/first"]["same as"]


def test_sparse_files_have_their_holes(filled: Store) -> None:
    folder = filled.lowers(filled.find(NAME))[-1]
    assert os.stat(f"{folder}/odd/sparse").st_blocks * 512 < 1 << 20
    assert os.stat(f"{folder}/odd/hollow").st_blocks == 0


@pytest.mark.parametrize(
    ("kind", "compression"), [("docker-archive", ""), ("oci-archive", ""), ("oci-archive", "zstd")]
)
def test_saved_and_loaded_elsewhere_it_is_the_same(
    compressed: Store, other: Store, tools: Tools, kind: str, compression: str
) -> None:
    path = _put(compressed, tools.path("saved.tar"), kind=kind, compression=compression)
    assert _take(other, path) == compressed.find(NAME).id
    assert tree_facts.difference(_shown(other), _shown(compressed)) == []


@pytest.mark.requires("skopeo")
@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
@pytest.mark.parametrize("through", ["docker-archive", "oci-archive"])
def test_it_comes_back_from_skopeo_unchanged(
    filled: Store, other: Store, tools: Tools, kind: str, through: str
) -> None:
    path = _put(filled, tools.path("out.tar"), kind=kind)
    back = tools.path(f"back-{kind}-{through}.tar")
    tools.skopeo("copy", f"{kind}:{path}", f"{through}:{back}:{NAME}")
    image_id = _take(other, back)
    assert tree_facts.difference(_shown(other), _shown(filled)) == []
    if (kind, through) != ("docker-archive", "oci-archive"):  # then skopeo writes the config anew
        assert image_id == filled.find(NAME).id


@pytest.mark.requires("skopeo")
def test_what_umoci_unpacks_from_a_saved_archive_is_the_same(filled: Store, tools: Tools) -> None:
    path = _put(filled, tools.path("out.tar"), kind="oci-archive", compression="gzip")
    tools.skopeo("copy", f"oci-archive:{path}:{NAME}", f"oci:{tools.path('layout')}:{NAME}")
    assert tree_facts.difference(_shown(filled), unpacked_by_umoci(tools, tools.path("layout"))) == []


@pytest.mark.requires("podman")
@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
@pytest.mark.parametrize("back", ["docker-archive", "oci-archive"])
def test_it_comes_back_from_podman_unchanged(solid: Store, other: Store, tools: Tools, kind: str, back: str) -> None:
    """podman keeps layers unpacked and puts their archives together again, every byte as it was."""
    tools.podman("load", "-i", _put(solid, tools.path("out.tar"), kind=kind))
    returned = tools.path(f"podman-{kind}-{back}.tar")
    tools.podman("save", "--format", back, "-o", returned, NAME)
    tools.podman("rmi", "-f", NAME)
    _take(other, returned)
    assert other.find(NAME).layers == solid.find(NAME).layers
    assert tree_facts.difference(_shown(other), _shown(solid)) == []


@pytest.mark.requires("podman")
def test_podman_shows_the_same_files(filled: Store, tools: Tools) -> None:
    tools.podman("load", "-i", _put(filled, tools.path("out.tar")))
    folder = tools.podman("image", "mount", NAME).strip()
    found = tree_facts.of_folder(folder)
    tools.podman("image", "unmount", NAME)
    tools.podman("rmi", "-f", NAME)
    assert tree_facts.difference(_coarse(_shown(filled)), _coarse(found)) == []

"""Names of images in the index: tags, digests, and the digests of indexes that led to an image."""

from pathlib import Path

import pytest
from support import images

from engine.errors import Conflict, InvalidInput, NotFound
from engine.image import oci
from engine.image.store import naming
from engine.image.store.images import Store

INDEX = f"sha256:{'1' * 64}"
OTHER = f"sha256:{'2' * 64}"
NAME = "quay.io/team/app:1"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"{tmp_path}/image", f"{tmp_path}/layers")


def test_an_image_is_known_by_the_digest_of_its_manifest_and_of_the_index_that_led_to_it(store: Store) -> None:
    image = images.add(store, NAME, {"a": b"1"}, origins=[f"quay.io/team/app@{INDEX}"])
    assert image.names == (NAME,)
    assert set(image.repo_digests) == {f"quay.io/team/app@{INDEX}", f"quay.io/team/app@{image.digest}"}
    for digest in (INDEX, image.digest):
        assert store.find(f"quay.io/team/app@{digest}") == image
        assert store.find(f"quay.io/team/app:other@{digest}") == image
    for name in (f"quay.io/team/app@{OTHER}", f"quay.io/team/else@{INDEX}", f"quay.io/team/else@{image.digest}"):
        with pytest.raises(NotFound):
            store.find(name)


def test_a_name_with_a_digest_is_kept_without_its_tag(store: Store) -> None:
    image = images.add(store, f"{NAME}@{INDEX}", {"a": b"1"}, origins=[f"quay.io/team/app@{INDEX}"])
    assert image.names == (f"quay.io/team/app@{INDEX}",)
    assert store.find(f"quay.io/team/app@{INDEX}") == image
    with pytest.raises(NotFound):
        store.find(NAME)


def test_a_name_with_the_digest_of_another_image_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInput, match="the digest of another image"):
        images.add(store, f"quay.io/team/app@{OTHER}", {"a": b"1"}, origins=[f"quay.io/team/app@{INDEX}"])
    assert store.images() == []


def test_an_image_that_loses_its_tag_is_still_found_by_its_digest(store: Store) -> None:
    old = images.add(store, NAME, {"a": b"1"}, origins=[f"quay.io/team/app@{INDEX}"])
    new = images.add(store, NAME, {"a": b"2"}, origins=[f"quay.io/team/app@{OTHER}"])
    assert store.find(NAME).id == new.id
    found = store.find(f"quay.io/team/app@{INDEX}")
    assert (found.id, found.names) == (old.id, ())


def test_an_image_that_comes_by_another_index_is_known_by_both(store: Store) -> None:
    images.add(store, NAME, {"a": b"1"}, origins=[f"quay.io/team/app@{INDEX}"])
    image = images.add(store, NAME, {"a": b"1"}, origins=[f"quay.io/team/app@{OTHER}"])
    assert {f"quay.io/team/app@{INDEX}", f"quay.io/team/app@{OTHER}"} < set(image.repo_digests)
    assert len(store.layout.entries()) == 1


def test_digests_do_not_pile_up_for_ever(store: Store) -> None:
    for number in range(40):
        image = images.add(store, NAME, {"a": b"1"}, origins=[f"quay.io/team/app@sha256:{number:064d}"])
    assert len(image.repo_digests) < 20
    assert f"quay.io/team/app@sha256:{39:064d}" in image.repo_digests


def test_a_pushed_image_is_known_by_where_it_went_and_keeps_its_names(store: Store) -> None:
    image = images.add(store, NAME, {"a": b"1"})
    store.add_origins(NAME, [f"example.com/app@{OTHER}"])
    found = store.find(f"example.com/app@{OTHER}")
    assert (found.id, found.names) == (image.id, (NAME,))


def test_an_image_may_have_no_name_and_gets_one_later(store: Store) -> None:
    image = images.add(store, None, {"a": b"1"})
    assert image.names == ()
    assert images.add(store, None, {"a": b"1"}) == image
    assert images.add(store, NAME, {"a": b"1"}).names == (NAME,)
    assert images.add(store, None, {"a": b"1"}).names == (NAME,)
    assert len(store.layout.entries()) == 1


def test_a_digest_cannot_be_given_as_a_tag(store: Store) -> None:
    images.add(store, NAME, {"a": b"1"})
    with pytest.raises(InvalidInput, match="cannot be given"):
        store.tag(NAME, f"app@{INDEX}")


def test_the_index_lists_docker_s_images_under_manifests_of_oci_and_knows_them_by_their_own(store: Store) -> None:
    image = images.add(store, NAME, {"a": b"1"}, docker=True)
    store.tag(NAME, "other")
    entries = store.layout.entries()
    assert [(entry.media_type, entry.original) for entry in entries] == [(oci.MANIFEST, image.digest)] * 2
    listed = oci.read_manifest(store.layout.blobs.read(entries[0].digest))
    assert isinstance(listed, oci.Manifest)
    assert (listed.config.media_type, listed.layers[0].media_type) == (oci.CONFIG, oci.LAYER_GZIP)
    assert (listed.config.digest, listed.annotations) == (image.id, {oci.ORIGINAL: image.digest})
    assert store.find("other") == store.find(NAME)
    store.prune()
    assert store.layout.blobs.size(entries[0].digest)
    assert store.remove(image.id, force=True)["deleted"] == [image.id]
    assert list(Path(store.layout.blobs.folder).iterdir()) == []


def test_a_name_with_a_digest_is_removed_by_it(store: Store) -> None:
    image = images.add(store, f"quay.io/team/app@{INDEX}", {"a": b"1"}, origins=[f"quay.io/team/app@{INDEX}"])
    store.tag(image.id, "other")
    removed = store.remove(f"quay.io/team/app@{INDEX}")
    assert (removed["untagged"], removed["deleted"]) == ([f"quay.io/team/app@{INDEX}"], [])
    assert store.remove("other")["deleted"] == [image.id]


def test_a_digest_that_is_no_name_removes_the_image_with_its_one_name_and_not_with_two(store: Store) -> None:
    image = images.add(store, NAME, {"a": b"1"})
    digest = f"quay.io/team/app@{image.digest}"
    store.tag(NAME, "other")
    with pytest.raises(Conflict, match="several names"):
        store.remove(digest)
    store.remove("other")
    removed = store.remove(digest)
    assert (removed["untagged"], removed["deleted"]) == ([NAME], [image.id])


def test_a_nameless_image_is_removed_by_its_digest(store: Store) -> None:
    old = images.add(store, NAME, {"a": b"1"}, origins=[f"quay.io/team/app@{INDEX}"])
    images.add(store, NAME, {"a": b"2"})
    assert store.remove(f"quay.io/team/app@{INDEX}")["deleted"] == [old.id]


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("localhost/a:1", "localhost/a"),
        ("registry:5000/a/b", "registry:5000/a/b"),
        ("registry:5000/a/b:x", "registry:5000/a/b"),
        (f"[::1]:5000/a@{INDEX}", "[::1]:5000/a"),
        (f"a.b/c:1@{INDEX}", "a.b/c"),
    ],
)
def test_a_repository_is_a_name_without_tag_and_digest(name: str, repository: str) -> None:
    assert naming.repository(name) == repository

"""The store: what is added is found, what is removed is gone, and nothing of it depends on luck or on one process."""

import fcntl
import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from engine.errors import Conflict, EngineError, InvalidInput, NotFound
from engine.image import oci
from engine.image.builtin.layer import Entry
from engine.image.oci import Descriptor
from engine.image.store.blobs import sha256
from engine.image.store.images import Store
from engine.image.store.ingest import add_layer

CREATED = "2024-01-01T00:00:00Z"


def _store(folder: Path) -> Store:
    return Store(f"{folder}/image", f"{folder}/layers")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return _store(tmp_path)


def _add(store: Store, name: str, content: str = "x", created: str = CREATED) -> str:
    """An image of one layer with one file."""
    plan = {"file": Entry(stat.S_IFREG | 0o644, 0, data=content.encode())}
    with store.adding():
        layer = add_layer(store, plan, lambda _done, _total: None)
        config = {
            "created": created,
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]},
        }
        return store.add_image(config, [layer.descriptor], name)


def test_an_empty_store_has_no_images_and_is_not_made_by_looking(store: Store, tmp_path: Path) -> None:
    assert store.images() == []
    with pytest.raises(NotFound, match="no such image: base"):
        store.find("base")
    assert os.listdir(tmp_path) == []


def test_an_image_is_found_by_each_of_its_names_and_ids(store: Store) -> None:
    image_id = _add(store, "base")
    image = store.find("localhost/base:latest")
    assert image.id == image_id
    assert image.names == ("localhost/base:latest",)
    for name in ("base", "base:latest", image_id, image_id[7:], image_id[7:11], f"localhost/base@{image.digest}"):
        assert store.find(name) == image, name


@pytest.mark.parametrize("name", ["other", "base:2", "docker.io/base", f"base@sha256:{'0' * 64}", "0" * 64])
def test_what_is_not_there_is_not_found_and_a_hint_says_where_to_look(store: Store, name: str) -> None:
    _add(store, "base")
    with pytest.raises(NotFound) as caught:
        store.find(name)
    assert "qd images" in caught.value.hint


def test_no_name_leads_out_of_the_store(store: Store) -> None:
    _add(store, "base")
    for name in ("../base", "sha256:../../etc", "/etc/passwd"):
        with pytest.raises((InvalidInput, NotFound)):
            store.find(name)


def test_the_layers_come_top_first_and_hold_the_files(store: Store) -> None:
    with store.adding():
        layers = [
            add_layer(store, {name: Entry(stat.S_IFREG | 0o644, 0, data=b"x")}, lambda _done, _total: None)
            for name in ("bottom", "top")
        ]
        config = {"rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}}
        store.add_image(config, [layer.descriptor for layer in layers], "two")
    image = store.find("two")
    assert [os.listdir(folder) for folder in store.lowers(image)] == [["top"], ["bottom"]]
    assert image.size_bytes == 2


def test_the_config_is_whole(store: Store) -> None:
    _add(store, "base")
    image = store.find("base")
    assert store.config(image)["config"] == {"Cmd": ["sh"]}
    assert image.created_ns == 1_704_067_200_000_000_000


def test_images_come_newest_first(store: Store) -> None:
    _add(store, "old", "1", "2020-01-01T00:00:00Z")
    _add(store, "new", "2", "2025-01-01T00:00:00.123456789+02:00")
    assert [image.names[0] for image in store.images()] == ["localhost/new:latest", "localhost/old:latest"]


def test_the_layout_is_what_the_image_spec_asks_for(store: Store, tmp_path: Path) -> None:
    _add(store, "base")
    assert json.loads((tmp_path / "image/oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((tmp_path / "image/index.json").read_text())
    (entry,) = index["manifests"]
    assert entry["mediaType"] == oci.MANIFEST
    assert entry["annotations"] == {oci.REF_NAME: "localhost/base:latest"}
    for blob in (tmp_path / "image/blobs/sha256").iterdir():
        assert sha256(blob.read_bytes()) == f"sha256:{blob.name}"


def test_the_same_content_gives_the_same_image_and_is_kept_once(store: Store) -> None:
    assert _add(store, "a") == _add(store, "b")
    (image,) = store.images()
    assert image.names == ("localhost/a:latest", "localhost/b:latest")


def test_a_name_moves_to_the_new_image_and_the_old_one_stays_without(store: Store) -> None:
    old = _add(store, "base", "1")
    new = _add(store, "base", "2")
    assert store.find("base").id == new
    assert store.find(old).names == ()


def test_an_image_that_gets_a_name_back_is_not_nameless_as_well(store: Store) -> None:
    _add(store, "base", "1")
    _add(store, "base", "2")
    _add(store, "base", "1")
    assert sorted(len(image.names) for image in store.images()) == [0, 1]
    assert len(store.layout.entries()) == 2


def test_a_tag_is_one_more_name(store: Store) -> None:
    image_id = _add(store, "base")
    store.tag("base", "quay.io/team/base:1")
    assert store.find("quay.io/team/base:1").id == image_id
    assert store.find("base").id == image_id


def test_removing_the_last_name_removes_everything(store: Store, tmp_path: Path) -> None:
    image_id = _add(store, "base")
    removed = store.remove("base")
    assert (removed["untagged"], removed["deleted"]) == (["localhost/base:latest"], [image_id])
    assert removed["reclaimed_bytes"] > 0
    assert store.images() == []
    assert list((tmp_path / "image/blobs/sha256").iterdir()) == []
    assert list((tmp_path / "layers").iterdir()) == []


def test_removing_one_of_two_names_keeps_the_image(store: Store) -> None:
    image_id = _add(store, "base")
    store.tag("base", "other")
    assert store.remove("base", used_by={image_id: ["web"]})["deleted"] == []
    assert store.find("other").id == image_id


def test_an_image_with_two_names_is_not_removed_by_its_id_without_force(store: Store) -> None:
    image_id = _add(store, "base")
    store.tag("base", "other")
    with pytest.raises(Conflict, match="several names"):
        store.remove(image_id)
    assert store.remove(image_id, force=True)["deleted"] == [image_id]


def test_an_image_in_use_is_refused_and_the_container_is_named(store: Store) -> None:
    image_id = _add(store, "base")
    with pytest.raises(Conflict, match="used by the container web") as caught:
        store.remove("base", used_by={image_id: ["web"]})
    assert caught.value.hint == "remove it first: qd rm web"


def test_force_takes_the_names_of_an_image_in_use_but_keeps_its_layers(store: Store) -> None:
    image_id = _add(store, "base")
    result = store.remove("base", force=True, used_by={image_id: ["web"]})
    assert result == {"untagged": ["localhost/base:latest"], "deleted": [], "reclaimed_bytes": 0}
    assert os.listdir(store.lowers(store.find(image_id))[0]) == ["file"]


def test_layers_that_another_image_needs_are_kept(store: Store) -> None:
    _add(store, "a", created="2020-01-01T00:00:00Z")
    _add(store, "b", created="2021-01-01T00:00:00Z")
    store.remove("a")
    assert os.listdir(store.lowers(store.find("b"))[0]) == ["file"]


def test_pruning_finds_what_a_crash_left_and_keeps_what_is_needed(store: Store, tmp_path: Path) -> None:
    _add(store, "base")
    (tmp_path / "image/ingest").mkdir(exist_ok=True)
    (tmp_path / "image/ingest/123-abc").write_bytes(b"half a blob")
    (tmp_path / "image/blobs/sha256" / ("0" * 64)).write_bytes(b"x" * 10_000)
    (tmp_path / "layers/.ingest-1").mkdir()
    (tmp_path / "layers" / ("1" * 64) / "fs").mkdir(parents=True)
    result = store.prune()
    assert result["images"] == []
    assert result["reclaimed_bytes"] >= 10_000
    assert len(list((tmp_path / "layers").iterdir())) == 1
    assert list((tmp_path / "image/ingest").iterdir()) == []
    assert os.listdir(store.lowers(store.find("base"))[0]) == ["file"]


def test_pruning_takes_nameless_images_that_no_container_needs(store: Store) -> None:
    old, older = _add(store, "base", "1"), _add(store, "base", "2")
    _add(store, "base", "3")
    assert store.prune()["images"] == []
    assert store.prune({old: ["web"]})["images"] == [older]
    assert store.find(old)


def test_pruning_leaves_alone_what_is_being_added(store: Store, tmp_path: Path) -> None:
    other = _store(tmp_path)
    with store.adding():
        added = add_layer(store, {"x": Entry(stat.S_IFREG | 0o644, 0)}, lambda _done, _total: None)
        assert other.prune()["reclaimed_bytes"] == 0
        assert store.layer_place([added.diff_id], 0)


def test_a_changed_index_is_seen_and_an_unchanged_one_is_not_read_again(store: Store, tmp_path: Path) -> None:
    other = _store(tmp_path)
    _add(other, "a", "1")
    assert len(store.images()) == 1
    (tmp_path / "image/blobs").rename(tmp_path / "image/hidden")
    assert len(store.images()) == 1
    (tmp_path / "image/hidden").rename(tmp_path / "image/blobs")
    _add(other, "b", "2")
    assert len(store.images()) == 2


def test_a_damaged_image_hides_no_other_and_says_what_is_wrong(store: Store, tmp_path: Path) -> None:
    _add(store, "good", "1")
    _add(store, "bad", "2")
    digest = store.find("bad").digest
    (tmp_path / "image/blobs/sha256" / digest[7:]).write_bytes(b"{}")
    fresh = _store(tmp_path)
    assert [image.names[0] for image in fresh.images()] == ["localhost/good:latest"]
    with pytest.raises(EngineError, match="is damaged"):
        fresh.find("bad")
    assert fresh.remove("bad")["untagged"] == ["localhost/bad:latest"]
    with pytest.raises(NotFound):
        fresh.find("bad")


def test_a_damaged_image_is_mended_by_adding_it_again(store: Store, tmp_path: Path) -> None:
    _add(store, "base")
    (tmp_path / "image/blobs/sha256" / store.find("base").digest[7:]).write_bytes(b"{}")
    other = _store(tmp_path)
    with pytest.raises(EngineError, match="is damaged"):
        other.find("base")
    _add(store, "base")
    assert other.find("base")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"manifests": [{"digest": "sha256:../../etc/passwd"}]}', "\xff", "[" * 9999]
)
def test_a_damaged_index_is_an_error_in_words(store: Store, tmp_path: Path, text: str) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "image/index.json").write_text(text, encoding="latin-1")
    with pytest.raises(EngineError, match="index of the image store"):
        store.images()


def test_an_image_whose_layer_is_gone_says_so(store: Store) -> None:
    _add(store, "base")
    image = store.find("base")
    place = store.lowers(image)[0]
    os.rename(place, f"{place}.gone")
    with pytest.raises(EngineError, match="a layer of the image localhost/base:latest is missing"):
        store.lowers(image)


def test_a_blob_with_another_digest_than_promised_is_refused_and_dropped(store: Store, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="is sha256:"), store.layout.blobs.writer(f"sha256:{'0' * 64}") as writer:
        writer.write(b"something else")
    assert list((tmp_path / "image/ingest").iterdir()) == []
    assert not (tmp_path / "image/blobs/sha256").exists()


def test_a_layer_that_fails_half_way_leaves_nothing(store: Store, tmp_path: Path) -> None:
    plan = {
        "a": Entry(stat.S_IFREG | 0o644, 0, data=b"x"),
        "b": Entry(stat.S_IFREG | 0o644, 0, source=f"{tmp_path}/missing"),
    }
    with pytest.raises(FileNotFoundError), store.adding():
        add_layer(store, plan, lambda _done, _total: None)
    assert list((tmp_path / "image/ingest").iterdir()) == []
    assert list((tmp_path / "layers").iterdir()) == []


def _tag_often(folder: str, prefix: str) -> None:
    store = _store(Path(folder))
    for number in range(30):
        store.tag("base", f"{prefix}{number}")


def test_two_processes_change_the_index_and_neither_loses_a_name(store: Store, tmp_path: Path) -> None:
    _add(store, "base")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_tag_often, args=(str(tmp_path), prefix)) for prefix in ("a", "b")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(store.find("base").names) == 61


def test_the_locks_are_free_after_each_call(store: Store, tmp_path: Path) -> None:
    _add(store, "base")
    store.prune()
    for name in ("index.lock", "ingest.lock"):
        with open(tmp_path / "image" / name, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_descriptor_checks_its_digest() -> None:
    with pytest.raises(EngineError):
        oci.decode(b'{"mediaType": "a", "digest": "sha256:12", "size": 1}', Descriptor, "it")

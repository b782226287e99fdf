"""A commit is the layers of its base and one more, and says how it came to be."""

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest
from support import image_archives as archives

from engine.archive.limits import Limits
from engine.errors import EngineError, InvalidInput, NotFound
from engine.image import oci, unpacking
from engine.image.commit import commit
from engine.image.formats.load import load
from engine.image.store.images import Store

BASE = archives.layer("base", "old")
SETTINGS = {"Cmd": ["sh"], "Env": ["A=1"]}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with the image `base`."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    store = Store(f"{tmp_path}/image", f"{tmp_path}/layers")
    pieces = archives.image([BASE], config=SETTINGS, container_config={"Cmd": ["of the build"]}, author="them")
    layout = archives.layout([archives.named(pieces[-1].descriptor, "base")], pieces)
    load(store, io.BytesIO(archives.tar(layout)), limits=Limits(), say=lambda _event: None)
    return store


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What a container has written: one file."""
    (tmp_path / "upper").mkdir()
    (tmp_path / "upper/new").write_text("new")
    os.utime(tmp_path / "upper/new", ns=(0, 123))
    return tmp_path / "upper"


def _commit(store: Store, tree: Path, **how: Any) -> str:
    return commit(store, tree=str(tree), base=how.pop("base", "base"), say=how.pop("say", lambda _event: None), **how)


def test_the_new_layer_is_the_change_and_the_others_are_the_bases(store: Store, tree: Path) -> None:
    image_id = _commit(store, tree, name="new:1")
    base, image = store.find("base"), store.find("localhost/new:1")
    assert image.id == image_id
    assert image.layers[:-1] == base.layers
    assert store.manifest(image).layers[:-1] == store.manifest(base).layers
    assert [sorted(os.listdir(folder)) for folder in store.lowers(image)] == [["new"], ["old"]]
    info = os.stat(f"{store.lowers(image)[0]}/new")
    assert (info.st_size, info.st_mtime_ns) == (3, 123)


def test_its_config_is_the_bases_with_who_and_when_and_a_line_of_history(store: Store, tree: Path) -> None:
    _commit(store, tree, name="new", author="me", message="a file", created_by="sh -c 'echo new'")
    config = store.find("new").config
    moment = "1970-01-01T00:00:00Z"
    assert (config["created"], config["author"], config["config"]) == (moment, "me", SETTINGS)
    assert "container_config" not in config
    assert config["history"] == [
        {"created": moment, "created_by": "sh -c 'echo new'", "author": "me", "comment": "a file"}
    ]


def test_without_a_change_there_is_a_line_of_history_and_no_layer(store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    _commit(store, tmp_path / "empty", name="same", changes=["ENV B=2"])
    image = store.find("same")
    assert image.layers == store.find("base").layers
    assert image.config["config"] == {**SETTINGS, "Env": ["A=1", "B=2"]}
    assert image.config["history"] == [{"created": "1970-01-01T00:00:00Z", "empty_layer": True}]
    assert len(os.listdir(store.unpacked.folder)) == 1
    assert len(os.listdir(store.layout.blobs.folder)) == 5  # of two images with one layer


def test_the_settings_of_the_container_come_before_the_instructions(store: Store, tree: Path) -> None:
    _commit(store, tree, name="new", config={"Cmd": ["own"], "Env": ["C=3"]}, changes=["CMD other", "ENV D=$C"])
    settings = store.find("new").config["config"]
    assert settings == {"Cmd": ["/bin/sh", "-c", "other"], "Env": ["C=3", "D=3"]}


def test_the_same_change_at_the_same_time_is_the_same_image(store: Store, tree: Path) -> None:
    assert _commit(store, tree) == _commit(store, tree)
    assert len(os.listdir(store.unpacked.folder)) == 2


def test_the_same_change_at_another_time_is_the_same_layer(
    store: Store, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _commit(store, tree)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    second = _commit(store, tree)
    assert first != second
    assert store.find(first).layers == store.find(second).layers


@pytest.mark.parametrize(("kind", "media_type"), [("gzip", oci.LAYER_GZIP), ("zstd", oci.LAYER_ZSTD)])
def test_the_layer_may_be_compressed_and_stays_the_same(store: Store, tree: Path, kind: str, media_type: str) -> None:
    plain = store.find(_commit(store, tree))
    image = store.find(_commit(store, tree, compression=kind, name="small"))
    assert store.manifest(store.find("small")).layers[-1].media_type == media_type
    assert image.layers == plain.layers


def test_a_commit_of_a_commit_has_three_layers(store: Store, tree: Path, tmp_path: Path) -> None:
    _commit(store, tree, name="one")
    (tmp_path / "second").mkdir()
    (tmp_path / "second/more").write_text("more")
    _commit(store, tmp_path / "second", base="one", name="two")
    assert store.find("two").layers[:2] == store.find("one").layers
    assert len(store.find("two").config["history"]) == 2  # type: ignore[arg-type]


def test_the_whole_of_a_base_without_that_name_is_an_error(store: Store, tree: Path) -> None:
    with pytest.raises(NotFound):
        _commit(store, tree, base="missing")


@pytest.mark.parametrize(
    "wrong",
    [{"name": "Not A Name"}, {"name": f"a@sha256:{'0' * 64}"}, {"changes": ["RUN x"]}, {"compression": "xz"}],
)
def test_what_is_wrong_is_refused_and_leaves_nothing(store: Store, tree: Path, wrong: dict[str, Any]) -> None:
    before = _left(store)
    with pytest.raises(InvalidInput):
        _commit(store, tree, **wrong)
    assert _left(store) == before


def test_a_name_that_no_layer_can_hold_fails_the_commit_and_leaves_nothing(store: Store, tree: Path) -> None:
    (tree / ".wh.x").write_text("")
    before = _left(store)
    with pytest.raises(InvalidInput, match="means a deletion"):
        _commit(store, tree)
    assert _left(store) == before


def test_what_ends_the_unpacking_is_what_is_told(store: Store, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More is written than the pipe holds, so that the writing end finds its reader gone."""
    (tree / "large").write_bytes(bytes(8 << 20))

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpacking, "apply", full)
    before = _left(store)
    with pytest.raises(EngineError, match="No space left") as caught:
        _commit(store, tree)
    assert caught.value.errno == errno.ENOSPC
    assert _left(store) == before


def test_progress_is_told_in_bytes(store: Store, tree: Path) -> None:
    events: list[dict[str, Any]] = []
    _commit(store, tree, say=events.append)
    assert events[-1] == {"step": "committing", "done": 3, "total": 3}


def _left(store: Store) -> list[list[str]]:
    folders = (store.layout.blobs.folder, store.layout.blobs.ingest, store.unpacked.folder)
    return [sorted(os.listdir(folder)) if os.path.exists(folder) else [] for folder in folders]

"""Writable layers are made, measured and removed; what kind they are is read from what was found out before."""

import json
import os
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.kernel import proc
from engine.sandbox import snapshot, storage
from engine.sandbox.snapshot import Snapshots
from engine.state.paths import Paths

ID = "0af1" * 16


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(f"{tmp_path}/root", f"{tmp_path}/run")
    os.makedirs(paths.root)
    os.makedirs(paths.run)
    return paths


@pytest.fixture
def lower(tmp_path: Path) -> str:
    (tmp_path / "lower/etc").mkdir(parents=True)
    (tmp_path / "lower/etc/hosts").write_text("hosts")
    return f"{tmp_path}/lower"


def _known(paths: Paths, kind: str, **other: object) -> Snapshots:
    """An engine that knows already what this host can do."""
    known = {
        "version": 1,
        "boot_id": proc.read_boot_id(),
        "root": paths.root,
        "device": os.stat(paths.root).st_dev,
        "kind": kind,
        "warnings": ["said before"],
        **other,
    }
    Path(paths.run, "storage.json").write_text(json.dumps(known))
    return Snapshots(paths)


def test_a_finding_is_remembered_with_its_warnings(paths: Paths) -> None:
    snapshots = _known(paths, storage.TMPFS)
    assert snapshots.kind == "overlay on tmpfs"
    assert snapshots.warnings == ("said before",)


@pytest.mark.parametrize("other", [{"boot_id": "another"}, {"root": "/elsewhere"}, {"device": 0}, {"version": 2}])
def test_a_finding_of_another_boot_or_place_is_found_out_again(
    paths: Paths, other: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "attempt", lambda _folder, on_tmpfs: None)
    assert _known(paths, storage.TMPFS, **other).kind == "overlay"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": 1}'])
def test_a_damaged_finding_is_found_out_again(paths: Paths, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "attempt", lambda _folder, on_tmpfs: None)
    Path(paths.run, "storage.json").write_text(text)
    assert Snapshots(paths).kind == "overlay"


def test_memory_is_taken_where_the_disk_cannot_hold_a_layer_and_it_is_said(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "attempt", lambda _folder, on_tmpfs: None if on_tmpfs else "Invalid argument")
    snapshots = Snapshots(paths)
    assert snapshots.kind == "overlay on tmpfs"
    (warning,) = snapshots.warnings
    assert "Invalid argument" in warning
    assert "lost at a reboot" in warning
    assert paths.root in warning


def test_copies_are_made_where_nothing_else_works_but_it_is_tried_again(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "attempt", lambda _folder, on_tmpfs: "No such device")
    assert Snapshots(paths).kind == "copy"
    assert "modprobe overlay" in Snapshots(paths).warnings[0]
    monkeypatch.setattr(storage, "attempt", lambda _folder, on_tmpfs: None)
    assert Snapshots(paths).kind == "overlay"


def test_a_layer_is_two_folders_that_only_the_container_shares(paths: Paths, lower: str) -> None:
    snapshots = _known(paths, storage.OVERLAY)
    snapshots.prepare(ID, [lower])
    root = snapshots.root(ID, [lower])
    assert root["kind"] == "overlay"
    assert root["lower"] == [lower]
    assert root["upper"] == snapshots.upper(ID) == f"{paths.container(ID)}/upper"
    assert os.stat(root["upper"]).st_mode & 0o777 == 0o755
    assert os.stat(root["work"]).st_mode & 0o777 == 0o700
    assert "metacopy=off" in root["options"]


def test_a_volatile_root_says_so(paths: Paths, lower: str) -> None:
    snapshots = _known(paths, storage.OVERLAY)
    snapshots.prepare(ID, [lower])
    assert "volatile" in snapshots.root(ID, [lower], volatile=True)["options"]
    assert "volatile" not in snapshots.root(ID, [lower])["options"]


def test_a_layer_that_a_reboot_took_is_made_anew(paths: Paths, lower: str) -> None:
    snapshots = _known(paths, storage.OVERLAY)
    root = snapshots.root(ID, [lower])
    assert os.path.isdir(root["upper"])
    assert os.path.isdir(root["work"])


def test_what_is_written_is_measured_and_removed(paths: Paths, lower: str) -> None:
    snapshots = _known(paths, storage.OVERLAY)
    snapshots.prepare(ID, [lower])
    Path(f"{snapshots.upper(ID)}/file").write_bytes(b"x" * 1234)
    assert snapshots.size(ID) == 1234
    assert [change.path for change in snapshots.changes(ID, [lower])] == ["/file"]
    snapshots.remove(ID)
    snapshots.remove(ID)
    assert snapshots.upper(ID) is None
    assert snapshots.size(ID) == 0
    assert snapshots.changes(ID, [lower]) == []
    assert os.listdir(paths.container(ID)) == []


def test_a_copied_root_is_whole_and_its_size_is_what_it_has_grown_by(paths: Paths, lower: str) -> None:
    snapshots = _known(paths, storage.COPY)
    snapshots.prepare(ID, [lower])
    root = snapshots.root(ID, [lower])
    assert (root["kind"], root["path"]) == ("directory", f"{paths.container(ID)}/rootfs")
    assert snapshots.upper(ID) is None
    assert snapshots.size(ID) == 0
    Path(root["path"], "etc/new").write_bytes(b"x" * 10)
    assert snapshots.size(ID) == 10
    assert [(change.kind, change.path) for change in snapshots.changes(ID, [lower])] == [
        ("C", "/etc"),
        ("A", "/etc/new"),
    ]
    snapshots.remove(ID)
    assert os.listdir(paths.container(ID)) == []


def test_a_copied_root_is_a_layer_of_its_own(paths: Paths, lower: str) -> None:
    snapshots = _known(paths, storage.COPY)
    snapshots.prepare(ID, [lower])
    Path(snapshots.root(ID, [lower])["path"], "etc/hosts").write_text("changed")
    assert Path(lower, "etc/hosts").read_text() == "hosts"


def test_a_copy_that_fails_leaves_nothing(paths: Paths, lower: str, tmp_path: Path) -> None:
    snapshots = _known(paths, storage.COPY)
    with pytest.raises(FileNotFoundError):
        snapshots.prepare(ID, [lower, f"{tmp_path}/missing"])
    assert os.listdir(paths.container(ID)) == []


def test_too_many_layers_are_refused_in_words(paths: Paths, lower: str) -> None:
    snapshots = _known(paths, storage.OVERLAY)
    with pytest.raises(EngineError, match="has 201 layers, and 200 are the most"):
        snapshots.prepare(ID, [lower] * (snapshot.LAYERS_MAX + 1))
    assert not os.path.exists(paths.container(ID))

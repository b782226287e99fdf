"""Volumes on disk: whole or not there, and never with the files of another one of that name."""

import os
from pathlib import Path

import pytest

from engine.errors import InvalidInput, NotFound
from engine.supervise.volumes import Volumes


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    (tmp_path / "volumes").mkdir()
    return Volumes(f"{tmp_path}/volumes")


def test_a_volume_is_found_again_with_its_labels_and_is_made_once(volumes: Volumes) -> None:
    assert volumes.create("data", {"team": "a"})
    assert not volumes.create("data", {"team": "b"})
    assert volumes.find("data").labels == {"team": "a"}
    assert [volume.name for volume in volumes.all()] == ["data"]


def test_its_folder_is_closed_to_others_and_its_files_are_not(volumes: Volumes) -> None:
    volumes.create("data")
    data = volumes.data("data")
    assert os.stat(data).st_mode & 0o777 == 0o755
    assert os.stat(os.path.dirname(data)).st_mode & 0o777 == 0o700


def test_it_is_gone_with_its_files_and_removing_it_again_is_no_error(volumes: Volumes, tmp_path: Path) -> None:
    volumes.create("data")
    (Path(volumes.data("data")) / "file").write_text("x" * 5000)
    assert volumes.remove("data") >= 5000
    assert volumes.remove("data") == 0
    assert os.listdir(tmp_path / "volumes") == []
    with pytest.raises(NotFound, match="no such volume: data"):
        volumes.find("data")


def test_half_a_removal_is_no_volume_and_leaves_nothing_to_the_next_of_its_name(volumes: Volumes) -> None:
    volumes.create("data")
    data = Path(volumes.data("data"))
    (data / "secret").write_text("of the old one")
    (data.parent / "volume.json").unlink()
    assert volumes.all() == []
    assert volumes.create("data")
    assert list(data.iterdir()) == []


def test_a_creation_that_fails_leaves_nothing(
    volumes: Volumes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.supervise.volumes.files.replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        volumes.create("data")
    assert os.listdir(tmp_path / "volumes") == []


def test_a_broken_record_is_passed_over(volumes: Volumes) -> None:
    volumes.create("good")
    volumes.create("bad")
    (Path(volumes.data("bad")).parent / "volume.json").write_text("{")
    assert [volume.name for volume in volumes.all()] == ["good"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "-x", "_x", "a\0", "é", "x" * 129, "a b", "a\n"])
def test_a_name_that_is_no_plain_word_is_refused(volumes: Volumes, name: str) -> None:
    with pytest.raises(InvalidInput, match="volume's name"):
        volumes.create(name)
    with pytest.raises(InvalidInput):
        volumes.find(name)

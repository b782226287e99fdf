"""Volumes on disk: names, records, and what half a removal leaves."""

from pathlib import Path

import pytest

from engine.errors import InvalidInput, NotFound
from engine.supervise.volumes import Volumes, check


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    (tmp_path / "volumes").mkdir()
    return Volumes(str(tmp_path / "volumes"))


def test_a_volume_is_made_once_and_found_again(volumes: Volumes) -> None:
    assert volumes.create("data", {"a": "1"}) is True
    assert volumes.create("data") is False
    found = volumes.find("data")
    assert (found.name, found.labels, found.anonymous) == ("data", {"a": "1"}, False)
    assert Path(found.path).stat().st_mode & 0o777 == 0o755
    assert Path(found.path).parent.stat().st_mode & 0o777 == 0o700
    assert [volume.name for volume in volumes.all()] == ["data"]


def test_removing_frees_the_name(volumes: Volumes) -> None:
    volumes.create("data")
    Path(volumes.data("data"), "f").write_text("x" * 10_000)
    assert volumes.is_small("data")
    assert volumes.remove("data") > 0
    assert "data" not in volumes
    with pytest.raises(NotFound):
        volumes.find("data")
    assert volumes.remove("data") == 0


def test_a_folder_without_a_sound_record_is_no_volume(volumes: Volumes, tmp_path: Path) -> None:
    assert volumes.all() == []
    volumes.create("whole")
    for name, record in {"half": None, "broken": "{", "foreign": "[]", "bad name": "{}"}.items():
        folder = tmp_path / "volumes" / name
        folder.mkdir()
        if record is not None:
            (folder / "volume.json").write_text(record)
    assert [volume.name for volume in volumes.all()] == ["whole"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "-a", "a\n", "a" * 129, "ä"])
def test_a_name_never_leads_elsewhere(name: str, volumes: Volumes) -> None:
    with pytest.raises(InvalidInput):
        check(name)
    with pytest.raises(InvalidInput):
        volumes.create(name)


def test_half_a_removal_leaves_nothing_to_the_next_of_its_name(volumes: Volumes) -> None:
    volumes.create("data")
    data = Path(volumes.data("data"))
    (data / "secret").write_text("of the old one")
    (data.parent / "volume.json").unlink()
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
    assert list((tmp_path / "volumes").iterdir()) == []

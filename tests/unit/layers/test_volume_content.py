"""What a new volume gets of an image: the directory that a program inside would find at the path."""

import os
from pathlib import Path

import pytest

from engine.layers import copying, merged

OPAQUE = "user.overlay.opaque"


@pytest.fixture
def layers(tmp_path: Path) -> list[str]:
    """Two layers, the upper one first."""
    folders = [tmp_path / "upper", tmp_path / "lower"]
    for folder in folders:
        (folder / "data").mkdir(parents=True)
    (folders[1] / "data" / "old").write_text("lower")
    (folders[1] / "data" / "both").write_text("lower")
    (folders[0] / "data" / "both").write_text("upper")
    return [str(folder) for folder in folders]


def seen(layers: list[str], path: str) -> str | None:
    found = merged.resolve(layers, path)
    return None if found is None else os.path.relpath(found.path, os.path.dirname(layers[0]))


def test_a_path_is_found_in_the_uppermost_layer_that_has_it(layers: list[str]) -> None:
    assert seen(layers, "/data/both") == "upper/data/both"
    assert seen(layers, "data//./old/") == "lower/data/old"
    assert seen(layers, "/") == "upper"
    assert seen(layers, "/data/none") is None


@pytest.mark.parametrize(
    ("link", "target"),
    [("a", "/data"), ("b", "data"), ("c", "../../../data"), ("data/self", "."), ("data/round", "/data/./up/data")],
)
def test_links_are_followed_as_a_program_inside_would(layers: list[str], link: str, target: str) -> None:
    os.symlink("..", f"{layers[1]}/data/up")
    os.symlink(target, f"{layers[1]}/{link}")
    assert seen(layers, f"/{link}/both") == "upper/data/both"


def test_no_link_leads_out_of_the_image(layers: list[str], tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    os.symlink(str(tmp_path / "outside"), f"{layers[0]}/absolute")
    os.symlink("../outside", f"{layers[0]}/upwards")
    assert seen(layers, "/absolute") is None
    assert seen(layers, "/upwards") is None
    assert seen(layers, "/../../outside") is None


def test_links_that_go_round_lead_nowhere(layers: list[str]) -> None:
    os.symlink("two", f"{layers[0]}/one")
    os.symlink("one", f"{layers[0]}/two")
    os.symlink("deep/x", f"{layers[0]}/deep")
    assert seen(layers, "/one") is None
    assert seen(layers, "/deep") is None


def test_a_file_is_no_directory_to_go_through(layers: list[str]) -> None:
    assert seen(layers, "/data/both/more") is None


def test_a_directory_is_copied_as_all_layers_show_it_with_its_permissions(layers: list[str], tmp_path: Path) -> None:
    os.chmod(f"{layers[0]}/data", 0o2750)
    target = tmp_path / "volume"
    assert copying.copy_directory(layers, "/data", str(target))
    assert {entry.name: entry.read_text() for entry in target.iterdir()} == {"old": "lower", "both": "upper"}
    assert target.stat().st_mode & 0o7777 == 0o2750


def test_what_is_no_directory_makes_nothing(layers: list[str], tmp_path: Path) -> None:
    for path in ("/data/both", "/none"):
        assert not copying.copy_directory(layers, path, str(tmp_path / "volume"))
    assert not (tmp_path / "volume").exists()


def test_an_opaque_directory_hides_what_is_below(layers: list[str]) -> None:
    try:
        os.setxattr(f"{layers[0]}/data", OPAQUE, b"y")
    except OSError:
        pytest.skip("needs extended attributes of users")
    assert seen(layers, "/data/old") is None

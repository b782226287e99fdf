"""A path in a volume: containers write to the volume, so that what lies at the path may be a trap."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from support.box import Box

from engine import errors

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]

IDS = [{"containerID": 0, "hostID": 0x7000_0000, "size": 65536}]
TARGET = "/data"


@pytest.fixture(params=["", "idmap"])
def shown(request: pytest.FixtureRequest, box: Box, tmp_path: Path) -> Box:
    """A box with a path of a volume at /data, without and with a user namespace."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("of the host")
    (tmp_path / "volume" / "inner").mkdir(parents=True)
    (tmp_path / "volume" / "inner" / "file").write_text("of the volume")
    mount = {"destination": TARGET, "source": f"{tmp_path}/volume", "options": ["bind", *filter(None, [request.param])]}

    def change(spec: dict[str, Any]) -> None:
        spec["mounts"].append(mount)
        if request.param:
            spec["linux"]["namespaces"].append({"type": "user"})
            spec["linux"] |= {"uidMappings": IDS, "gidMappings": IDS, "sysctl": {}}

    box.change = change
    box.root["idmap"] = bool(request.param)
    return box


def at(box: Box, path: str) -> Box:
    box.root["beneath"] = {TARGET: path}
    return box


def refusal(box: Box) -> errors.EngineError:
    """By the parent where it hands the mount over, else by the child."""
    try:
        outcome = box.run("cat /data/secret")
    except errors.EngineError as err:
        return err
    assert outcome.error is not None
    assert outcome.out == ""
    return outcome.error


def test_a_directory_in_a_volume_is_all_that_is_seen_of_it(shown: Box) -> None:
    assert at(shown, "inner").run("ls /data; cat /data/file").out == "file\nof the volume"


def test_a_link_in_a_volume_leads_nowhere_but_into_the_volume(shown: Box, tmp_path: Path) -> None:
    for name, target in (("absolute", f"{tmp_path}/outside"), ("upwards", "../outside"), ("process", "/proc/1/root")):
        os.symlink(target, tmp_path / "volume" / name)
        assert refusal(at(shown, name)).errno in (errno.ENOENT, errno.ELOOP)


def test_a_link_that_stays_in_the_volume_is_followed_there(shown: Box, tmp_path: Path) -> None:
    os.symlink("/inner", tmp_path / "volume" / "alias")
    assert at(shown, "alias").run("cat /data/file").out == "of the volume"


def test_a_path_that_is_not_there_is_not_made(shown: Box, tmp_path: Path) -> None:
    shown.root["make_sources"] = True
    assert refusal(at(shown, "missing/one")).errno == errno.ENOENT
    assert os.listdir(tmp_path / "volume") == ["inner"]

"""`config.json` of a bundle, which is a stranger's."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.runtime import bundle, template


@pytest.fixture
def spec() -> dict[str, Any]:
    return copy.deepcopy(template.spec())


def write(folder: Path, spec: Any) -> str:
    (folder / "rootfs").mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(spec))
    return str(folder)


def test_a_bundle_that_spec_wrote_is_taken(tmp_path: Path, spec: dict[str, Any]) -> None:
    found = bundle.load(write(tmp_path, spec))
    assert found.spec == spec
    assert (found.path, found.rootfs) == (str(tmp_path.resolve()), f"{tmp_path.resolve()}/rootfs")


def test_the_root_is_found_through_links(tmp_path: Path, spec: dict[str, Any]) -> None:
    folder = write(tmp_path, spec | {"root": {"path": "link"}})
    (tmp_path / "link").symlink_to("rootfs")
    assert bundle.load(folder).rootfs == f"{tmp_path.resolve()}/rootfs"


def test_the_config_may_have_another_name(tmp_path: Path, spec: dict[str, Any]) -> None:
    write(tmp_path, spec)
    (tmp_path / "config.json").rename(tmp_path / "other.json")
    assert bundle.load(str(tmp_path), "other.json").spec == spec


def test_a_folder_without_a_config_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"JSON specification file .*config\.json not found") as caught:
        bundle.load(str(tmp_path))
    assert "spec" in caught.value.hint


def test_a_root_that_is_not_there_is_told(tmp_path: Path, spec: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"invalid rootfs: .*/nowhere is not a directory"):
        bundle.load(write(tmp_path, spec | {"root": {"path": "nowhere"}}))


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 100_000])
def test_what_is_not_json_is_refused_however_deep_it_is(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="is not JSON"):
        bundle.parse(data, "config.json")


@pytest.mark.parametrize("data", [b"[]", b"1", b'"text"', b"null"])
def test_json_that_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="is not a JSON object"):
        bundle.parse(data, "config.json")


def test_a_config_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with path.open("wb") as file:
        file.truncate(bundle.CONFIG_MAX + 1)
    with pytest.raises(InvalidInput, match="larger than"):
        bundle.read(str(path))


def test_a_folder_in_place_of_the_config_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot read"):
        bundle.read(str(tmp_path))


@pytest.mark.parametrize("version", ["1.0.0", "1.0.2-dev", "1.2.1", "1.1.0-rc.1+build"])
def test_every_version_one_is_taken(spec: dict[str, Any], version: str) -> None:
    bundle.check(spec | {"ociVersion": version})


@pytest.mark.parametrize("version", ["", "2.0.0", "1", "1.2", "v1.2.1", "1.0.0 ", 1, None])
def test_other_versions_are_refused(spec: dict[str, Any], version: Any) -> None:
    with pytest.raises(InvalidInput, match="ociVersion"):
        bundle.check(spec | {"ociVersion": version})


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"process": None}, "process property must not be empty"),
        ({"process": []}, "process"),
        ({"root": None}, "root must be specified"),
        ({"root": {"path": ""}}, "root must be specified"),
        ({"linux": None}, "linux must be specified"),
        ({"linux": "yes"}, "linux"),
        ({"mounts": {}}, "mounts"),
        ({"mounts": [{"type": "proc"}]}, "no destination"),
        ({"mounts": [{"destination": "/a", "options": "ro"}]}, "options"),
        ({"annotations": {"a": 1}}, "annotations"),
        ({"annotations": {"a": "b\0c"}}, "annotations"),
    ],
)
def test_a_broken_part_is_named(spec: dict[str, Any], part: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        bundle.check(spec | part)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"intelRdt": {"closID": "a"}}, "intelRdt is not supported"),
        ({"maskedPaths": [1]}, "maskedPaths"),
        ({"readonlyPaths": "/proc"}, "readonlyPaths"),
        ({"sysctl": {"kernel.msgmax": 1}}, "sysctl"),
        ({"resources": []}, "resources"),
        ({"devices": ["/dev/null"]}, "devices"),
        ({"cgroupsPath": 5}, "cgroupsPath"),
    ],
)
def test_a_broken_part_of_linux_is_named(spec: dict[str, Any], part: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        bundle.check(spec | {"linux": spec["linux"] | part})


def test_a_host_name_needs_a_namespace_for_it(spec: dict[str, Any]) -> None:
    kept = [entry for entry in spec["linux"]["namespaces"] if entry["type"] != "uts"]
    with pytest.raises(InvalidInput, match="unable to set hostname without a private UTS namespace"):
        bundle.check(spec | {"linux": spec["linux"] | {"namespaces": kept}})

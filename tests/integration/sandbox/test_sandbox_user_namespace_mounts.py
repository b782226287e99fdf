"""The root of a container in a user namespace of its own: layers, volumes and devices keep their owners on disk."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.box import Box

from engine import errors
from engine.sandbox import storage

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces", "overlay")]

IDS = [{"containerID": 0, "hostID": 0x7000_0000, "size": 65536}]


def isolated(box: Box, *mounts: dict[str, Any], **linux: Any) -> Box:
    """The box whose containers have a user namespace and an idmapped root."""

    def change(spec: dict[str, Any]) -> None:
        spec["linux"]["namespaces"].append({"type": "user"})
        spec["linux"] |= {"uidMappings": IDS, "gidMappings": IDS, "sysctl": {}} | linux
        spec["mounts"] += mounts

    box.change = change
    box.root["idmap"] = True
    return box


def bind(source: object, *options: str, **more: Any) -> dict[str, Any]:
    return {"destination": "/data", "source": str(source), "options": ["rbind", *options], **more}


@pytest.fixture(params=["layered", "box"])
def both(request: pytest.FixtureRequest) -> Box:
    """A root of layers, and one that is a directory."""
    made: Box = request.getfixturevalue(request.param)
    return made


def test_root_inside_is_nobody_of_the_host_and_owns_the_image(both: Box) -> None:
    outcome = isolated(both).run("cat /proc/self/uid_map; ls -ldn / /etc/passwd /proc /dev")
    assert outcome.error is None
    assert outcome.out.split()[:3] == ["0", str(0x7000_0000), "65536"]
    assert {tuple(line.split()[2:4]) for line in outcome.out.splitlines()[1:3]} == {("0", "0")}


def test_what_is_written_has_the_containers_ids_on_disk(layered: Box, tmp_path: Path) -> None:
    script = "echo new > /etc/new && echo x >> /etc/group && touch /tmp/x && ls -n /etc/new"
    assert isolated(layered).run(script).out.split()[2:4] == ["0", "0"]
    for name in ("etc/new", "etc/group", "tmp/x"):
        found = os.stat(tmp_path / "upper" / name)
        assert (found.st_uid, found.st_gid) == (0, 0)


def test_a_user_of_the_container_is_the_same_on_disk(layered: Box, tmp_path: Path) -> None:
    assert isolated(layered).run("touch /tmp/mine 2>&1 || touch /home/bob/mine; id -u", user="bob").error is None
    os.chmod(tmp_path / "upper", 0o755)


def test_many_layers_are_mounted(layered: Box, tmp_path: Path, handmade: str) -> None:
    lowers = []
    for number in range(60):
        folder = tmp_path / f"layer{number}"
        folder.mkdir()
        (folder / f"file{number}").write_text("")
        lowers.append(str(folder))
    layered.root["lower"] = [*lowers, handmade]
    assert len([name for name in isolated(layered).run("ls /").out.split() if name.startswith("file")]) == 60


def test_the_engines_own_options_of_an_overlay_are_taken(layered: Box) -> None:
    layered.root["options"] = [*storage.OPTIONS, "volatile"]
    assert isolated(layered).run("true").error is None


def test_nobody_else_may_walk_to_the_layers_on_the_host(layered: Box, tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o700)
    assert isolated(layered).run("true").error is None


def test_the_standard_devices_are_the_hosts(both: Box) -> None:
    script = "echo lost > /dev/null && cat /dev/null && test -c /dev/tty && echo x > /dev/full || echo full"
    assert isolated(both).run(script).out == "full\n"


def test_a_terminal_works(both: Box) -> None:
    outcome = isolated(both).run("tty; stty size", tty=True)
    assert outcome.out.split() == ["/dev/pts/0", "33", "99"]


def test_masks_hold(both: Box) -> None:
    outcome = isolated(both).run(
        "cat /proc/keys /proc/timer_list; ls -A /sys/firmware; echo x > /proc/sys/kernel/hostname"
    )
    assert outcome.out == ""
    assert "Read-only file system" in outcome.err


def test_a_volume_shows_the_ids_on_disk_where_it_is_mapped(both: Box, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/file").write_text("")
    os.chown(tmp_path / "shared/file", 7, 8)
    box = isolated(both, bind(tmp_path / "shared", "idmap"))
    assert box.run("touch /data/new && ls -n /data/file").out.split()[2:4] == ["7", "8"]
    assert os.stat(tmp_path / "shared/new").st_uid == 0


def test_a_volume_that_is_not_mapped_belongs_to_nobody(both: Box, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    outcome = isolated(both, bind(tmp_path / "shared")).run("ls -ldn /data; touch /data/x")
    assert outcome.out.split()[2:4] == ["65534", "65534"]
    assert "Permission denied" in outcome.err


def test_ridmap_maps_what_is_mounted_below(both: Box, tmp_path: Path) -> None:
    below = tmp_path / "shared/below"
    below.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "uid=9,mode=755", "none", below], check=True)
    try:
        mount = bind(tmp_path / "shared", "ridmap")
        assert isolated(both, mount).run("ls -ldn /data/below").out.split()[2] == "9"
        mount = bind(tmp_path / "shared", "idmap")
        assert isolated(both, mount).run("ls -ldn /data/below").out.split()[2] == "65534"
    finally:
        subprocess.run(["umount", below], check=True)


@pytest.mark.parametrize("words", [["rw"], ["exec"], ["strictatime"]])
def test_what_the_host_has_forbidden_cannot_be_lifted(both: Box, tmp_path: Path, words: list[str]) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    try:
        subprocess.run(["mount", "--bind", "-o", "remount,ro,noexec,noatime", folder], check=True)
        error = isolated(both, bind(folder, *words)).run("true").error
        assert isinstance(error, errors.EngineError)
        assert "not permitted" in error.message
        assert isolated(both, bind(folder, "nosuid")).run("true").error is None
    finally:
        subprocess.run(["umount", folder], check=True)


def test_parameters_of_its_namespaces_can_be_set(both: Box) -> None:
    outcome = isolated(both, sysctl={"net.ipv4.ip_forward": "1"}).run("cat", "/proc/sys/net/ipv4/ip_forward")
    assert outcome.out == "1\n"


@pytest.mark.parametrize("order", [lambda box: box, isolated])
def test_the_root_can_be_read_only(both: Box, order: Callable[[Box], Box]) -> None:
    outcome = order(both).run("touch /x; touch /scratch/x && ls /scratch", read_only=True, tmpfs={"/scratch": ""})
    assert "Read-only file system" in outcome.err
    assert outcome.out == "x\n"

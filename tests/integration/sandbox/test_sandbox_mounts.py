"""Mounts as a runtime-spec asks for them, against the kernel."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.box import Box

from engine import errors

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]

IDS = [{"containerID": 0, "hostID": 0x7000_0000, "size": 65536}]


def with_mounts(box: Box, *mounts: dict[str, Any], **linux: Any) -> Box:
    """The box whose containers have these mounts after their own."""

    def change(spec: dict[str, Any]) -> None:
        spec["mounts"] += mounts
        spec["linux"].update(linux)
        spec["process"]["noNewPrivileges"] = False

    box.change = change
    return box


def bind(source: object, target: str = "/data", *options: str, **more: Any) -> dict[str, Any]:
    return {"destination": target, "source": str(source), "options": ["bind", *options], **more}


def flags(box: Box, target: str = "/data") -> set[str]:
    lines = [line.split() for line in box.run("cat", "/proc/self/mounts").out.splitlines()]
    return set([line[3] for line in lines if line[1] == target][-1].split(","))


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs with another one mounted in it."""
    folder = tmp_path / "volume"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", folder], check=True)
    (folder / "below").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", folder / "below"], check=True)
    yield folder
    subprocess.run(["umount", "-R", folder], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "--bind", "-o", f"remount,{options}", folder], check=True)


def test_a_bind_without_flags_has_those_of_its_source(box: Box, volume: Path) -> None:
    remount(volume, "ro,noexec,nodiratime")
    assert {"ro", "noexec", "nodiratime"} <= flags(with_mounts(box, bind(volume)))


def test_a_bind_with_a_flag_has_the_named_ones_alone(box: Box, volume: Path) -> None:
    remount(volume, "ro,noexec,noatime")
    found = flags(with_mounts(box, bind(volume, "/data", "nosuid", "dev")))
    assert {"rw", "nosuid", "noatime"} <= found
    assert not {"ro", "noexec"} & found


def test_access_times_are_set_as_one_of_three(box: Box, volume: Path) -> None:
    remount(volume, "noatime")
    assert "relatime" in flags(with_mounts(box, bind(volume, "/data", "relatime")))
    found = flags(with_mounts(box, bind(volume, "/data", "strictatime", "nodiratime")))
    assert "nodiratime" in found
    assert not {"noatime", "relatime"} & found


def test_read_only_reaches_below_only_where_it_is_recursive(box: Box, volume: Path) -> None:
    script = "touch /data/x; touch /data/below/x && echo written"
    mount = {"destination": "/data", "source": str(volume), "options": ["rbind", "ro"]}
    outcome = with_mounts(box, mount).run(script)
    assert (outcome.err.count("Read-only"), outcome.out) == (1, "written\n")
    outcome = with_mounts(box, mount | {"options": ["rbind", "rro"]}).run(script)
    assert (outcome.err.count("Read-only"), outcome.out) == (2, "")


def test_a_bind_that_is_not_recursive_leaves_out_what_is_mounted_below(box: Box, volume: Path) -> None:
    (volume / "below/file").write_text("")
    assert with_mounts(box, bind(volume)).run("ls", "/data/below").out == ""
    mount = {"destination": "/data", "source": str(volume), "options": ["rbind"]}
    assert with_mounts(box, mount).run("ls", "/data/below").out == "file\n"


def test_links_are_not_followed_on_a_mount_that_forbids_it(box: Box, volume: Path) -> None:
    os.symlink("/etc/passwd", volume / "link")
    assert "Too many levels" in with_mounts(box, bind(volume, "/data", "nosymfollow")).run("cat", "/data/link").err


def test_a_relative_source_begins_at_the_bundle(box: Box, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/file").write_text("")
    box.root["bundle"] = str(tmp_path)
    assert with_mounts(box, bind("src", "deep/data")).run("ls", "/deep/data").out == "file\n"


def test_a_source_in_the_root_has_the_mounts_that_came_before(box: Box, own_root: str, volume: Path) -> None:
    (volume / "file").write_text("")
    mounts = bind(volume, "/a/b"), {"destination": f"{own_root}/c", "source": f"{own_root}/a", "options": ["rbind"]}
    assert with_mounts(box, *mounts).run("ls", "/c/b").out.split() == ["below", "file"]


def test_a_missing_source_is_an_error_for_a_runtime(box: Box, tmp_path: Path) -> None:
    box.root["make_sources"] = False
    mount = {"destination": "/data", "source": str(tmp_path / "none"), "options": ["rbind"]}
    error = with_mounts(box, mount).run("true").error
    assert isinstance(error, errors.SetupFailed)
    assert "/data" in error.message
    assert not (tmp_path / "none").exists()


def test_a_tmpfs_has_the_permissions_of_what_it_covers(box: Box, own_root: str) -> None:
    os.mkdir(f"{own_root}/covered")
    os.chmod(f"{own_root}/covered", 0o1710)
    script = "ls -ld /covered /own /new"
    found = with_mounts(
        box,
        {"destination": "/covered", "type": "tmpfs", "source": "tmpfs"},
        {"destination": "/new", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m"]},
        {"destination": "/own", "type": "tmpfs", "source": "tmpfs", "options": ["mode=500"]},
    ).run(script)
    modes = {line.split()[-1]: line[:10] for line in found.out.splitlines()}
    assert modes == {"/covered": "drwx--x--T", "/new": "drwxrwxrwt", "/own": "dr-x------"}


def test_a_tmpfs_can_begin_with_what_it_covers(box: Box, own_root: str) -> None:
    os.makedirs(f"{own_root}/var/deep")
    Path(own_root, "var/deep/file").write_text("content\n")
    os.chown(f"{own_root}/var/deep/file", 1000, 1000)
    os.chmod(f"{own_root}/var/deep/file", 0o4750)
    os.symlink("deep/file", f"{own_root}/var/link")
    mount = {"destination": "/var", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "ro"]}
    outcome = with_mounts(box, mount).run("cat /var/link; ls -ln /var/deep/file; touch /var/x")
    content, listed = outcome.out.splitlines()
    assert content == "content"
    assert listed.split()[:4] == ["-rwsr-x---", "1", "1000", "1000"]
    assert "Read-only file system" in outcome.err
    assert not os.path.exists(f"{own_root}/var/x")


def test_a_read_only_dev_has_its_devices(box: Box) -> None:
    mount = {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["ro", "mode=755"]}
    box.change = lambda spec: spec.update(mounts=[spec["mounts"][0], mount])
    outcome = box.run("echo lost > /dev/null && touch /dev/x")
    assert "Read-only file system" in outcome.err


@pytest.mark.parametrize("kind", ["made-up", "none", ""])
def test_an_unknown_file_system_is_for_the_kernel_to_refuse(box: Box, kind: str) -> None:
    error = with_mounts(box, {"destination": "/data", "type": kind, "source": "x"}).run("true").error
    assert error is not None
    assert "/data" in error.message


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/proc", "is not of type proc"),
        ("/proc/sys", "is inside /proc"),
        ("/proc/1/../tty", "is inside /proc"),
        ("/hidden/sys", "is inside /proc"),
        ("/", "top of rootfs"),
    ],
)
def test_nothing_is_mounted_over_what_a_container_stands_on(box: Box, own_root: str, target: str, words: str) -> None:
    os.symlink("/proc", f"{own_root}/hidden")
    error = with_mounts(box, {"destination": target, "type": "tmpfs", "source": "tmpfs"}).run("true").error
    assert isinstance(error, errors.InvalidInput)
    assert words in error.message


def test_what_lxcfs_provides_may_lie_in_proc(box: Box, tmp_path: Path) -> None:
    (tmp_path / "uptime").write_text("1 1\n")
    assert with_mounts(box, bind(tmp_path / "uptime", "/proc/uptime")).run("cat", "/proc/uptime").out == "1 1\n"


def test_the_hosts_proc_may_be_bound_on_proc(box: Box) -> None:
    assert with_mounts(box, bind("/proc", "/proc")).run("true").error is None


def test_a_link_can_itself_be_bound_and_copied(box: Box, own_root: str, tmp_path: Path) -> None:
    os.symlink("/from/host", tmp_path / "link")
    os.symlink("/of/image", f"{own_root}/link")
    copied = with_mounts(box, bind(tmp_path / "link", "/new/link", "copy-symlink")).run("ls -l /new/link")
    assert copied.out.rstrip().endswith("-> /from/host")
    covered = bind(tmp_path / "link", "/link", "src-nofollow", "dest-nofollow")
    assert with_mounts(box, covered).run("ls -l /link").out.rstrip().endswith("-> /from/host")


def test_devices_are_made_with_their_own_owners_and_permissions(box: Box) -> None:
    devices = [
        {"path": "/dev/made", "type": "c", "major": 1, "minor": 5, "fileMode": 0o640, "uid": 7, "gid": 8},
        {"path": "/else/where", "type": "b", "major": 7, "minor": 99},
        {"path": "/dev/fifo", "type": "p"},
    ]
    lines = with_mounts(box, devices=devices).run("ls -ln /dev/made /else/where /dev/fifo").out.splitlines()
    found = {line.split()[-1]: line.split()[:-1] for line in lines}
    assert found["/dev/made"][0] == "crw-r-----"
    assert found["/dev/made"][2:6] == ["7", "8", "1,", "5"]
    assert found["/else/where"][0] == "brw-rw-rw-"
    assert found["/dev/fifo"][0] == "prw-rw-rw-"


def test_a_device_that_another_file_stands_for_is_an_error(box: Box, own_root: str) -> None:
    Path(own_root, "node").write_text("")
    error = with_mounts(box, devices=[{"path": "/node", "type": "c", "major": 1, "minor": 3}]).run("true").error
    assert error is not None
    assert "another file in its place" in error.message


def test_masked_directories_share_one_empty_one(box: Box, own_root: str) -> None:
    for name in ("one", "two"):
        Path(own_root, name).mkdir()
        Path(own_root, name, "secret").write_text("")
    outcome = with_mounts(box, maskedPaths=["/one", "/two", "/none"]).run(
        "ls -A /one /two; touch /two/x; ls -di /one /two"
    )
    assert "secret" not in outcome.out
    assert "Read-only file system" in outcome.err


def test_a_mask_does_not_trust_a_null_of_the_image(box: Box, own_root: str) -> None:
    Path(own_root, "secret").write_text("secret\n")
    Path(own_root, "dev").mkdir()
    Path(own_root, "dev/null").write_text("of the image\n")

    def change(spec: dict[str, Any]) -> None:
        spec["mounts"] = [mount for mount in spec["mounts"] if not mount["destination"].startswith("/dev")]
        spec["linux"]["maskedPaths"] = ["/secret"]

    box.change = change
    outcome = box.run("cat /secret && echo x > /secret && cat /dev/null")
    assert outcome.out == "of the image\n"


@pytest.mark.parametrize("word", ["shared", "slave", "unbindable"])
def test_the_root_has_the_propagation_that_is_asked_for(box: Box, word: str) -> None:
    line = with_mounts(box, rootfsPropagation=word).run("cat", "/proc/self/mountinfo").out.splitlines()[0]
    expected = {"shared": "shared:", "slave": "- ", "unbindable": "unbindable"}
    assert expected[word] in line


def test_mounts_of_a_shared_root_are_not_seen_on_the_host(box: Box, volume: Path) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    shared = {"destination": "/data", "source": str(volume), "options": ["rbind", "rshared"]}
    assert with_mounts(box, shared, rootfsPropagation="rshared").run("true").error is None
    assert Path("/proc/self/mountinfo").read_text() == before


def test_a_parameter_that_the_kernel_does_not_have_is_an_error(box: Box) -> None:
    error = with_mounts(box, sysctl={"net.ipv4.made_up": "1"}).run("true").error
    assert error is not None
    assert "net.ipv4.made_up" in error.message


def test_a_parameter_is_set_in_the_containers_namespace_alone(box: Box) -> None:
    before = Path("/proc/sys/kernel/msgmax").read_text()
    assert with_mounts(box, sysctl={"kernel.msgmax": "4242"}).run("cat", "/proc/sys/kernel/msgmax").out == "4242\n"
    assert Path("/proc/sys/kernel/msgmax").read_text() == before


def test_a_mount_shows_owners_by_its_own_mapping(box: Box, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ids = [{"containerID": 0, "hostID": 5, "size": 1}]
    mount = bind(tmp_path, uidMappings=ids, gidMappings=ids)
    outcome = with_mounts(box, mount).run("ls -ln /data/file")
    assert outcome.error is None
    assert outcome.out.split()[2:4] == ["5", "5"]


def test_a_root_that_is_moved_instead_of_pivoted_has_no_proc_of_the_host_behind_it(box: Box) -> None:
    order = box.order
    box.order = lambda options: order(options)._replace(pivot=False)  # type: ignore[method-assign]
    outcome = box.run("ls / && cat /proc/self/mounts")
    assert outcome.error is None
    assert "passwd" not in outcome.out.split("\n\n")[0]
    assert len([line for line in outcome.out.splitlines() if " proc " in line and " /proc " in line]) == 1


def test_a_file_behind_a_link_that_leads_nowhere_is_made_inside(box: Box, own_root: str, tmp_path: Path) -> None:
    os.symlink("/tmp/deep", f"{own_root}/jump")
    os.symlink("/jump/new/hosts", f"{own_root}/etc/hosts")
    (tmp_path / "hosts").write_text("bound\n")
    outcome = with_mounts(box, bind(tmp_path / "hosts", "/etc/hosts")).run("cat", "/tmp/deep/new/hosts")
    assert outcome.out == "bound\n"
    assert not os.path.lexists("/tmp/deep")


def test_files_behind_a_circle_of_links_are_an_error(box: Box, own_root: str, tmp_path: Path) -> None:
    os.symlink("b", f"{own_root}/a")
    os.symlink("a", f"{own_root}/b")
    (tmp_path / "file").write_text("")
    assert with_mounts(box, bind(tmp_path / "file", "/a")).run("true").error is not None

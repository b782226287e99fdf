"""The root of a container: what is hidden, what cannot be written to, and what a hostile image cannot reach."""

import os
from pathlib import Path

import pytest
from support.box import Box

from engine import errors
from engine.model import Bind

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]


def test_what_tells_of_the_host_is_masked(box: Box) -> None:
    outcome = box.run("cat /proc/keys /proc/timer_list /proc/interrupts; ls -A /proc/acpi /sys/firmware 2>/dev/null")
    assert not [line for line in outcome.out.splitlines() if line and not line.endswith(":")]


def test_kernel_parameters_cannot_be_written_to(box: Box) -> None:
    outcome = box.run(
        "echo evil > /proc/sys/kernel/hostname; echo 1 > /proc/sys/vm/drop_caches; cat /proc/sys/kernel/hostname"
    )
    assert outcome.out == "box\n"
    assert outcome.err.count("Read-only file system") == 2


def test_sys_is_read_only(box: Box) -> None:
    outcome = box.run("touch /sys/x 2>&1 || touch /sys/kernel/x")
    assert "Read-only file system" in outcome.out


def test_users_other_than_root_may_listen_on_low_ports(box: Box) -> None:
    assert box.run("cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start").out == "0\n"


def test_the_standard_devices_work(box: Box) -> None:
    script = "echo lost > /dev/null && cat /dev/null && test -c /dev/tty && echo x > /dev/full || echo full"
    assert box.run(script).out == "full\n"
    assert box.run("test -e /dev/fd/1 && echo out > /dev/stdout && echo err > /dev/stderr").out == "out\n"


def test_a_user_can_open_its_own_streams_again(box: Box) -> None:
    outcome = box.run("echo out > /dev/stdout; echo err > /dev/stderr", user="bob")
    assert (outcome.out, outcome.err) == ("out\n", "err\n")


def test_a_read_only_root_can_be_read_and_what_is_mounted_in_it_written_to(box: Box) -> None:
    outcome = box.run("touch /x; touch /scratch/x && ls /scratch", read_only=True, tmpfs={"/scratch": "size=1m"})
    assert "Read-only file system" in outcome.err
    assert outcome.out == "x\n"


def test_a_tmpfs_has_its_size_and_runs_no_programs_unless_asked(box: Box) -> None:
    lines = box.run("cat", "/proc/mounts", tmpfs={"/a": "size=1m", "/b": "exec"}).out.splitlines()
    flags = {line.split()[1]: line.split()[3].split(",") for line in lines}
    assert {"size=1024k", "noexec", "nosuid", "nodev"} <= set(flags["/a"])
    assert "noexec" not in flags["/b"]


def test_a_bound_directory_is_the_hosts(box: Box, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    bind = Bind(source=str(tmp_path / "shared"), target="/made/here")
    assert box.run("echo hello > /made/here/file && cat /made/here/file", binds=(bind,)).out == "hello\n"
    assert (tmp_path / "shared/file").read_text() == "hello\n"


def test_a_missing_source_is_made(box: Box, tmp_path: Path) -> None:
    bind = Bind(source=str(tmp_path / "new/one"), target="/data")
    assert box.run("touch", "/data/x", binds=(bind,)).code == 0
    assert (tmp_path / "new/one/x").exists()


def test_a_bound_file_lies_over_the_images(box: Box, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n")
    bind = Bind(source=str(tmp_path / "hosts"), target="/etc/hosts")
    assert box.run("cat", "/etc/hosts", binds=(bind,)).out == "127.0.0.1 localhost\n"


def test_a_read_only_bind_cannot_be_written_to_below_either(box: Box, tmp_path: Path) -> None:
    (tmp_path / "shared/deeper").mkdir(parents=True)
    bind = Bind(source=str(tmp_path / "shared"), target="/data", read_only=True)
    outcome = box.run("touch /data/x; touch /data/deeper/x; mount -o remount,bind,rw /data", binds=(bind,))
    assert outcome.err.count("Read-only file system") == 2
    assert outcome.code != 0


def test_a_link_of_the_image_cannot_move_a_mount_onto_the_host(box: Box, own_root: str, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    os.symlink(f"../../../../../..{tmp_path}/precious", f"{own_root}/up")
    os.symlink(f"{tmp_path}/precious", f"{own_root}/absolute")
    bind = Bind(source=str(tmp_path / "shared"), target="/up/x")
    other = Bind(source=str(tmp_path / "shared"), target="/absolute/y")
    assert box.run("true", binds=(bind, other)).code == 0
    assert not os.listdir(tmp_path / "precious")
    assert os.path.isdir(f"{own_root}{tmp_path}/precious/x")


def test_a_dangling_link_of_the_image_is_followed_inside(box: Box, own_root: str, tmp_path: Path) -> None:
    os.mkdir(f"{own_root}/var")
    os.symlink("/run", f"{own_root}/var/run")
    bind = Bind(source=str(tmp_path / "shared"), target="/var/run/app")
    assert box.run("ls -d /run/app", binds=(bind,)).out == "/run/app\n"


def test_a_circle_of_links_is_an_error_in_words(box: Box, own_root: str, tmp_path: Path) -> None:
    os.symlink("b", f"{own_root}/a")
    os.symlink("a", f"{own_root}/b")
    outcome = box.run("true", binds=(Bind(source=str(tmp_path / "shared"), target="/a/x"),))
    assert isinstance(outcome.error, errors.SetupFailed)
    assert "/a/x" in outcome.error.message


@pytest.mark.parametrize("name", ["proc", "sys"])
def test_an_image_that_moves_a_kernel_file_system_by_a_link_is_refused(box: Box, own_root: str, name: str) -> None:
    os.symlink("/tmp", f"{own_root}/{name}")
    outcome = box.run("true")
    assert outcome.code == 125
    assert outcome.error is not None
    assert f"/{name}" in outcome.error.message
    assert "symbolic link" in outcome.error.hint


def test_an_image_with_a_file_where_a_directory_must_be_is_refused(box: Box, own_root: str) -> None:
    Path(own_root, "dev").write_text("")
    error = box.run("true").error
    assert error is not None
    assert error.hint == "the image has a file where a directory must be"


def test_a_missing_working_directory_is_made(box: Box) -> None:
    assert box.run("pwd -P", workdir="/made/up").out == "/made/up\n"


def test_a_working_directory_that_is_a_file_is_an_error(box: Box) -> None:
    error = box.run("pwd -P", workdir="/etc/passwd").error
    assert error is not None
    assert "/etc/passwd" in error.message


def test_a_user_starts_in_a_directory_that_only_root_may_enter(box: Box, own_root: str) -> None:
    os.chmod(f"{own_root}/root", 0o700)
    assert box.run("pwd -P", workdir="/root", user="bob").out == "/root\n"


def test_a_working_directory_through_a_descriptor_does_not_lead_out(box: Box) -> None:
    outcome = box.run("pwd -P", workdir="/proc/self/fd/7")
    assert outcome.error is not None

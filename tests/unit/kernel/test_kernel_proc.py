"""Parsers of /proc, with real texts."""

import os

import pytest

from engine.kernel import proc
from engine.kernel.proc import Hierarchy, Mount, Stat

MOUNTINFO = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard,resv_strict
98 27 0:44 /data /mnt/with\040blank\011and\134 ro,nosuid shared:7 master:2 - tmpfs some\040source rw,size=4k
"""

STAT = (
    "4242 (a) b (c) S 17 4242 4242 34816 4242 4194304 124 0 0 0 1 2 0 0 20 0 1 0 987654 8421376 "
    "512 18446744073709551615 94 95 96 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0"
)

STATUS = """Name:\tsleep
Umask:\t0022
State:\tS (sleeping)
Pid:\t4242
Uid:\t1000\t1001\t1002\t1003
NSpid:\t4242\t7\t1
CapEff:\t00000000a80425fb
"""

CGROUPS = """9:name=systemd:/
4:cpu,cpuacct:/quarterdeck/x
0::/user.slice/a:b
"""


def test_a_mount_is_read_with_its_optional_fields() -> None:
    mounts = proc.parse_mounts(MOUNTINFO)
    assert mounts[0] == Mount("/proc", "/", ("rw", "relatime"), "proc", "proc", ("rw",), ())
    assert mounts[2].propagation == ("shared:7", "master:2")
    assert mounts[2].super_options == ("rw", "size=4k")


def test_escapes_in_mount_points_are_undone() -> None:
    assert proc.parse_mounts(MOUNTINFO)[2].target == "/mnt/with blank\tand\\"
    assert proc.parse_mounts(MOUNTINFO)[2].source == "some source"


@pytest.mark.parametrize("text", ["", "nonsense\n", "1 2 3 4 5 6 7 8\n", "1 2 0:1 / /x rw - tmpfs\n"])
def test_a_line_that_is_no_mount_is_passed_over(text: str) -> None:
    assert proc.parse_mounts(text) == []


@pytest.mark.parametrize("text", ["a\\", "\\04", "\\999x", "plain"])
def test_what_is_no_escape_stays(text: str) -> None:
    assert proc.unescape(text) == text


def test_a_name_with_brackets_does_not_confuse_the_fields_behind_it() -> None:
    assert proc.parse_stat(STAT) == Stat("S", 17, 987654)


@pytest.mark.parametrize("text", ["", "1 (x) S 1", "no bracket at all"])
def test_a_text_that_is_no_stat_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="stat"):
        proc.parse_stat(text)


def test_the_innermost_pid_is_the_last_one() -> None:
    assert proc.inner_pid(proc.parse_status(STATUS)) == 1


def test_a_kernel_without_nspid_gives_no_inner_pid() -> None:
    assert proc.inner_pid({}) == 0


def test_the_real_uid_is_the_first_one() -> None:
    assert proc.real_uid(proc.parse_status(STATUS)) == 1000


def test_a_command_line_is_cut_at_its_zero_bytes() -> None:
    assert proc.parse_cmdline(b"sh\0-c\0echo \xff\0") == ("sh", "-c", "echo \udcff")


def test_a_kernel_thread_has_no_command_line() -> None:
    assert proc.parse_cmdline(b"") == ()


def test_an_empty_argument_in_the_middle_stays() -> None:
    assert proc.parse_cmdline(b"a\0\0b\0") == ("a", "", "b")


def test_hierarchies_of_both_versions_are_read() -> None:
    assert proc.parse_cgroups(CGROUPS) == [
        Hierarchy(("name=systemd",), "/"),
        Hierarchy(("cpu", "cpuacct"), "/quarterdeck/x"),
        Hierarchy((), "/user.slice/a:b"),
    ]


def test_this_process_is_itself_and_not_one_that_started_at_another_time() -> None:
    stat = proc.read_stat(os.getpid())
    assert stat is not None
    assert proc.is_same_process(os.getpid(), stat.start_ticks)
    assert not proc.is_same_process(os.getpid(), stat.start_ticks + 1)


def test_a_pid_that_nobody_has_is_no_process() -> None:
    assert proc.read_stat(2**22 + 1) is None
    assert not proc.is_same_process(2**22 + 1, 0)


def test_a_boot_has_an_id() -> None:
    assert len(proc.read_boot_id()) == 36


def test_the_mounts_of_this_process_have_a_root() -> None:
    assert "/" in [mount.target for mount in proc.read_mounts()]

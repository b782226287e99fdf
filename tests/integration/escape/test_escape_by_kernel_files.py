"""Files by which root of a host makes the kernel act: knobs, cgroups, device nodes."""

import os
from collections.abc import Callable

import pytest
from support.attacks import KNOBS

Attack = Callable[..., dict[str, str]]
UNPROTECTED = ("--privileged", "--userns", "host")
REFUSED = {"EROFS", "EACCES", "EPERM", "ENOENT"}

pytestmark = pytest.mark.root


def test_the_kernels_knobs_cannot_be_opened_for_writing(attack: Attack) -> None:
    """core_pattern, modprobe, uevent_helper, binfmt_misc and others run a program as root of the host."""
    names = [f"write:{path}" for path in KNOBS if os.path.exists(path)]
    assert names
    assert set(attack(*names).values()) <= REFUSED - {"ENOENT"}
    loose = attack(*names, options=("--userns", "host"))
    assert set(loose.values()) <= REFUSED - {"ENOENT"}, "without a user namespace the read-only mounts must hold"


def test_they_open_where_nothing_protects(attack: Attack) -> None:
    assert attack("write:/proc/sys/kernel/core_pattern", options=UNPROTECTED).popitem()[1] == "done"


@pytest.mark.parametrize("options", [(), ("--userns", "host"), ("--cgroupns", "host"), ("--cap-add", "SYS_ADMIN")])
def test_release_agent_and_the_list_of_processes_are_out_of_reach(attack: Attack, options: tuple[str, ...]) -> None:
    names = ("cgroup:release_agent", "cgroup:notify_on_release", "cgroup:cgroup.procs", "cgroup:devices.allow")
    assert set(attack(*names, options=options).values()) <= REFUSED


def test_a_privileged_container_reaches_the_list_of_processes(attack: Attack) -> None:
    """The control."""
    assert attack("cgroup:cgroup.procs", options=UNPROTECTED) == {"cgroup:cgroup.procs": "done"}


@pytest.mark.requires("devices controller")
def test_a_node_for_a_disk_of_the_host_cannot_be_made_or_is_dead(attack: Attack) -> None:
    assert attack("node") == {"node": "EPERM"}
    # Root of the host may make one: the rules for devices refuse to open it.
    assert attack("node", options=("--userns", "host")) == {"node": "EPERM"}
    # There is no such disk here, so a container that may open it hears that.
    assert attack("node", options=UNPROTECTED)["node"] in ("ENXIO", "done")


def test_secrets_of_the_kernel_are_masked(deck_out: Callable[..., str]) -> None:
    paths = "/proc/kcore /proc/keys /proc/timer_list /proc/interrupts /proc/sched_debug /proc/latency_stats".split()
    present = [path for path in paths if os.path.exists(path)]
    script = "for path in $*; do stat -L -c '%t:%T' $path; done"
    assert set(deck_out("sh", "-c", script, "sh", *present).split()) == {"1:3"}

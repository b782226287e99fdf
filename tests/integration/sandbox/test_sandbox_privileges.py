"""What a container's program may do, as the kernel says it."""

import os
import resource
import signal
from pathlib import Path
from typing import Any

import pytest
from support.box import Box

from engine.kernel import syscalls
from engine.kernel.proc import parse_status
from engine.model import Ulimit
from engine.sandbox import capabilities

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]

DEFAULT_MASK = "00000000a80405fb"
"""Of Docker's fourteen, without CAP_NET_RAW."""


def status_of(box: Box, **options: Any) -> dict[str, str]:
    return parse_status(box.run("cat", "/proc/self/status", **options).out)


def test_root_has_the_default_capabilities_and_can_gain_none(box: Box) -> None:
    status = status_of(box)
    assert [status[key] for key in ("CapPrm", "CapEff", "CapBnd")] == [DEFAULT_MASK] * 3
    assert [status[key] for key in ("CapInh", "CapAmb")] == ["0" * 16] * 2
    assert status["NoNewPrivs"] == "1"


def test_another_user_has_no_capabilities_and_cannot_get_more_than_the_default(box: Box) -> None:
    status = status_of(box, user="bob")
    assert [status[key] for key in ("CapPrm", "CapEff", "CapBnd")] == ["0" * 16, "0" * 16, DEFAULT_MASK]


def test_dropping_all_and_adding_one_leaves_one(box: Box) -> None:
    status = status_of(box, cap_drop=("ALL",), cap_add=("net_raw",))
    assert status["CapEff"] == status["CapBnd"] == f"{capabilities.mask(['CAP_NET_RAW']):016x}"


def test_privileged_has_every_capability_that_the_engine_has(box: Box) -> None:
    assert int(status_of(box, privileged=True)["CapEff"], 16) == syscalls.capget()[1]


def test_privileged_may_write_where_others_may_not_and_sees_the_hosts_devices(box: Box) -> None:
    script = "test -w /proc/sys/kernel/hostname && test -w /sys && test -c /dev/full && ls /dev"
    names = box.run(script, privileged=True).out.split()
    assert {"null", "pts", "shm"} < set(names)
    assert len(names) > len(box.run("ls", "/dev").out.split())


def test_a_name_becomes_its_ids_its_groups_and_its_home(box: Box) -> None:
    out = box.run("id; echo $HOME", user="bob").out
    assert out == "uid=1000(bob) gid=1000(bob) groups=1000(bob),8(mail)\n/home/bob\n"


def test_nobody_in_particular_is_root_with_its_home_and_its_groups(box: Box) -> None:
    assert box.run("id; echo $HOME").out == "uid=0(root) gid=0(root) groups=0(root),8(mail)\n/root\n"


def test_a_group_given_by_name_is_the_only_one(box: Box) -> None:
    assert box.run("id", user="7:mail").out == "uid=7 gid=8(mail) groups=8(mail)\n"


def test_the_groups_of_the_engine_do_not_follow_a_number_that_passwd_does_not_know(box: Box) -> None:
    assert box.run("id", user="4242").out == "uid=4242 gid=0(root) groups=0(root)\n"


def test_a_limit_within_reach_is_set(box: Box) -> None:
    outcome = box.run("ulimit -S -n; ulimit -H -n", ulimits=(Ulimit(name="nofile", soft=100, hard=200),))
    assert (outcome.out, outcome.warnings) == ("100\n200\n", [])


@pytest.fixture
def no_resource_capability() -> None:
    if syscalls.capget()[0] & capabilities.mask(["CAP_SYS_RESOURCE"]):
        pytest.skip("needs an engine without CAP_SYS_RESOURCE")


@pytest.mark.usefixtures("no_resource_capability")
def test_a_limit_out_of_reach_comes_as_close_as_may_be_with_a_warning(box: Box) -> None:
    highest = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    outcome = box.run("ulimit -H -n", ulimits=(Ulimit(name="nofile", soft=10, hard=highest + 1),))
    assert outcome.out == f"{highest}\n"
    assert outcome.warnings == [f"the limit nofile cannot be above the engine's own, {highest}"]


@pytest.mark.usefixtures("no_resource_capability")
def test_a_capability_that_the_engine_lacks_is_a_warning(box: Box) -> None:
    outcome = box.run("true", cap_add=("SYS_RESOURCE",))
    assert (outcome.code, outcome.warnings) == (0, ["the engine itself does not have CAP_SYS_RESOURCE"])


def test_only_three_descriptors_reach_the_program(box: Box) -> None:
    with open("/etc/passwd") as open_file:
        os.set_inheritable(open_file.fileno(), True)
        assert box.run("ls", "/proc/self/fd").out.split() == ["0", "1", "2", "3"]


def test_signals_are_as_a_program_expects_them(box: Box) -> None:
    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: None)
    try:
        status = status_of(box)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert [status[key] for key in ("SigBlk", "SigIgn", "SigCgt")] == ["0" * 16] * 3


def test_the_out_of_memory_killer_prefers_a_container_to_the_engine(box: Box) -> None:
    mine = int(Path("/proc/self/oom_score_adj").read_text())
    assert int(box.run("cat", "/proc/self/oom_score_adj").out) == max(100, mine)


def test_files_are_made_with_the_usual_mask(box: Box) -> None:
    assert box.run("umask; touch /tmp/x; ls -l /tmp/x").out.split()[:2] == ["0022", "-rw-r--r--"]


def test_the_keys_of_the_host_are_not_the_containers(box: Box) -> None:
    own = box.run("cat /proc/sys/kernel/keys/maxkeys; cat /proc/keys").out
    assert own.splitlines()[1:] == []

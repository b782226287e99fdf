"""What a container gets of the machine, as the kernel tells it from inside."""

from collections.abc import Callable

import pytest
from support.deck import Outcome

BASE = "localhost/base"


@pytest.mark.parametrize("userns", ["private", "host"])
def test_a_device_works_under_another_name(userns: str, out: Callable[..., str]) -> None:
    options = ("--userns", userns, "--device", "/dev/zero:/dev/nothing:r")
    assert out("run", "--rm", *options, BASE, "sh", "-c", "head -c 3 /dev/nothing | wc -c").strip() == "3"


def test_a_device_without_a_rule_is_denied_and_allowed_with_one(
    out: Callable[..., str], qd: Callable[..., Outcome]
) -> None:
    options = (
        "--userns",
        "host",
        "-v",
        "/dev/loop-control:/dev/loop-control",
        BASE,
        "sh",
        "-c",
        ": < /dev/loop-control",
    )
    assert "not permitted" in qd("run", "--rm", *options).err
    out("run", "--rm", "--device-cgroup-rule", "c 10:237 r", *options)


def test_the_user_has_the_groups_besides_also_in_exec(out: Callable[..., str]) -> None:
    out(
        "run",
        "-d",
        "--name",
        "grouped",
        "-u",
        "1000:1001",
        "--group-add",
        "50",
        "--group-add",
        "adm",
        BASE,
        "sleep",
        "99",
    )
    groups = set(out("exec", "grouped", "id", "-G").split())
    adm = out("exec", "grouped", "sh", "-c", "grep ^adm: /etc/group | cut -d: -f3").strip()
    assert groups == {"1001", "50", adm}
    out("rm", "-f", "grouped")


def test_kernel_parameters_of_its_own_namespaces_are_set(out: Callable[..., str]) -> None:
    options = ("--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "kernel.msgmax=4242")
    script = "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax"
    assert out("run", "--rm", *options, BASE, "sh", "-c", script).split() == ["1", "4242"]


def test_a_parameter_of_the_host_is_refused_before_there_is_a_container(qd: Callable[..., Outcome]) -> None:
    refused = qd("create", "--sysctl", "kernel.panic=1", BASE, "true")
    assert (refused.code, "kernel.panic" in refused.err) == (125, True)


def test_shared_memory_has_its_size(out: Callable[..., str]) -> None:
    shown = out("run", "--rm", "--shm-size", "2m", BASE, "stat", "-f", "-c", "%s %b", "/dev/shm").split()
    assert int(shown[0]) * int(shown[1]) == 2 << 20

"""Namespaces of the host and of other containers, as they look from inside."""

import os
from collections.abc import Callable

import pytest
from support.deck import Deck, Outcome

from engine.kernel import proc

BASE = "localhost/base"
FLAG = {"pid": "--pid", "ipc": "--ipc", "uts": "--uts", "net": "--network", "cgroup": "--cgroupns"}


def _namespace(out: Callable[..., str], kind: str, *options: str) -> str:
    return out("run", "--rm", *options, BASE, "readlink", f"/proc/self/ns/{kind}").strip()


@pytest.mark.parametrize("kind", FLAG)
def test_a_namespace_can_be_the_hosts_within_a_user_namespace_of_its_own(kind: str, out: Callable[..., str]) -> None:
    assert _namespace(out, kind, FLAG[kind], "host") == os.readlink(f"/proc/self/ns/{kind}")
    assert _namespace(out, "user", FLAG[kind], "host") != os.readlink("/proc/self/ns/user")


def test_all_of_them_can_be_the_hosts_at_once(out: Callable[..., str]) -> None:
    every = [word for flag in FLAG.values() for word in (flag, "host")]
    assert _namespace(out, "user", *every, "--userns", "host") == os.readlink("/proc/self/ns/user")
    shown = out("run", "--rm", *every, BASE, "sh", "-c", "hostname; ls -d /proc/1/task; ls /sys/class/net").split()
    assert shown == [os.uname().nodename, "/proc/1/task", *sorted(os.listdir("/sys/class/net"))]


def test_all_of_another_container_can_be_shared_and_entered(deck: Deck, idle: Callable[..., str]) -> None:
    idle("host-of-all", "--ipc", "shareable", "--hostname", "shared")
    every = [word for flag in FLAG.values() for word in (flag, "container:host-of-all")]
    deck.start("--name", "guest", *every, BASE, "sleep", "1000")
    pids = [deck.engine.container(name).state.pid for name in ("host-of-all", "guest")]
    for kind in (*FLAG, "user"):
        assert len({os.readlink(f"/proc/{pid}/ns/{kind}") for pid in pids}) == 1
    assert deck.out("exec", "guest", "hostname") == "shared\n"
    assert (
        deck.out("exec", "host-of-all", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").count("sleep 1000") == 2
    )
    deck.out("stop", "-t", "0", "host-of-all")
    assert deck.out("wait", "guest") == "137\n"
    refused = deck.qd("start", "guest")
    assert refused.code == 125
    assert "host-of-all" in refused.err
    assert "is not running" in refused.err
    assert "qd start host-of-all" in refused.err
    deck.out("start", "host-of-all", "guest")
    deck.out("rm", "-f", "guest", "host-of-all")


def test_a_container_in_the_hosts_pid_namespace_leaves_no_process(deck: Deck) -> None:
    deck.start("--name", "loose", "--pid", "host", BASE, "sh", "-c", "sleep 1001 & sleep 1000")
    child = int(deck.out("exec", "loose", "sh", "-c", "pgrep -f '^sleep 1001$' || true").split()[0])
    deck.out("rm", "-f", "loose")
    stat = proc.read_stat(child)
    assert stat is None or stat.state == "Z"


def test_a_shared_memory_that_is_private_is_not_shared(deck: Deck, qd: Callable[..., Outcome]) -> None:
    deck.out("create", "--name", "alone", "--ipc", "private", BASE, "true")
    refused = qd("create", "--ipc", "container:alone", BASE, "true")
    assert "--ipc shareable" in refused.err
    assert "no such container" in qd("create", "--pid", "container:nobody", BASE, "true").err
    deck.out("rm", "alone")


def test_namespaces_of_two_user_namespaces_are_refused(deck: Deck, qd: Callable[..., Outcome]) -> None:
    for name in ("one", "two"):
        deck.out("create", "--name", name, BASE, "true")
    refused = qd("create", "--pid", "container:one", "--network", "container:two", BASE, "true")
    assert "different user namespaces" in refused.err
    deck.out("rm", "one", "two")


def test_masks_and_privileges_follow_the_security_options(out: Callable[..., str]) -> None:
    script = "wc -c < /etc/passwd; ls /proc/acpi 2>/dev/null | wc -l; grep NoNewPrivs /proc/self/status"
    options = ("mask=/etc/passwd", "no-new-privileges=false")
    given = [word for option in options for word in ("--security-opt", option)]
    hidden, _, status = out("run", "--rm", *given, BASE, "sh", "-c", script).splitlines()
    assert (hidden, status.split()) == ("0", ["NoNewPrivs:", "0"])
    unmasked = out("run", "--rm", "--security-opt", "unmask=ALL", BASE, "sh", "-c", "wc -c < /proc/interrupts")
    assert int(unmasked) > 0


def test_a_label_that_the_kernel_cannot_apply_is_refused_before_there_is_a_container(
    qd: Callable[..., Outcome],
) -> None:
    if os.path.isdir("/sys/kernel/security/apparmor"):
        pytest.skip("needs a kernel without AppArmor")
    refused = qd("create", "--security-opt", "apparmor=mine", BASE, "true")
    assert "apparmor not supported" in refused.err

"""Calls of the kernel that a container has no business with, and a container without protection as the control."""

import os
from collections.abc import Callable

import pytest
from support.attacks import CALLS

Attack = Callable[..., dict[str, str]]
UNPROTECTED = ("--privileged", "--userns", "host")
NO_SYSTEM_CALL = {"clone3": "ENOSYS"}
"""libc then uses clone(2), whose flags the filter can see."""

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86_64"),
]


def test_calls_that_no_container_needs_are_refused(attack: Attack) -> None:
    assert attack(*CALLS) == {name: NO_SYSTEM_CALL.get(name, "EPERM") for name in CALLS}


def test_they_are_let_through_where_nothing_protects(attack: Attack) -> None:
    """The control: were the answers those of the kernel for anybody, the test above would show nothing."""
    answers = attack(*CALLS, options=UNPROTECTED)
    assert [name for name, answer in answers.items() if answer == "EPERM"] == []


def test_the_filter_alone_refuses_a_new_user_namespace(attack: Attack) -> None:
    calls = ("unshare", "keyctl", "io_uring_setup")
    assert attack(*calls) == dict.fromkeys(calls, "EPERM")
    loose = attack(*calls, options=("--security-opt", "seccomp=unconfined"))
    assert loose["unshare"] == "done"
    assert "EPERM" not in loose.values()


def test_sockets_that_reach_the_wire_the_host_or_the_kernels_ciphers_are_refused(attack: Attack) -> None:
    names = ("AF_INET raw", "AF_PACKET", "AF_VSOCK", "AF_ALG")
    assert set(attack(*names).values()) <= {"EPERM", "EAFNOSUPPORT"}
    with_raw = attack(*names, options=("--cap-add", "NET_RAW"))
    assert (with_raw["AF_INET raw"], with_raw["AF_PACKET"]) == ("done", "done")


def test_a_new_mount_is_refused_even_to_root_inside(attack: Attack) -> None:
    kinds = ("mount:tmpfs", "mount:proc", "mount:cgroup+none,name=escape", "mount:sysfs")
    assert attack(*kinds) == dict.fromkeys(kinds, "EPERM")
    assert attack("mount:tmpfs", options=UNPROTECTED) == {"mount:tmpfs": "done"}

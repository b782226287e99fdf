"""Where the kernel refuses the first way, the second leads to the same place."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from support.box import Box

from engine import errors
from engine.kernel import clone, const, syscalls

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]


@contextmanager
def refusing(error: int, which: Callable[[str], bool]) -> Iterator[None]:
    """Every kernel call of which this is true fails, here and in children."""

    def refuse(call: str) -> None:
        if which(call):
            raise OSError(error, os.strerror(error))

    syscalls.hook = refuse
    try:
        yield
    finally:
        syscalls.hook = None


def first_in_a_child(name: str) -> Callable[[str], bool]:
    """The first call of this name in a process that is not this one."""
    left = [1]
    here = os.getpid()

    def is_it(call: str) -> bool:
        if call != name or os.getpid() == here or not left:
            return False
        left.clear()
        return True

    return is_it


def test_where_mknod_is_refused_the_nodes_of_the_host_are_bound(box: Box) -> None:
    with refusing(errno.EPERM, lambda call: call == "mknodat"):
        outcome = box.run("echo lost > /dev/null; test -c /dev/full && cat /proc/mounts")
    targets = [line.split()[1] for line in outcome.out.splitlines()]
    assert {"/dev/null", "/dev/urandom"} < set(targets)


def test_without_setns_by_pidfd_each_namespace_is_entered_by_its_file(box: Box) -> None:
    container = box.start("sleep", "1000", hostname="inside").until_exec()
    with refusing(errno.EINVAL, first_in_a_child("setns")):
        outcome = box.enter(container.pid, "cat /proc/sys/kernel/hostname /proc/1/comm").until_exec().outcome()
    container.kill()
    container.outcome()
    assert outcome.out == "inside\nsleep\n"


def test_without_keys_in_the_kernel_a_container_starts(box: Box) -> None:
    with refusing(errno.ENOSYS, lambda call: call == "keyctl"):
        assert box.run("true").code == 0


def test_a_namespace_that_is_refused_is_named(box: Box) -> None:
    refused = [1, 2, 3]  # all at once, then ipc and uts one by one

    def is_refused(call: str) -> bool:
        return call == "unshare" and refused.pop(0) != 2

    with refusing(errno.ENOSPC, is_refused):
        outcome = box.run("true")
    assert isinstance(outcome.error, errors.SetupFailed)
    assert outcome.error.message.startswith("cannot make the container's uts namespace: ")
    assert "user.max_uts_namespaces" in outcome.error.hint


def test_clone_does_what_clone3_does() -> None:
    child = clone._clone2(const.CLONE_NEWPID)
    if child.pid == 0:
        os._exit(os.getpid())
    assert os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED).si_status == 1
    os.close(child.pidfd)

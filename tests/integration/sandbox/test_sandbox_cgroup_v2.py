"""A container in a cgroup of v2, made by hand: a tree without controllers will do."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.box import Box

from engine.kernel import syscalls
from engine.kernel.proc import read_mounts

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]


@pytest.fixture
def cgroup() -> Iterator[str]:
    roots = [mount.target for mount in read_mounts() if mount.kind == "cgroup2"]
    if not roots:
        pytest.skip("needs a cgroup v2 tree")
    folder = f"{roots[0]}/quarterdeck-test-{os.getpid()}"
    os.mkdir(folder)
    yield folder
    os.rmdir(folder)


@pytest.fixture
def inside(box: Box, cgroup: str) -> Box:
    box.into = cgroup
    return box


@pytest.fixture
def refused_clone() -> Iterator[None]:
    """clone3 fails the first time, as where a kernel or a filter does not let a child be born in a cgroup."""
    failed: list[str] = []

    def refuse(call: str) -> None:
        if call == "clone3" and not failed:
            failed.append(call)
            raise OSError(errno.ENOSYS, "refused by the test")

    syscalls.hook = refuse
    yield
    syscalls.hook = None
    assert failed


def test_the_program_is_born_in_its_cgroup(inside: Box, cgroup: str) -> None:
    running = inside.start("sleep", "1000").until_exec()
    members = Path(f"{cgroup}/cgroup.procs").read_text()
    running.kill()
    running.outcome()
    assert members == f"{running.pid}\n"


@pytest.mark.usefixtures("refused_clone")
def test_it_joins_by_itself_where_it_cannot_be_born_there(inside: Box, cgroup: str) -> None:
    running = inside.start("sleep", "1000").until_exec()
    members = Path(f"{cgroup}/cgroup.procs").read_text()
    running.kill()
    running.outcome()
    assert members == f"{running.pid}\n"


def test_it_sees_its_cgroup_as_the_root_and_cannot_write_to_it(inside: Box) -> None:
    outcome = inside.run("cat /proc/self/cgroup /sys/fs/cgroup/cgroup.procs; echo 1 > /sys/fs/cgroup/cgroup.procs")
    assert "0::/" in outcome.out.splitlines()
    assert outcome.out.splitlines()[-2] == "1"
    assert "Read-only file system" in outcome.err


def test_an_entered_program_is_in_it_too(inside: Box, cgroup: str) -> None:
    running = inside.start("sleep", "1000").until_exec()
    entered = inside.enter(running.pid, "sleep", "1000").until_exec()
    members = set(Path(f"{cgroup}/cgroup.procs").read_text().split())
    running.kill()
    entered.outcome()
    running.outcome()
    assert members == {str(running.pid), str(entered.pid)}

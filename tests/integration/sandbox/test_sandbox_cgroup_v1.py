"""A container in cgroups of v1, made by hand."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.box import Box

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]

HIERARCHIES = ("memory", "pids", "freezer")


@pytest.fixture
def cgroups() -> Iterator[tuple[str, ...]]:
    """One cgroup in each of a few hierarchies."""
    roots = [f"/sys/fs/cgroup/{name}" for name in HIERARCHIES]
    if not all(os.path.exists(f"{root}/tasks") for root in roots):
        pytest.skip("needs cgroup v1 with memory, pids and freezer")
    folders = tuple(f"{root}/quarterdeck-test-{os.getpid()}" for root in roots)
    for folder in folders:
        os.mkdir(folder)
    yield folders
    for folder in folders:
        os.rmdir(folder)


@pytest.fixture
def joining(box: Box, cgroups: tuple[str, ...]) -> Box:
    box.join = tuple(f"{folder}/tasks" for folder in cgroups)
    return box


def test_the_program_is_in_its_cgroups_before_it_starts(joining: Box, cgroups: tuple[str, ...]) -> None:
    running = joining.start("sleep", "1000").until_exec()
    inside = [Path(f"{folder}/cgroup.procs").read_text() for folder in cgroups]
    running.kill()
    running.outcome()
    assert inside == [f"{running.pid}\n"] * 3


def test_it_sees_its_own_cgroups_as_the_roots_and_no_others(joining: Box) -> None:
    lines = dict(line.split(":")[1:] for line in joining.run("cat", "/proc/self/cgroup").out.splitlines())
    assert [lines[name] for name in HIERARCHIES] == ["/", "/", "/"]
    assert set(joining.run("ls", "/sys/fs/cgroup").out.split()) == set(HIERARCHIES)


def test_it_cannot_write_to_them(joining: Box) -> None:
    outcome = joining.run("echo 1 > /sys/fs/cgroup/pids/pids.max; touch /sys/fs/cgroup/x")
    assert outcome.err.count("Read-only file system") == 2


def test_an_entered_program_joins_them_too(joining: Box, cgroups: tuple[str, ...]) -> None:
    running = joining.start("sleep", "1000").until_exec()
    entered = joining.enter(running.pid, "sleep", "1000").until_exec()
    inside = set(Path(f"{cgroups[0]}/cgroup.procs").read_text().split())
    running.kill()
    entered.outcome()
    running.outcome()
    assert inside == {str(running.pid), str(entered.pid)}


def test_a_container_without_a_cgroup_sees_none(box: Box) -> None:
    assert box.run("ls", "-A", "/sys/fs/cgroup").out == ""


def test_cgroups_that_cannot_be_mounted_are_a_warning_and_no_obstacle(joining: Box, own_root: str) -> None:
    os.mkdir(f"{own_root}/etc/here")
    Path(f"{own_root}/etc/here/pids").write_text("a file in the way")
    joining.change = lambda made: made["mounts"].append({"type": "cgroup", "destination": "/etc/here/pids"})
    outcome = joining.run("true")
    assert outcome.code == 0
    assert len(outcome.warnings) == 1
    assert outcome.warnings[0].startswith("a container cannot see its cgroups: cannot mount tmpfs on /etc/here/pids: ")


def test_without_a_cgroup_namespace_it_still_sees_its_own_cgroups_alone(joining: Box) -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["linux"]["namespaces"].remove({"type": "cgroup"})

    joining.change = change
    outcome = joining.run("ls /sys/fs/cgroup; cat /sys/fs/cgroup/pids/pids.current; touch /sys/fs/cgroup/pids/x")
    assert outcome.out.split() == [*sorted(HIERARCHIES), "2"]
    assert "Read-only file system" in outcome.err

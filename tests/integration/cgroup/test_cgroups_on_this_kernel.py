"""`Cgroups` on the kernel of this machine: the cases that the fake kernel passes, and what no fake can show."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support import cgroup_member, cgroup_outer, cgroup_report
from support.cgroup_cases import MIB, NAME, OTHER, CgroupCases, Host, needs, shown
from support.waiting import SLOW, until

import engine
from engine import errors
from engine.cgroup import detect
from engine.cgroup.kernfs import REAL
from engine.cgroup.manager import Cgroups

pytestmark = [pytest.mark.root, pytest.mark.cgroup2]
Spawn = Callable[..., "subprocess.Popen[str]"]


def _views() -> dict[str, str]:
    """Mount tables: the real one, and on a hybrid the same without its v2 tree, as a pure v1 host has it."""
    table = REAL.read("/proc/self/mountinfo")
    without_tree = "\n".join(line for line in table.splitlines() if " - cgroup2 " not in line)
    views = {"as it is": table}
    if detect.mounts(without_tree) and len(without_tree) < len(table) - 1:
        views["v1 alone"] = without_tree
    return views


@pytest.fixture(params=_views())
def cgroups(request: pytest.FixtureRequest) -> Iterator[Cgroups]:
    found = Cgroups.detect(_views()[request.param])
    if found.kind == "none":
        pytest.skip("needs cgroups that can be changed")
    yield found
    for name in (NAME, OTHER):
        found.kill(name)
        found.delete(name)


@pytest.fixture
def spawn(cgroups: Cgroups) -> Iterator[Spawn]:
    """Start a member of a cgroup; it does its work when a line is written to it."""
    with ExitStack() as undo:

        def start(name: str, action: str) -> "subprocess.Popen[str]":
            placement = cgroups.place(name)
            procs = (f"{placement.into}/cgroup.procs",) if placement.into else ()
            command = [sys.executable, "-I", "-S", cgroup_member.__file__, action, *placement.join, *procs]
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            undo.callback(_end, child)
            assert child.stdout is not None
            assert child.stdout.readline() == "in\n"
            return child

        yield start


def _end(child: "subprocess.Popen[str]") -> None:
    child.kill()
    child.wait()
    for file in (child.stdin, child.stdout):
        assert file is not None
        file.close()


def _go(child: "subprocess.Popen[str]") -> None:
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def _line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


class TestThisKernel(CgroupCases):
    @pytest.fixture
    def host(self, cgroups: Cgroups, spawn: Spawn) -> Host:
        children: dict[int, subprocess.Popen[str]] = {}

        def one(name: str) -> int:
            child = spawn(name, "sleep")
            children[child.pid] = child
            return child.pid

        return Host(cgroups, one, lambda pid: children[pid].wait(20 * SLOW) == -9)


def test_half_the_shares_and_the_second_cpu_are_what_the_kernel_says(cgroups: Cgroups, spawn: Spawn) -> None:
    needs(cgroups, "cpu", "cpuset")
    cpu = "1" if "1" in Path("/sys/devices/system/cpu/online").read_text() else "0"
    cgroups.create(NAME, {"cpu": {"shares": 512, "cpus": cpu}})
    child = spawn(NAME, "sleep")
    status = Path(f"/proc/{child.pid}/status").read_text()
    assert f"Cpus_allowed_list:\t{cpu}\n" in status
    assert shown(cgroups, "cpu", "cpu.shares", "cpu.weight") in ("512", "59")


def test_a_process_above_the_memory_limit_is_killed_and_counted(cgroups: Cgroups, spawn: Spawn) -> None:
    needs(cgroups, "memory")
    cgroups.create(NAME, {"memory": {"limit": 24 * MIB, "swap": 24 * MIB}})
    sampler = cgroups.sampler(NAME)
    child = spawn(NAME, "eat")
    _go(child)
    assert child.wait(60 * SLOW) == -9
    assert cgroups.oom_kills(NAME) == 1
    sample = sampler.sample()
    sampler.close()
    assert (sample.oom_kills, sample.memory_limit_bytes) == (1, 24 * MIB)


def test_a_limit_below_what_is_in_use_is_refused_and_nobody_dies(cgroups: Cgroups, spawn: Spawn) -> None:
    needs(cgroups, "memory")
    cgroups.create(NAME, {"memory": {"limit": 128 * MIB, "swap": 128 * MIB}})
    child = spawn(NAME, "eat")
    _go(child)
    assert _line(child) == f"full {64 * MIB}"
    with pytest.raises(errors.Conflict):
        cgroups.update(NAME, {"memory": {"limit": 16 * MIB, "swap": 128 * MIB}})
    assert child.poll() is None
    assert shown(cgroups, "memory", "memory.limit_in_bytes", "memory.max") == str(128 * MIB)


def test_no_more_processes_than_the_limit_come_to_life(cgroups: Cgroups, spawn: Spawn) -> None:
    needs(cgroups, "pids")
    cgroups.create(NAME, {"pids": {"limit": 3}})
    child = spawn(NAME, "fork")
    _go(child)
    assert _line(child) == "2"
    assert len(cgroups.pids(NAME)) == 3
    cgroups.kill(NAME)
    assert child.wait(20 * SLOW) == -9
    until(lambda: not cgroups.pids(NAME), "the children to be gone")


def test_a_sample_shows_what_a_process_uses(cgroups: Cgroups, spawn: Spawn) -> None:
    needs(cgroups, "memory", "pids")
    cgroups.create(NAME, {"memory": {"limit": 256 * MIB}, "pids": {"limit": 10}})
    sampler = cgroups.sampler(NAME)
    child = spawn(NAME, "eat")
    before = sampler.sample()
    _go(child)
    _line(child)
    after = sampler.sample()
    sampler.close()
    assert 64 * MIB <= after.memory_bytes < 128 * MIB
    assert after.memory_bytes <= after.memory_peak_bytes or after.memory_peak_bytes == 0
    assert before.memory_bytes < 64 * MIB
    assert 0 < before.cpu_usec < after.cpu_usec
    assert (after.cpu_usec - before.cpu_usec) * 1000 <= (after.time_ns - before.time_ns) * 1.5
    assert (after.pids, after.pids_limit, after.memory_limit_bytes) == (1, 10, 256 * MIB)


def test_a_quota_throttles_and_the_sample_says_so(cgroups: Cgroups, spawn: Spawn) -> None:
    needs(cgroups, "cpu")
    cgroups.create(NAME, {"cpu": {"quota": 5000, "period": 50000}})
    sampler = cgroups.sampler(NAME)
    _go(spawn(NAME, "burn"))
    until(lambda: sampler.sample().throttled_periods > 2, "a throttled period")
    sample = sampler.sample()
    sampler.close()
    assert sample.throttled_usec > 0
    assert sample.periods >= sample.throttled_periods


def test_what_is_frozen_uses_no_time_until_it_is_thawed(cgroups: Cgroups, spawn: Spawn) -> None:
    cgroups.create(NAME, {})
    _go(spawn(NAME, "burn"))
    sampler = cgroups.sampler(NAME)
    cgroups.freeze(NAME)
    # On v2 the scheduler may account the last tick after the event.
    usages = [sampler.sample().cpu_usec, 0]
    until(lambda: usages.append(sampler.sample().cpu_usec) or usages[-1] == usages[-2], "the usage to stand still")
    cgroups.thaw(NAME)
    until(lambda: sampler.sample().cpu_usec > usages[-1], "the usage to grow again")
    sampler.close()


def test_only_devices_on_the_list_can_be_opened(cgroups: Cgroups, spawn: Spawn) -> None:
    needs(cgroups, "devices")
    rules: list[dict[str, Any]] = [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
    ]
    cgroups.create(NAME, {"devices": rules})
    child = spawn(NAME, "open")
    _go(child)
    assert [_line(child), _line(child)] == ["open", "refused"]


def test_a_rate_for_what_is_no_disk_is_refused_in_words(cgroups: Cgroups) -> None:
    if not {"blkio", "io"} & set(cgroups.controllers):
        pytest.skip("needs the controller blkio or io")
    nothing = {"major": 4095, "minor": 0, "rate": 1 << 20}
    with pytest.raises(errors.InvalidInput) as caught:
        cgroups.create(NAME, {"blockIO": {"throttleReadBpsDevice": [nothing]}})
    assert "lsblk" in caught.value.hint
    assert NAME not in cgroups.stale()


def test_nested_cgroups_are_seen_killed_and_removed(cgroups: Cgroups, spawn: Spawn) -> None:
    cgroups.create(NAME, {})
    for folder in set(cgroups.paths(NAME).values()):
        Path(folder, "nested/deeper").mkdir(parents=True)
        for file in ("cpuset.cpus", "cpuset.mems"):
            if (Path(folder) / file).exists() and "cpuset" in folder:
                for below in ("nested", "nested/deeper"):
                    Path(folder, below, file).write_text(Path(folder, file).read_text())
    child = spawn(NAME, "sleep")
    placement = cgroups.place(NAME)
    for path in (*placement.join, *((f"{placement.into}/cgroup.procs",) if placement.into else ())):
        target = Path(path).parent / "nested/deeper/cgroup.procs"
        target.write_text(str(child.pid))
    assert cgroups.pids(NAME) == [child.pid]
    cgroups.kill(NAME)
    assert child.wait(20 * SLOW) == -9
    cgroups.delete(NAME)
    assert NAME not in cgroups.stale()


@pytest.mark.requires("unshare")
@pytest.mark.parametrize(("mode", "words"), [("read-only", "cannot be changed"), ("none", "no cgroup file system")])
def test_where_cgroups_cannot_be_used_everything_answers_with_nothing(mode: str, words: str) -> None:
    folder = str(Path(engine.__file__).parents[1])
    command = ["unshare", "--mount", sys.executable, "-I", cgroup_report.__file__, folder, mode]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60 * SLOW)
    assert result.stderr == ""
    report = json.loads(result.stdout)
    assert (report["kind"], report["controllers"], report["memory"]) == ("none", {}, 0)
    assert words in report["warnings"][0]
    join, into, ignored = report["placement"]
    assert (join, into) == ([], None)
    assert len(ignored) == 2


@pytest.mark.requires("unshare")
def test_in_a_container_on_v2_its_own_processes_are_in_the_way_until_they_are_moved() -> None:
    tree = detect.found(REAL.read("/proc/self/mountinfo")).tree
    if tree is None:
        pytest.skip("needs a cgroup v2 tree")
    folder = str(Path(engine.__file__).parents[1])
    command = [sys.executable, "-I", cgroup_outer.__file__, folder]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60 * SLOW)
    assert result.stderr == ""
    report = json.loads(result.stdout)
    crowded, cleared = report["crowded"], report["cleared"]
    assert (crowded["controllers"], crowded["handed_down"]) == (["freezer"], [])
    assert any("has processes" in warning for warning in crowded["warnings"]) == bool(tree.controllers)
    assert len(crowded["ignored"]) == 2
    assert (crowded["entered"], crowded["status"]) == (True, -9)
    assert (cleared["entered"], cleared["status"]) == (True, -9)
    assert not any("has processes" in warning for warning in cleared["warnings"])
    assert set(cleared["controllers"]) == {"freezer", *tree.controllers}
    assert len(cleared["ignored"]) == len({"memory", "pids"} - set(tree.controllers))

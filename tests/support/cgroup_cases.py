"""What `Cgroups` must do on any host, real or played: the same cases hold the fake kernel and the real one.

A subclass gives the fixture `host`, a `Host`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from engine import errors
from engine.cgroup.manager import Cgroups

MIB = 1 << 20
NAME = "c0ffee" * 10 + "0123"
OTHER = "decade" * 10 + "4567"


class Host(NamedTuple):
    """Cgroups, and a way to have a process in one."""

    cgroups: Cgroups
    spawn: Callable[[str], int]
    """Start a process in the cgroup of this name; its pid."""
    has_ended: Callable[[int], bool]
    """Whether it ends, soon."""


def shown(cgroups: Cgroups, controller: str, v1_file: str, v2_file: str, name: str = NAME) -> str:
    """The text of the file that this host has for a limit."""
    version = cgroups.controllers[controller]
    with open(f"{cgroups.paths(name)[controller]}/{v1_file if version == 'v1' else v2_file}") as file:
        return file.read().strip()


def needs(cgroups: Cgroups, *controllers: str) -> None:
    """Skip, naming what is missing."""
    if missing := [name for name in controllers if name not in cgroups.controllers]:
        pytest.skip(f"needs the controller {', '.join(missing)}")


class CgroupCases:
    """Run by pytest in the modules that subclass it."""

    def make(self, host: Host, resources: dict[str, Any]) -> Cgroups:
        """The cgroup of these cases, with limits."""
        assert host.cgroups.create(NAME, resources).ignored == ()
        return host.cgroups

    def test_the_memory_limit_is_what_the_file_says(self, host: Host) -> None:
        needs(host.cgroups, "memory")
        cgroups = self.make(host, {"memory": {"limit": 64 * MIB}})
        assert shown(cgroups, "memory", "memory.limit_in_bytes", "memory.max") == str(64 * MIB)

    def test_cpu_shares_and_quota_are_what_the_files_say(self, host: Host) -> None:
        needs(host.cgroups, "cpu")
        cgroups = self.make(host, {"cpu": {"shares": 512, "quota": 20000, "period": 50000}})
        assert shown(cgroups, "cpu", "cpu.shares", "cpu.weight") in ("512", "59")
        assert shown(cgroups, "cpu", "cpu.cfs_quota_us", "cpu.max") in ("20000", "20000 50000")

    def test_a_cpuset_is_what_the_file_says(self, host: Host) -> None:
        needs(host.cgroups, "cpuset")
        cgroups = self.make(host, {"cpu": {"cpus": "0", "mems": "0"}})
        assert shown(cgroups, "cpuset", "cpuset.cpus", "cpuset.cpus") == "0"

    def test_the_limit_of_processes_is_what_the_file_says(self, host: Host) -> None:
        needs(host.cgroups, "pids")
        cgroups = self.make(host, {"pids": {"limit": 50}})
        assert shown(cgroups, "pids", "pids.max", "pids.max") == "50"

    def test_minus_one_is_no_limit_of_processes(self, host: Host) -> None:
        needs(host.cgroups, "pids")
        cgroups = self.make(host, {"pids": {"limit": -1}})
        assert shown(cgroups, "pids", "pids.max", "pids.max") == "max"

    def test_limits_are_raised_and_lowered_in_either_order_of_memory_and_swap(self, host: Host) -> None:
        needs(host.cgroups, "memory")
        cgroups = self.make(host, {"memory": {"limit": 64 * MIB}})
        for limit in (256, 32, 128):
            cgroups.update(NAME, {"memory": {"limit": limit * MIB, "swap": 2 * limit * MIB}})
            assert shown(cgroups, "memory", "memory.limit_in_bytes", "memory.max") == str(limit * MIB)

    def test_an_update_leaves_alone_what_it_does_not_name(self, host: Host) -> None:
        needs(host.cgroups, "cpu", "pids")
        cgroups = self.make(host, {"cpu": {"quota": 20000, "period": 50000}, "pids": {"limit": 50}})
        cgroups.update(NAME, {"cpu": {"quota": 30000}})
        assert shown(cgroups, "pids", "pids.max", "pids.max") == "50"
        assert shown(cgroups, "cpu", "cpu.cfs_period_us", "cpu.max") in ("50000", "30000 50000")

    def test_a_quota_can_be_taken_off_again(self, host: Host) -> None:
        needs(host.cgroups, "cpu")
        cgroups = self.make(host, {"cpu": {"quota": 20000, "period": 50000}})
        cgroups.update(NAME, {"cpu": {"quota": -1}})
        assert shown(cgroups, "cpu", "cpu.cfs_quota_us", "cpu.max") in ("-1", "max 50000")

    def test_a_refused_value_is_an_error_in_words_and_leaves_nothing(self, host: Host) -> None:
        needs(host.cgroups, "cpuset")
        with pytest.raises(errors.InvalidInput) as caught:
            host.cgroups.create(NAME, {"cpu": {"cpus": "4000"}})
        assert "4000" in caught.value.message
        assert caught.value.hint
        assert NAME not in host.cgroups.stale()

    def test_a_change_of_what_is_gone_is_not_found(self, host: Host) -> None:
        with pytest.raises(errors.NotFound):
            host.cgroups.update(NAME, {"pids": {"limit": 5}})

    def test_a_process_is_in_the_list_and_no_other(self, host: Host) -> None:
        cgroups = self.make(host, {})
        assert cgroups.pids(NAME) == []
        pid = host.spawn(NAME)
        assert cgroups.pids(NAME) == [pid]

    def test_a_killed_cgroup_gets_empty(self, host: Host) -> None:
        cgroups = self.make(host, {})
        pids = [host.spawn(NAME), host.spawn(NAME)]
        cgroups.kill(NAME)
        assert all(host.has_ended(pid) for pid in pids)
        assert cgroups.pids(NAME) == []

    def test_a_frozen_cgroup_can_be_killed(self, host: Host) -> None:
        cgroups = self.make(host, {})
        pid = host.spawn(NAME)
        cgroups.freeze(NAME)
        cgroups.kill(NAME)
        assert host.has_ended(pid)

    def test_frozen_and_thawed_are_what_the_file_says(self, host: Host) -> None:
        cgroups = self.make(host, {})
        host.spawn(NAME)
        cgroups.freeze(NAME)
        assert shown(cgroups, "freezer", "freezer.state", "cgroup.freeze") in ("FROZEN", "1")
        cgroups.thaw(NAME)
        assert shown(cgroups, "freezer", "freezer.state", "cgroup.freeze") in ("THAWED", "0")

    def test_a_cgroup_with_processes_is_not_removed_and_says_so(self, host: Host) -> None:
        cgroups = self.make(host, {})
        pid = host.spawn(NAME)
        with pytest.raises(ExceptionGroup):
            cgroups.delete(NAME)
        assert cgroups.pids(NAME) == [pid]

    def test_a_cgroup_in_use_is_not_made_again(self, host: Host) -> None:
        cgroups = self.make(host, {})
        pid = host.spawn(NAME)
        with pytest.raises(errors.EngineError):
            cgroups.create(NAME, {})
        assert cgroups.pids(NAME) == [pid]

    def test_what_a_killed_engine_left_is_made_anew(self, host: Host) -> None:
        needs(host.cgroups, "pids")
        cgroups = self.make(host, {"pids": {"limit": 5}})
        cgroups.create(NAME, {})
        assert shown(cgroups, "pids", "pids.max", "pids.max") == "max"

    def test_removal_leaves_nothing_and_can_be_repeated(self, host: Host) -> None:
        cgroups = self.make(host, {})
        cgroups.create(OTHER, {})
        assert {NAME, OTHER} <= set(cgroups.stale())
        cgroups.delete(NAME)
        cgroups.delete(NAME)
        assert {NAME, OTHER} & set(cgroups.stale()) == {OTHER}
        cgroups.delete(OTHER)
        assert OTHER not in cgroups.stale()

    def test_a_sampler_outlives_its_cgroup(self, host: Host) -> None:
        needs(host.cgroups, "pids")
        cgroups = self.make(host, {"pids": {"limit": 50}})
        sampler = cgroups.sampler(NAME)
        try:
            assert sampler.sample().pids_limit == 50
            cgroups.delete(NAME)
            assert sampler.sample().pids_limit == 50
        finally:
            sampler.close()

    def test_nobody_is_killed_for_memory_in_a_new_cgroup(self, host: Host) -> None:
        cgroups = self.make(host, {})
        assert cgroups.oom_kills(NAME) == 0

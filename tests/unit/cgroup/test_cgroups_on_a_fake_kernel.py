"""`Cgroups` on a directory that plays the kernel, in every layout that hosts have."""

import itertools
import os
from pathlib import Path

import pytest
from support.cgroup_cases import MIB, NAME, CgroupCases, Host
from support.cgroupfs import LAYOUTS, FakeCgroupfs, Layout

from engine import errors
from engine.cgroup import manager
from engine.cgroup.manager import Cgroups

EVERYTHING = {
    "memory": {"limit": 64 * MIB, "swap": 128 * MIB, "reservation": 32 * MIB},
    "cpu": {"shares": 512, "quota": 20000, "period": 100000, "cpus": "1", "mems": "0"},
    "pids": {"limit": 50},
    "blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1 << 20}]},
    "devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 3}],
}


def _host(root: Path, layout: Layout) -> tuple[Host, FakeCgroupfs]:
    fs = FakeCgroupfs(root, layout)
    cgroups = Cgroups.detect(fs.mountinfo, fs)
    pids = itertools.count(1000)

    def spawn(name: str) -> int:
        pid = next(pids)
        placement = cgroups.place(name)
        for path in placement.join:
            fs.write(path, str(pid))
        if placement.into:
            fs.write(f"{placement.into}/cgroup.procs", str(pid))
        return pid

    return Host(cgroups, spawn, lambda pid: pid not in cgroups.pids(NAME)), fs


def _left(root: Path) -> list[str]:
    return [folder for folder, _below, _files in os.walk(root) if "quarterdeck" in folder]


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in a fake ends by waiting."""
    monkeypatch.setattr(manager, "_DELETE_SECONDS", 0.0)


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> Layout:
    return LAYOUTS[request.param]


class TestTheFakeKernel(CgroupCases):
    @pytest.fixture
    def host(self, tmp_path: Path, layout: Layout) -> Host:
        return _host(tmp_path, layout)[0]


def test_whichever_call_of_create_fails_nothing_is_left(tmp_path: Path, layout: Layout) -> None:
    host, fs = _host(tmp_path, layout)
    host.cgroups.create(NAME, EVERYTHING)
    calls = fs.calls
    host.cgroups.delete(NAME)
    assert calls > 10
    failed = 0
    for k in range(1, calls + 1):
        fs.calls, fs.fail_at = 0, k
        try:
            host.cgroups.create(NAME, EVERYTHING)
        except errors.EngineError:
            failed += 1
        fs.fail_at = None
        if NAME in host.cgroups.stale():
            # A controller that cannot be handed down, or a flag of old kernels, is no failure.
            assert all(os.path.isdir(path) for path in host.cgroups.paths(NAME).values())
            host.cgroups.delete(NAME)
        assert _left(tmp_path) == [], f"after a failure of call {k}"
    assert failed >= calls // 2


def test_a_failed_removal_goes_on_and_reports_what_failed(tmp_path: Path, layout: Layout) -> None:
    host, fs = _host(tmp_path, layout)
    host.cgroups.create(NAME, {})
    fs.calls, fs.fail_at = 0, 1
    with pytest.raises(ExceptionGroup) as caught:
        host.cgroups.delete(NAME)
    assert len(caught.value.exceptions) == 1
    left = [folder for folder in _left(tmp_path) if folder.endswith(NAME)]
    assert len(left) == 1
    host.cgroups.delete(NAME)
    assert _left(tmp_path) == []


def test_nested_cgroups_go_with_theirs_however_deep(tmp_path: Path, layout: Layout) -> None:
    host, fs = _host(tmp_path, layout)
    host.cgroups.create(NAME, {})
    deepest = next(iter(host.cgroups.paths(NAME).values()))
    for _ in range(300):
        deepest += "/n"
        fs.mkdir(deepest)
    host.cgroups.delete(NAME)
    assert _left(tmp_path) == []


def test_a_cgroup_of_another_engine_stays(tmp_path: Path, layout: Layout) -> None:
    host, _fs = _host(tmp_path, layout)
    host.cgroups.create(NAME, {})
    host.cgroups.create("other", {})
    host.cgroups.delete(NAME)
    assert host.cgroups.stale() == ["other"]
    assert all(os.path.isdir(path) for path in host.cgroups.paths("other").values())


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "cgroup.procs", "tasks", "a" * 129, "a\nb"])
def test_a_name_that_is_no_single_directory_is_refused(tmp_path: Path, name: str) -> None:
    host, _fs = _host(tmp_path, LAYOUTS["hybrid"])
    with pytest.raises(errors.InvalidInput):
        host.cgroups.create(name, {})
    assert _left(tmp_path) == []


def test_v1_takes_the_devices_of_the_specification(tmp_path: Path) -> None:
    host, fs = _host(tmp_path, LAYOUTS["v1"])
    host.cgroups.create(NAME, EVERYTHING)
    assert fs.text(host.cgroups.paths(NAME)["devices"], "devices.list") == "c 1:3 rwm\n"


def test_an_update_does_not_touch_devices(tmp_path: Path) -> None:
    host, fs = _host(tmp_path, LAYOUTS["v1"])
    host.cgroups.create(NAME, EVERYTHING)
    host.cgroups.update(NAME, {"devices": [{"allow": False}], "pids": {"limit": 3}})
    assert fs.text(host.cgroups.paths(NAME)["devices"], "devices.list") == "c 1:3 rwm\n"


def test_a_memory_limit_below_use_is_a_conflict(tmp_path: Path, layout: Layout) -> None:
    host, fs = _host(tmp_path, layout)
    host.cgroups.create(NAME, {})
    folder = host.cgroups.paths(NAME)["memory"]
    current = "memory.current" if host.cgroups.controllers["memory"] == "v2" else "memory.usage_in_bytes"
    fs.write(f"{folder}/{current}", str(100 * MIB))
    with pytest.raises(errors.Conflict) as caught:
        host.cgroups.update(NAME, {"memory": {"limit": 64 * MIB}})
    assert caught.value.hint


def test_v2_may_drop_caches_to_get_below_a_new_limit(tmp_path: Path) -> None:
    host, fs = _host(tmp_path, LAYOUTS["v2"])
    host.cgroups.create(NAME, {})
    folder = host.cgroups.paths(NAME)["memory"]
    fs.write(f"{folder}/memory.current", str(100 * MIB))
    fs.write(f"{folder}/memory.stat", f"inactive_file {30 * MIB}\nactive_file {20 * MIB}")
    host.cgroups.update(NAME, {"memory": {"limit": 64 * MIB}})
    assert fs.text(folder, "memory.max") == f"{64 * MIB}\n"


def test_v2_hands_every_controller_down_to_ours(tmp_path: Path) -> None:
    host, fs = _host(tmp_path, LAYOUTS["v2"])
    host.cgroups.create(NAME, {})
    assert set(fs.text(f"{tmp_path}/unified/quarterdeck", "cgroup.subtree_control").split()) == set(
        LAYOUTS["v2"].v2 or ()
    )


def test_v2_inside_a_crowded_cgroup_enables_nothing_and_says_so(tmp_path: Path) -> None:
    fs = FakeCgroupfs(tmp_path, LAYOUTS["v2"])
    (tmp_path / "unified/cgroup.type").write_text("domain\n")
    (tmp_path / "unified/cgroup.procs").write_text("1\n")
    cgroups = Cgroups.detect(fs.mountinfo, fs)
    placement = cgroups.create(NAME, EVERYTHING)
    assert cgroups.controllers == {"freezer": "v2"}
    assert any("has processes" in warning for warning in cgroups.warnings)
    assert any("memory" in sentence for sentence in placement.ignored)
    assert fs.text(f"{tmp_path}/unified", "cgroup.subtree_control") == ""


def test_a_limit_without_its_controller_is_ignored_in_words(tmp_path: Path) -> None:
    host, _fs = _host(tmp_path, Layout(v1=(("pids",), ("freezer",))))
    placement = host.cgroups.create(NAME, {"memory": {"limit": MIB}, "pids": {"limit": 5}})
    assert len(placement.ignored) == 1
    assert "no memory controller" in placement.ignored[0]
    assert any("no memory controller" in warning for warning in host.cgroups.warnings)


def test_swap_that_is_not_counted_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    class Swapless(FakeCgroupfs):
        def mkdir(self, path: str) -> None:
            super().mkdir(path)
            os.unlink(f"{path}/memory.memsw.limit_in_bytes")

    fs = Swapless(tmp_path, Layout(v1=(("memory",),)))
    os.unlink(tmp_path / "memory/memory.memsw.limit_in_bytes")
    cgroups = Cgroups.detect(fs.mountinfo, fs)
    placement = cgroups.create(NAME, {"memory": {"limit": MIB, "swap": 2 * MIB}})
    assert any("swapaccount=1" in warning for warning in cgroups.warnings)
    assert any("swapaccount=1" in sentence for sentence in placement.ignored)


def test_a_weight_without_a_file_for_it_is_ignored_in_words(tmp_path: Path) -> None:
    host, _fs = _host(tmp_path, LAYOUTS["v1"])
    placement = host.cgroups.create(NAME, {"blockIO": {"weight": 500}})
    assert "BFQ" in placement.ignored[0]


def test_without_any_cgroups_everything_answers_with_nothing() -> None:
    cgroups = Cgroups.detect("22 27 0:21 / /proc rw,relatime - proc proc rw\n")
    placement = cgroups.create(NAME, EVERYTHING)
    assert (placement.join, placement.into) == ((), None)
    assert any("memory" in sentence for sentence in placement.ignored)
    sampler = cgroups.sampler(NAME)
    assert sampler.sample().memory_bytes == 0
    sampler.close()
    cgroups.update(NAME, EVERYTHING)
    cgroups.kill(NAME)
    cgroups.thaw(NAME)
    cgroups.delete(NAME)
    assert (cgroups.kind, cgroups.controllers, cgroups.pids(NAME), cgroups.oom_kills(NAME)) == ("none", {}, [], 0)
    assert (cgroups.paths(NAME), cgroups.stale()) == ({}, [])
    assert "no cgroup file system is mounted" in cgroups.warnings[0]
    with pytest.raises(errors.MissingFeature):
        cgroups.freeze(NAME)

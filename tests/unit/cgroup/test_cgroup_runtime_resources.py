"""What an OCI runtime is asked for beyond the engine's own limits."""

from pathlib import Path
from typing import Any

import pytest
from support.cgroupfs import LAYOUTS, FakeCgroupfs

from engine import errors
from engine.cgroup import device_filter, features, rules, settings, v1_figures, v2_figures
from engine.cgroup.manager import Cgroups
from engine.kernel import bpf

DISK = {"major": 8, "minor": 0}
ANY_CHAR: dict[str, Any] = {"allow": True, "type": "c", "access": "m"}


def _everything(_controller: str, _file: str) -> bool:
    return True


def _v1(resources: dict[str, Any]) -> list[tuple[str, str]]:
    return [(s.file, s.value) for s in settings.for_v1(resources, _everything)]


def _v2(resources: dict[str, Any]) -> list[tuple[str, str]]:
    return [(s.file, s.value) for s in settings.for_v2(resources, _everything, {})]


def _by_path(root: Path, layout: str) -> tuple[Cgroups, FakeCgroupfs]:
    fs = FakeCgroupfs(root, LAYOUTS[layout])
    return Cgroups.detect(fs.mountinfo, fs, subtree=""), fs


@pytest.mark.parametrize(
    ("resources", "writes"),
    [
        ({"memory": {"swappiness": 0, "disableOOMKiller": True, "kernel": 5, "kernelTCP": 5, "useHierarchy": True}},
         [("memory.oom_control", "1"), ("memory.swappiness", "0")]),
        ({"memory": {"limit": 0, "swap": 0, "swappiness": (1 << 64) - 1}}, []),
        ({"cpu": {"burst": 0, "idle": 1, "realtimeRuntime": 95, "realtimePeriod": 100}},
         [("cpu.cfs_burst_us", "0"), ("cpu.rt_period_us", "100"), ("cpu.rt_runtime_us", "95"), ("cpu.idle", "1")]),
        ({"blockIO": {"leafWeight": 10, "weightDevice": [{**DISK, "weight": 444, "leafWeight": 20}]}},
         [("blkio.leaf_weight", "10"), ("blkio.weight_device", "8:0 444"), ("blkio.leaf_weight_device", "8:0 20")]),
        ({"hugepageLimits": [{"pageSize": "2MB", "limit": 0}]},
         [("hugetlb.2MB.limit_in_bytes", "0"), ("hugetlb.2MB.rsvd.limit_in_bytes", "0")]),
        ({"network": {"classID": 1048577, "priorities": [{"name": "lo", "priority": 3}]}},
         [("net_cls.classid", "1048577"), ("net_prio.ifpriomap", "lo 3")]),
        ({"rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 100}}},
         [("rdma.max", "mlx5_1 hca_handle=3 hca_object=100")]),
    ],
)  # fmt: skip
def test_every_other_resource_has_its_file_on_v1(resources: dict[str, Any], writes: list[tuple[str, str]]) -> None:
    assert _v1(resources) == writes


@pytest.mark.parametrize(
    ("resources", "writes"),
    [
        ({"memory": {"swappiness": 10, "disableOOMKiller": True}}, []),
        ({"cpu": {"burst": 500, "idle": 1, "shares": 2}}, [("cpu.idle", "1"), ("cpu.max.burst", "500")]),
        ({"blockIO": {"weightDevice": [{**DISK, "weight": 444}]}}, [("io.bfq.weight", "8:0 444")]),
        ({"hugepageLimits": [{"pageSize": "1GB", "limit": 1}]},
         [("hugetlb.1GB.max", "1"), ("hugetlb.1GB.rsvd.max", "1")]),
        ({"memory": {"limit": 1}, "unified": {"memory.max": "2", "io.max": "8:0 riops=1\n8:1 wiops=2\n"}},
         [("memory.max", "1"), ("memory.max", "2"), ("io.max", "8:0 riops=1"), ("io.max", "8:1 wiops=2")]),
    ],
)  # fmt: skip
def test_every_other_resource_has_its_file_on_v2(resources: dict[str, Any], writes: list[tuple[str, str]]) -> None:
    assert _v2(resources) == writes


@pytest.mark.parametrize(
    "resources",
    [
        {"memory": {"limit": "64m"}},
        {"memory": {"swappiness": 101}},
        {"pids": {"limit": True}},
        {"cpu": {"cpus": ["0"]}},
        {"blockIO": {"throttleReadBpsDevice": [{"major": 8, "rate": 1}]}},
        {"blockIO": {"weightDevice": {"major": 8}}},
        {"hugepageLimits": [{"pageSize": "../../x", "limit": 1}]},
        {"network": {"priorities": [{"name": "a b", "priority": 1}]}},
        {"rdma": {"x\ny": {"hcaHandles": 1}}},
        {"devices": [{"allow": True, "type": "x"}]},
    ],
)
def test_what_is_no_resource_is_refused_in_words(resources: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInput):
        _v1(resources)


@pytest.mark.parametrize("name", ["a/b.c", "../memory.max", "memory", ".max", "memory."])
def test_a_unified_resource_is_the_name_of_a_file_of_a_controller(name: str) -> None:
    with pytest.raises(errors.InvalidInput, match="unified resource"):
        _v2({"unified": {name: "1"}})


@pytest.mark.parametrize("layout", ["v1", "hybrid"])
def test_unified_is_refused_where_there_is_v1(tmp_path: Path, layout: str) -> None:
    with pytest.raises(errors.InvalidInput, match="invalid configuration: cannot use unified on cgroup v1"):
        _by_path(tmp_path, layout)[0].create("a/b", {"unified": {"memory.min": "1"}}, strict=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_path_that_has_processes_is_refused_and_one_that_has_none_is_kept(tmp_path: Path, layout: str) -> None:
    cgroups, fs = _by_path(tmp_path, layout)
    place = cgroups.create("machine/web", {}, strict=True)
    cgroups.create("machine/web", {}, strict=True)
    for path in (*place.join, *((f"{place.into}/cgroup.procs",) if place.into else ())):
        fs.write(path, "1000")
    with pytest.raises(errors.Conflict, match=r"container's cgroup is not empty: 1 process\(es\) found"):
        cgroups.create("machine/web", {}, strict=True)


@pytest.mark.parametrize("layout", ["v1", "v2"])
def test_a_path_that_is_frozen_is_refused(tmp_path: Path, layout: str) -> None:
    cgroups, _fs = _by_path(tmp_path, layout)
    cgroups.create("web", {})
    folder = cgroups.paths("web")["freezer"]
    file, value = ("freezer.state", "FROZEN") if layout == "v1" else ("cgroup.freeze", "1")
    Path(folder, file).write_text(value)
    with pytest.raises(errors.Conflict, match="container's cgroup unexpectedly frozen"):
        cgroups.create("web", {})


def test_a_strict_caller_is_refused_what_another_is_told_of_and_nothing_is_left(tmp_path: Path) -> None:
    cgroups, _fs = _by_path(tmp_path, "v1")
    limits = {"hugepageLimits": [{"pageSize": "2MB", "limit": 0}]}
    assert "hugetlb" in cgroups.create("web", limits).ignored[0]
    cgroups.delete("web")
    with pytest.raises(errors.MissingFeature, match="hugetlb"):
        cgroups.create("a/web", limits, strict=True)
    assert cgroups.stale() == []


def test_devices_are_denied_by_v1_where_it_can_and_else_by_v2(tmp_path: Path) -> None:
    for layout, guarded in (("hybrid", 0), ("v2", 1), ("hybrid, memory on v2", 1)):
        root = tmp_path / str(len(layout))
        root.mkdir()
        cgroups, fs = _by_path(root, layout)
        cgroups.create("web", {"devices": [ANY_CHAR]})
        assert len(fs.guarded) == guarded


def test_a_rule_about_everything_makes_those_before_it_void() -> None:
    every = {"allow": True, "access": "rwm"}
    assert device_filter.allows_all([ANY_CHAR, every])
    assert not device_filter.allows_all([every, {**ANY_CHAR, "allow": False}])
    assert device_filter.merged(rules.parse([ANY_CHAR, {**ANY_CHAR, "access": "r"}])) == [
        rules.Rule(True, "c", None, None, "rm")
    ]


def test_a_program_is_whole_instructions_and_ends() -> None:
    program = device_filter.assemble(rules.parse([{"allow": False}, ANY_CHAR]))
    assert len(program) % bpf.INSTRUCTION_BYTES == 0
    assert program.endswith(bpf.move_number(0, 0) + bpf.leave())


def test_figures_have_the_names_of_runcs_events() -> None:
    files = {
        "cpu.stat": "usage_usec 3\nuser_usec 2\nsystem_usec 1\nnr_periods 4\nnr_throttled 5\nthrottled_usec 6\n",
        "cpu.pressure": "some avg10=1.50 avg60=0.00 avg300=0.00 total=7\n",
        "memory.current": "100\n", "memory.max": "1000\n", "memory.swap.current": "10\n", "memory.swap.max": "max\n",
        "memory.stat": "file 30\n", "pids.current": "2\n", "pids.max": "max\n", "cpuset.cpus": "0-1\n",
        "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0\n",
    }  # fmt: skip
    found = v2_figures.read_all(lambda _controller, file: files.get(file, ""))
    assert found["cpu"]["usage"] == {"total": 3000, "kernel": 1000, "user": 2000}
    assert found["cpu"]["psi"] == {"some": {"avg10": 1.5, "avg60": 0.0, "avg300": 0.0, "total": 7}}
    assert (found["memory"]["usage"]["limit"], found["memory"]["swap"]["limit"]) == (1000, (1 << 64) - 1)
    assert (found["memory"]["swap"]["usage"], found["memory"]["cache"]) == (110, 30)
    assert found["pids"] == {"current": 2, "limit": 0}
    assert found["cpuset"]["cpus"] == [0, 1]
    assert found["blkio"]["ioServicedRecursive"][1] == {"major": 8, "minor": 0, "op": "Write", "value": 4}
    assert (found["intel_rdt"], found["network_interfaces"]) == ({}, None)


def test_figures_of_v1_come_from_the_scheduler_that_counted() -> None:
    files = {
        "cpuacct.usage": "500\n", "cpuacct.usage_percpu": "200 300 \n", "cpuacct.usage_all": "cpu user system\n0 1 2\n",
        "cpuacct.stat": "user 1\nsystem 2\n", "memory.usage_in_bytes": "9\n", "memory.failcnt": "3\n",
        "blkio.throttle.io_service_bytes_recursive": "8:0 Read 5\n8:0 Total 5\nTotal 5\n",
    }  # fmt: skip
    found = v1_figures.read_all(lambda _controller, file: files.get(file, ""))
    assert found["cpu"]["usage"]["percpu"] == [200, 300]
    assert (found["cpu"]["usage"]["percpu_user"], found["cpu"]["usage"]["percpu_kernel"]) == ([1], [2])
    assert (found["memory"]["usage"]["usage"], found["memory"]["usage"]["failcnt"]) == (9, 3)
    assert [entry["value"] for entry in found["blkio"]["ioServiceBytesRecursive"]] == [5, 5]


def test_features_name_what_there_is() -> None:
    assert features.cgroup() == {"v1": True, "v2": True, "systemd": False, "systemdUser": False, "rdma": True}

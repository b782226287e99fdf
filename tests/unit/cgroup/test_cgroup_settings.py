"""OCI resources as writes into files."""

from typing import Any

import pytest

from engine import errors
from engine.cgroup import settings

DISK = {"major": 8, "minor": 0}
LIMITS: dict[str, Any] = {
    "memory": {"limit": 64 << 20, "swap": 96 << 20, "reservation": 32 << 20},
    "cpu": {"shares": 512, "quota": 150000, "period": 100000, "cpus": "0-1", "mems": "0"},
    "pids": {"limit": 100},
    "blockIO": {
        "weight": 500,
        "throttleReadBpsDevice": [{**DISK, "rate": 1048576}],
        "throttleWriteIOPSDevice": [{**DISK, "rate": 100}],
    },
}


def _everything(_controller: str, _file: str) -> bool:
    return True


def _v1(resources: dict[str, Any]) -> list[tuple[str, str]]:
    return [(setting.file, setting.value) for setting in settings.for_v1(resources, _everything)]


def _v2(resources: dict[str, Any], **now: str) -> list[tuple[str, str]]:
    texts = {name.replace("_", "."): text for name, text in now.items()}
    return [(setting.file, setting.value) for setting in settings.for_v2(resources, _everything, texts)]


def test_every_limit_has_its_file_on_v1() -> None:
    assert _v1(LIMITS) == [
        ("memory.limit_in_bytes", "67108864"),
        ("memory.memsw.limit_in_bytes", "100663296"),
        ("memory.soft_limit_in_bytes", "33554432"),
        ("cpu.shares", "512"),
        ("cpu.cfs_period_us", "100000"),
        ("cpu.cfs_quota_us", "150000"),
        ("cpuset.cpus", "0-1"),
        ("cpuset.mems", "0"),
        ("pids.max", "100"),
        ("blkio.weight", "500"),
        ("blkio.throttle.read_bps_device", "8:0 1048576"),
        ("blkio.throttle.write_iops_device", "8:0 100"),
    ]


def test_every_limit_has_its_file_on_v2() -> None:
    assert _v2(LIMITS) == [
        ("memory.max", "67108864"),
        ("memory.swap.max", "33554432"),
        ("memory.low", "33554432"),
        ("cpu.weight", "59"),
        ("cpu.max", "150000 100000"),
        ("cpuset.cpus", "0-1"),
        ("cpuset.mems", "0"),
        ("pids.max", "100"),
        ("io.bfq.weight", "500"),
        ("io.max", "8:0 rbps=1048576"),
        ("io.max", "8:0 wiops=100"),
    ]


def test_nothing_given_is_nothing_written() -> None:
    assert _v1({}) == _v2({}) == []
    assert _v1({"memory": {}, "cpu": None, "pids": {}}) == []


def test_zero_shares_and_quota_are_not_set() -> None:
    assert _v1({"cpu": {"shares": 0, "quota": 0, "period": 0, "cpus": ""}}) == []


def test_unlimited_memory_is_unlimited_swap_too() -> None:
    assert _v1({"memory": {"limit": -1}})[:2] == [
        ("memory.limit_in_bytes", "-1"),
        ("memory.memsw.limit_in_bytes", "-1"),
    ]
    assert _v2({"memory": {"limit": -1}}) == [("memory.max", "max"), ("memory.swap.max", "max")]


def test_a_swap_limit_alone_counts_from_the_memory_limit_in_force() -> None:
    assert _v2({"memory": {"swap": 100 << 20}}, memory_max=f"{64 << 20}\n") == [("memory.swap.max", str(36 << 20))]


def test_less_memory_and_swap_than_memory_is_refused_with_a_hint() -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        _v2({"memory": {"limit": 64 << 20, "swap": 32 << 20}})
    assert "--memory-swap" in caught.value.hint


def test_a_period_alone_keeps_the_quota_in_force() -> None:
    assert _v2({"cpu": {"period": 50000}}, cpu_max="20000 100000\n") == [("cpu.max", "20000 50000")]
    assert _v2({"cpu": {"period": 50000}}) == [("cpu.max", "max 50000")]


def test_a_quota_alone_keeps_the_period() -> None:
    assert _v2({"cpu": {"quota": 20000}}) == [("cpu.max", "20000")]
    assert _v2({"cpu": {"quota": -1}}) == [("cpu.max", "max")]


@pytest.mark.parametrize("shares", [1, 262145, -5])
def test_shares_that_the_kernel_would_clamp_are_refused(shares: int) -> None:
    for convert in (_v1, _v2):
        with pytest.raises(errors.InvalidInput):
            convert({"cpu": {"shares": shares}})


def test_weights_go_where_the_kernel_has_them() -> None:
    weight = {"blockIO": {"weight": 500}}
    v1 = settings.for_v1(weight, lambda _controller, file: file == "blkio.bfq.weight")
    v2 = settings.for_v2(weight, lambda _controller, file: file == "io.weight", {})
    assert [(s.file, s.value) for s in v1] == [("blkio.bfq.weight", "500")]
    assert [(s.file, s.value) for s in v2] == [("io.weight", "default 4950")]


def test_a_rate_of_zero_takes_the_limit_off() -> None:
    none = {"blockIO": {"throttleWriteBpsDevice": [{**DISK, "rate": 0}]}}
    assert _v1(none) == [("blkio.throttle.write_bps_device", "8:0 0")]
    assert _v2(none) == [("io.max", "8:0 wbps=max")]


def test_device_rules_are_written_in_their_order() -> None:
    rules = [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
        {"allow": True, "type": "c", "major": 136, "access": "rw"},
        {"allow": True, "type": "b", "major": -1, "minor": -1, "access": "m"},
    ]
    assert _v1({"devices": rules}) == [
        ("devices.deny", "a"),
        ("devices.allow", "c 1:3 rwm"),
        ("devices.allow", "c 136:* rw"),
        ("devices.allow", "b *:* m"),
    ]


def test_what_is_wanted_is_named_by_v1s_controllers() -> None:
    assert settings.wanted(LIMITS) == {"memory", "cpu", "cpuset", "pids", "blkio"}
    assert settings.wanted({"cpu": {"cpus": "1"}}) == {"cpuset"}
    assert settings.wanted({"pids": {"limit": None}, "devices": []}) == set()


def test_a_section_that_is_no_object_is_refused() -> None:
    with pytest.raises(errors.InvalidInput):
        settings.wanted({"memory": [1]})

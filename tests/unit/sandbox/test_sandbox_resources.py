"""Limits as an operator states them, with Docker's rules."""

import os
import stat
from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.model import DeviceRate, Limits
from engine.sandbox.resources import parse_list, resources

MIB = 1 << 20


def of(**limits: Any) -> dict[str, Any]:
    return resources(Limits(**limits))


def test_no_limits_give_no_sections() -> None:
    assert of() == {}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"memory_bytes": 64 * MIB}, {"limit": 64 * MIB, "swap": 128 * MIB}),
        ({"memory_bytes": 64 * MIB, "memory_swap_bytes": 64 * MIB}, {"limit": 64 * MIB, "swap": 64 * MIB}),
        ({"memory_bytes": 64 * MIB, "memory_swap_bytes": -1}, {"limit": 64 * MIB, "swap": -1}),
        ({"memory_bytes": 64 * MIB, "memory_swap_bytes": 0}, {"limit": 64 * MIB, "swap": 128 * MIB}),
        ({"memory_reservation_bytes": 32 * MIB}, {"reservation": 32 * MIB}),
    ],
)
def test_swap_is_counted_with_memory_and_twice_as_much_by_default(limits: dict[str, int], expected: Any) -> None:
    assert of(**limits)["memory"] == expected


def test_unlimited_swap_without_a_memory_limit_limits_nothing() -> None:
    assert of(memory_swap_bytes=-1) == {}


@pytest.mark.parametrize(
    "limits",
    [
        {"memory_bytes": 6 * MIB - 1},
        {"memory_bytes": -5},
        {"memory_swap_bytes": 64 * MIB},
        {"memory_bytes": 64 * MIB, "memory_swap_bytes": 63 * MIB},
        {"memory_bytes": 64 * MIB, "memory_reservation_bytes": 65 * MIB},
        {"memory_reservation_bytes": MIB},
        {"cpus": 1.0, "cpu_quota_usec": 50_000},
        {"cpus": 1.0, "cpu_period_usec": 50_000},
        {"cpus": 0.001},
        {"cpus": -1.0},
        {"cpus": 100_000.0},
        {"cpus": float("nan")},
        {"cpu_quota_usec": 999},
        {"cpu_quota_usec": -2},
        {"cpu_period_usec": 999},
        {"cpu_period_usec": 1_000_001},
        {"cpu_shares": 1},
        {"cpu_shares": -1},
        {"cpuset_cpus": "nonsense"},
        {"cpuset_mems": "3-"},
        {"blkio_weight": 9},
        {"blkio_weight": 1001},
        {"device_read_bps": (DeviceRate(path="/nonesuch", rate=1),)},
        {"device_read_bps": (DeviceRate(path="/dev/null", rate=1),)},
    ],
)
def test_what_makes_no_sense_is_refused_with_a_way_out(limits: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        of(**limits)
    assert caught.value.hint


def test_cpus_become_a_quota_of_the_default_period() -> None:
    assert of(cpus=0.2)["cpu"] == {"quota": 20_000, "period": 100_000}


def test_quota_and_period_are_passed_on() -> None:
    assert of(cpu_quota_usec=50_000, cpu_period_usec=200_000)["cpu"] == {"quota": 50_000, "period": 200_000}
    assert of(cpu_quota_usec=-1)["cpu"] == {"quota": -1}


def test_shares_and_sets_are_of_the_same_section() -> None:
    expected = {"shares": 512, "cpus": "0-1", "mems": "0"}
    assert of(cpu_shares=512, cpuset_cpus="0-1", cpuset_mems="0")["cpu"] == expected


@pytest.mark.parametrize(("pids", "expected"), [(100, 100), (0, -1), (-1, -1), (-7, -1)])
def test_no_processes_at_all_means_no_limit(pids: int, expected: int) -> None:
    assert of(pids=pids)["pids"] == {"limit": expected}


def test_a_device_is_known_by_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.stat_result((stat.S_IFBLK | 0o660, 0, 0, 0, 0, 0, 0, 0, 0, 0), {"st_rdev": os.makedev(254, 3)})
    monkeypatch.setattr(os, "stat", lambda _path: status)
    found = of(device_write_iops=(DeviceRate(path="/dev/vda3", rate=500),), blkio_weight=300)["blockIO"]
    assert found == {"weight": 300, "throttleWriteIOPSDevice": [{"major": 254, "minor": 3, "rate": 500}]}


def test_a_list_of_cpus_is_read() -> None:
    assert parse_list("0-2,4") == {0, 1, 2, 4}


@pytest.mark.parametrize("text", ["", ",", "1-", "-1", "a", "0-99999999999999999999", "1,,2", "1-0", "٣"])
def test_what_is_no_list_of_cpus_is_refused_at_once(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_list(text)

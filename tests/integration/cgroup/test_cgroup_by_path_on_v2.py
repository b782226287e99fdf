"""Cgroups by path, as qd-runtime makes them, where there is v2 alone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import errors
from engine.cgroup.manager import Cgroups

pytestmark = [pytest.mark.root, pytest.mark.cgroup2]
PARENT = f"quarterdeck-path-{os.getpid()}"
NAME = f"{PARENT}/web"


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    found = Cgroups.detect(subtree="")
    if found.kind != "v2":
        pytest.skip("needs cgroup v2 alone (make test-cgroup2)")
    yield found
    found.delete(NAME)
    found.delete(PARENT)


def _shown(cgroups: Cgroups, file: str) -> str:
    return Path(cgroups.paths(NAME)["unified"], file).read_text().strip()


def test_limits_of_every_kind_are_what_the_kernel_says(cgroups: Cgroups) -> None:
    cgroups.create(
        NAME,
        {
            "memory": {"limit": 64 << 20, "reservation": 32 << 20},
            "cpu": {"quota": 50000, "period": 100000, "burst": 1000},
            "pids": {"limit": 9},
            "unified": {"memory.high": "33554432", "pids.max": "8"},
            "devices": [{"allow": False, "access": "rwm"}],
        },
        strict=True,
    )
    files = ("memory.max", "memory.low", "memory.high", "pids.max", "cpu.max")
    assert [_shown(cgroups, file) for file in files] == ["67108864", "33554432", "33554432", "8", "50000 100000"]
    cgroups.update(NAME, {"cpu": {"idle": 1}}, strict=True)
    assert _shown(cgroups, "cpu.idle") == "1"


def test_a_limit_is_checked_before_it_kills_where_that_is_asked_for(cgroups: Cgroups) -> None:
    cgroups.create(NAME, {})
    cgroups.update(NAME, {"memory": {"limit": 64 << 20, "checkBeforeUpdate": True}}, strict=True)
    assert cgroups.stats(NAME)["memory"]["usage"]["limit"] == 64 << 20


def test_a_controller_that_is_not_there_is_refused_and_nothing_is_left(cgroups: Cgroups) -> None:
    with pytest.raises(errors.MissingFeature, match="controller nothing not available"):
        cgroups.create(NAME, {"unified": {"nothing.max": "1"}}, strict=True)
    assert not os.path.exists(cgroups.paths(PARENT)["unified"])


def test_a_cgroup_can_be_given_to_a_user(cgroups: Cgroups) -> None:
    cgroups.create(NAME, {})
    cgroups.delegate(NAME, 100000)
    folder = Path(cgroups.paths(NAME)["unified"])
    assert [(folder / file).stat().st_uid for file in ("", "cgroup.procs", "memory.max")] == [100000, 100000, 0]

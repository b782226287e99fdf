"""Device rules as a program on a v2 cgroup, tried on the kernel of this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cgroup import detect, device_filter
from engine.cgroup.kernfs import REAL

pytestmark = [pytest.mark.root, pytest.mark.cgroup2]

_TRY = """
import os, sys
open(sys.argv[1] + "/cgroup.procs", "w").write("0")
for flags, path in ((os.O_RDONLY, "/dev/zero"), (os.O_WRONLY, "/dev/zero"), (os.O_RDWR, "/dev/null")):
    try:
        os.close(os.open(path, flags))
        print("yes", end=" ")
    except PermissionError:
        print("no", end=" ")
try:
    os.mknod(sys.argv[2], 0o600 | 0o060000, os.makedev(7, 0))
    print("yes")
except PermissionError:
    print("no")
"""
DENY: dict[str, Any] = {"allow": False, "access": "rwm"}
NULL: dict[str, Any] = {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"}
ZERO: dict[str, Any] = {"allow": True, "type": "c", "major": 1, "minor": 5}
BLOCK: dict[str, Any] = {"allow": True, "type": "b", "access": "m"}


@pytest.fixture
def cgroup() -> Iterator[str]:
    tree = detect.v2_tree(detect.mounts(REAL.read("/proc/self/mountinfo")))
    if tree is None or not detect.is_usable(tree):
        pytest.skip("needs a v2 tree that can be changed")
    path = f"{tree.path}/quarterdeck-devices-{os.getpid()}"
    os.mkdir(path)
    yield path
    REAL.remove(path)


def _tried(cgroup: str, node: Path) -> list[str]:
    """Reading and writing zero, both with null, making a block device."""
    shown = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _TRY, cgroup, str(node)], capture_output=True, text=True, check=True
    )
    return shown.stdout.split()


@pytest.mark.parametrize(
    ("rules", "answers"),
    [
        ([DENY, NULL], "no no yes no"),
        ([NULL], "no no yes no"),
        ([DENY, NULL, {**ZERO, "access": "r"}, BLOCK], "yes no yes yes"),
        ([DENY, NULL, {**ZERO, "access": "r"}, {**ZERO, "access": "w"}], "yes yes yes no"),
        ([{"allow": True, "access": "rwm"}], "yes yes yes yes"),
        ([{"allow": True, "access": "rwm"}, {**ZERO, "allow": False, "access": "w"}], "yes no yes yes"),
        ([NULL, DENY], "no no no no"),
    ],
)
def test_a_process_gets_what_the_last_rule_that_fits_allows(
    cgroup: str, tmp_path: Path, rules: list[dict[str, Any]], answers: str
) -> None:
    device_filter.attach(cgroup, rules)
    assert _tried(cgroup, tmp_path / "node") == answers.split()


def test_a_thousand_rules_are_verified_by_the_kernel(cgroup: str, tmp_path: Path) -> None:
    rules = [{**NULL, "minor": number, "major": 200 + number % 7} for number in range(1000)]
    device_filter.attach(cgroup, [DENY, *rules, NULL])
    assert _tried(cgroup, tmp_path / "node")[2] == "yes"

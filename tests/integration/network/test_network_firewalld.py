"""A real firewalld, with a bus of its own, has our bridges in its zone `trusted` while they are wanted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def seen() -> dict[str, object]:
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
    driver = [*command, sys.executable, str(ROOT / "tests/support/firewalld_driver.py")]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    result = subprocess.run(driver, env=environment, capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr
    found: dict[str, object] = json.loads(result.stdout)
    return found


pytestmark = [pytest.mark.root, pytest.mark.requires("firewalld", "dbus-daemon", "ip", "unshare", "nft")]


def test_a_bridge_is_bound_once_and_without_a_word(seen: dict[str, object]) -> None:
    assert seen["at first"] == "no zone"
    assert seen["admitted"] == "trusted"
    assert seen["said"] == []


def test_it_is_unbound_by_its_own_engine_alone(seen: dict[str, object]) -> None:
    assert seen["another dismissed"] == "trusted"
    assert seen["dismissed"] == "no zone"


def test_a_sweep_unbinds_bridges_that_are_no_more(seen: dict[str, object]) -> None:
    assert seen["swept while it is there"] == "trusted"
    assert seen["swept"] == "no zone"


def test_what_an_operator_has_bound_elsewhere_stays_there(seen: dict[str, object]) -> None:
    assert seen["bound by an operator"] == "internal"
    assert seen["left to the operator"] == "internal"


def test_rules_of_a_dead_firewalld_are_told(seen: dict[str, object]) -> None:
    assert "FirewallD is not running" in str(seen["killed"])

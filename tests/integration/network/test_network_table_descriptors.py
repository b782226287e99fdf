"""The library of the rules in a process with more descriptors than select(2) can name."""

import os
import resource
import subprocess
import sys

from engine.network.table.descriptors import MOST

_SCRIPT = """
import os, resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
from engine.network.table import descriptors
from engine.network.table.libnftables import Nft
if {keep}:
    descriptors.keep()
while os.open("/dev/null", os.O_RDONLY) < 1100:
    pass
for _ in range(20):
    first, second = Nft(), Nft()
    first.run("list tables")
    second.run("list tables")
    first.close()
    second.close()
print("alive")
"""


def _run(*, keep: bool) -> "subprocess.CompletedProcess[str]":
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] > MOST, "needs a hard limit of more than 1024 descriptors"
    command = [sys.executable, "-c", _SCRIPT.format(keep=keep)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.getcwd()})


def test_rules_can_be_changed_however_many_descriptors_there_are() -> None:
    found = _run(keep=True)
    assert (found.returncode, found.stdout) == (0, "alive\n"), found.stderr


def test_without_a_low_one_there_is_an_error_and_not_the_end_of_the_process() -> None:
    found = _run(keep=False)
    assert found.returncode == 1
    assert "no low descriptor" in found.stderr

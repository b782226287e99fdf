"""A container cannot write to the engine's own program file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.sandbox import armour

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]

REPOSITORY = Path(armour.__file__).parents[2]
CHILD = """
import errno, os, sys
sys.path.insert(0, sys.argv[1])
from engine.sandbox import armour
words = armour.protect("tested")
def refusal():
    try:
        os.utime("/proc/self/exe")
    except OSError as err:
        return errno.errorcode[err.errno]
print(words, refusal(), open("/proc/self/comm").read().strip(), sys.argv[2:], sys.executable)
"""


def run_child(*arguments: str) -> str:
    command = [sys.executable, "-I", "-S", "-c", CHILD, str(REPOSITORY), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_file_of_a_protected_process_cannot_be_written_to() -> None:
    assert run_child().startswith("None EROFS tested")


def test_a_protected_process_is_the_same_program_with_the_same_arguments() -> None:
    assert run_child("a b", "").endswith(f"['a b', ''] {sys.executable}\n")


def test_the_copy_is_in_no_mount_table() -> None:
    before = Path("/proc/self/mountinfo").read_text()
    run_child()
    assert Path("/proc/self/mountinfo").read_text() == before


def test_a_file_that_is_gone_is_said_in_words_and_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(armour, "_SELF", "/nonesuch")
    words = armour.protect(Path("/proc/self/comm").read_text().strip())
    assert words is not None
    assert "could not be protected" in words
    assert os.path.exists("/proc/self/exe")

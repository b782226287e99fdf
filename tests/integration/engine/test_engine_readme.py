"""What the README shows is what happens: its commands run as they are written, in their order."""

import re
import subprocess
from pathlib import Path

import pytest
from support.deck import Deck
from support.waiting import SLOW

README = Path(__file__).resolve().parents[3] / "README.md"
NEEDS_A_PERSON = re.compile(r"^(git|make) |qd demo| -it |attach|logs -f")
"""Terminals are played in tests/e2e; installation is what this test runs on."""


def _commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not NEEDS_A_PERSON.search(line)]


@pytest.mark.requires("ps", "memory controller", "cpu controller", "pids controller", "python3 of the host")
def test_every_command_of_the_tour_works(deck: Deck) -> None:
    deck.start("-i", "--name", "desk", "localhost/base")  # in the README a terminal of the reader's
    commands = _commands()
    assert len(commands) > 10
    failed = {command: said for command in commands if (said := _failure(deck, command))}
    assert failed == {}


def _failure(deck: Deck, command: str) -> str:
    """Empty, or what went wrong. A command of the reader's shell is run by one."""
    result = subprocess.run(
        ["bash", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=deck.environment,
        timeout=60 * SLOW,
    )
    return "" if result.returncode == 0 else f"{result.returncode}: {result.stderr}"

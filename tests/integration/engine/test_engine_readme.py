"""What the README shows is what happens: its commands run as they are written, in their order."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from support.deck import Deck
from support.waiting import SLOW

from engine.state.paths import Paths

README = Path(__file__).resolve().parents[3] / "README.md"
NEEDS_A_PERSON = re.compile(r"^(git|make) |qd demo| -it |attach|logs -f")
"""Terminals are played in tests/e2e; installation is what this test runs on."""


INSTALLS = re.compile(r"^apt-get .*$", re.MULTILINE)


def _blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)


def _commands() -> list[str]:
    """Line by line, of the blocks that are no script."""
    blocks = [block for block in _blocks() if "<<" not in block]
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not NEEDS_A_PERSON.search(line)]


@pytest.mark.requires("ps", "memory controller", "cpu controller", "pids controller", "python3 of the host")
def test_every_command_of_the_tour_works(deck: Deck) -> None:
    deck.start("-i", "--name", "desk", "localhost/base")  # in the README a terminal of the reader's
    commands = _commands()
    assert len(commands) > 10
    failed = {command: said for command in commands if (said := _failure(deck, command))}
    assert failed == {}


@pytest.mark.requires("docker-registry", "namespaces", "overlay")
def test_the_registry_of_the_readme_takes_and_gives(deck: Deck) -> None:
    (script,) = [block for block in _blocks() if "docker-registry serve" in block]
    folder = os.path.dirname(deck.paths.root)
    try:
        assert _failure(deck, f"set -eu\n{INSTALLS.sub('', script)}", folder) == ""
    finally:
        Deck(Paths(f"{folder}/other/root", f"{folder}/other/run")).end()


def _failure(deck: Deck, command: str, folder: str | None = None) -> str:
    """Empty, or what went wrong. A command of the reader's shell is run by one."""
    result = subprocess.run(
        ["bash", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=deck.environment,
        cwd=folder,
        timeout=60 * SLOW,
    )
    return "" if result.returncode == 0 else f"{result.returncode}: {result.stderr}"

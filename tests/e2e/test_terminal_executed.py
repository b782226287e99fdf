"""A program in a running container, as a person has it at a terminal."""

from collections.abc import Callable

import pytest
from support.deck import Deck
from support.terminal import Terminal

BASE = "localhost/base"
OpenTerminal = Callable[..., Terminal]

pytestmark = [pytest.mark.root, pytest.mark.requires("tmux")]


def _enter(window: Terminal, name: str) -> None:
    window.type(f"qd exec -it -e PS1='in''side> ' {name} sh\n")
    window.wait_for_prompt("inside>")


def test_exec_gives_a_shell_beside_the_program(deck: Deck, terminal: OpenTerminal) -> None:
    deck.start("--name", "busy", BASE, "sleep", "1000")
    window = terminal(columns=90, rows=30)
    _enter(window, "busy")
    window.type("stty size; cat /proc/1/comm\n")
    window.wait_for("30 90")
    window.wait_for("sleep")
    window.type("exit 4\n")
    window.wait_for_prompt()
    window.type("echo code''=$?\n")
    window.wait_for("code=4")
    assert deck.engine.container("busy").state.status == "running"


def test_a_shell_in_a_container_that_is_killed_ends_with_it(deck: Deck, terminal: OpenTerminal) -> None:
    deck.start("--name", "doomed", BASE, "sleep", "1000")
    window = terminal()
    _enter(window, "doomed")
    deck.out("kill", "doomed")
    window.wait_for_prompt()
    window.type("echo code''=$?\n")
    window.wait_for("code=137")
    assert " icanon" in window.modes()


def test_a_missing_program_is_said_in_words_and_the_terminal_is_sane(deck: Deck, terminal: OpenTerminal) -> None:
    deck.start("--name", "plain", BASE, "sleep", "1000")
    window = terminal()
    window.run("qd", "exec", "-it", "plain", "no-such-program")
    window.wait_for('no-such-program":')
    window.type("echo code''=$?\n")
    window.wait_for("code=127")
    assert " icanon" in window.modes()

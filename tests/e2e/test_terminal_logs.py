"""A container's log on the operator's terminal."""

import subprocess
from collections.abc import Callable

import pytest
from support.deck import Deck
from support.terminal import Terminal

BASE = "localhost/base"
OpenTerminal = Callable[..., Terminal]

pytestmark = [pytest.mark.root, pytest.mark.requires("tmux")]
HOSTILE = r"printf '\033]2;stolen title\007\033[2J\033[31mred\033[0m \033[?1049hplain\n'"


def test_colours_of_a_log_stay_and_what_acts_on_the_terminal_does_not(deck: Deck, terminal: OpenTerminal) -> None:
    deck.out("run", "--name", "hostile", BASE, "sh", "-c", HOSTILE)
    window = terminal()
    window.run("qd", "logs", "hostile")
    window.wait_for("red plain")
    assert "qd logs hostile" in window.screen(), "the screen was cleared"
    assert "\x1b[31mred" in window.styled_screen()
    assert not window.alternate()
    assert "stolen" not in window._tmux("display-message", "-p", "#{pane_title}")


def test_what_is_piped_is_what_was_written(deck: Deck) -> None:
    deck.out("run", "--name", "raw", BASE, "sh", "-c", HOSTILE)
    piped = subprocess.run(["qd", "logs", "raw"], capture_output=True, env=deck.environment, timeout=60)
    assert piped.stdout == b"\x1b]2;stolen title\x07\x1b[2J\x1b[31mred\x1b[0m \x1b[?1049hplain\n"


def test_ctrl_c_ends_following_and_the_container_runs_on(deck: Deck, terminal: OpenTerminal) -> None:
    deck.start("--name", "steady", BASE, "sh", "-c", "echo up; sleep 1000")
    window = terminal()
    window.run("qd", "logs", "-f", "steady")
    window.wait_for("\nup")
    window.send("C-c")
    window.wait_for_prompt()
    window.type("echo code''=$?\n")
    window.wait_for("code=130")
    assert deck.engine.container("steady").state.status == "running"

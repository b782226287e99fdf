"""Whatever kills a client or the supervisor: containers live on, and no terminal is left raw."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from support.deck import Deck
from support.terminal import Terminal
from support.waiting import until

BASE = "localhost/base"
OpenTerminal = Callable[..., Terminal]

pytestmark = [pytest.mark.root, pytest.mark.requires("tmux")]


def _client_of(window: Terminal) -> int:
    """The `qd` that runs in this terminal."""
    children = Path(f"/proc/{window.pane_pid()}/task/{window.pane_pid()}/children")
    return int(until(children.read_text, "a client").split()[0])


def _becomes_sane(window: Terminal) -> None:
    until(lambda: {"icanon", "isig", "echo"} <= set(window.modes().replace(";", " ").split()), "a sane terminal")


def _open_shell(window: Terminal, name: str) -> None:
    # The quotes keep the echo of what is typed from looking like the prompt.
    window.type(f"qd run -it --name {name} -e PS1='in''side> ' {BASE} sh\n")
    window.wait_for_prompt("inside>")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_client_that_is_ended_leaves_a_sane_terminal_and_a_running_container(
    number: signal.Signals, deck: Deck, terminal: OpenTerminal
) -> None:
    window = terminal()
    _open_shell(window, "survivor")
    os.kill(_client_of(window), number)
    window.wait_for_prompt()
    _becomes_sane(window)
    assert deck.engine.container("survivor").state.status == "running"
    window.type("clear; echo typing''-works\n")
    window.wait_for("typing-works")


def test_a_killed_exec_leaves_a_sane_terminal(deck: Deck, terminal: OpenTerminal) -> None:
    deck.start("--name", "host", BASE, "sleep", "1000")
    window = terminal()
    window.type("qd exec -it -e PS1='in''side> ' host sh\n")
    window.wait_for_prompt("inside>")
    os.kill(_client_of(window), signal.SIGKILL)
    window.wait_for_prompt()
    _becomes_sane(window)


def test_a_full_screen_program_s_screen_is_left_when_its_client_is_killed(deck: Deck, terminal: OpenTerminal) -> None:
    window = terminal()
    _open_shell(window, "fullscreen")
    window.type(r"printf '\033[?1049h\033[Hwhole'' screen'; sleep 1000" + "\n")
    window.wait_for("whole screen")
    assert window.alternate()
    os.kill(_client_of(window), signal.SIGKILL)
    until(lambda: not window.alternate(), "the ordinary screen")
    _becomes_sane(window)


def test_an_attached_terminal_outlives_a_killed_supervisor(own_deck: Deck, terminal: OpenTerminal) -> None:
    window = terminal(own_deck.environment)
    _open_shell(window, "steady")
    os.kill(own_deck.engine.info().supervisor_pid, signal.SIGKILL)
    own_deck.engine.close()
    until(lambda: _answers(window), "an answer of the shell", show=window.screen)
    window.type("exit 8\n")
    window.wait_for_prompt()
    window.type("echo code''=$?\n")
    window.wait_for("code=8")
    _becomes_sane(window)


def _answers(window: Terminal) -> bool:
    window.type("echo al''ive\n")
    return "alive" in window.screen()


def test_a_program_s_output_is_whole_over_a_killed_supervisor(own_deck: Deck) -> None:
    script = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.25; done; exit 9"
    with own_deck.begin("run", "--name", "counter", BASE, "sh", "-c", script) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "1\n"
        os.kill(own_deck.engine.info().supervisor_pid, signal.SIGKILL)
        own_deck.engine.close()
        rest, err = client.communicate(timeout=60)
    assert (rest, client.returncode, err) == ("2\n3\n4\n5\n6\n7\n8\n", 9, "")
    assert own_deck.out("logs", "counter") == "1\n" + rest

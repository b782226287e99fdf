"""A container's own terminal, as a person has it: run, job control, size, detach, attach again, several at once."""

import re
from collections.abc import Callable

import pytest
from support.deck import Deck
from support.terminal import Terminal
from support.waiting import until

BASE = "localhost/base"
OpenTerminal = Callable[..., Terminal]

pytestmark = [pytest.mark.root, pytest.mark.requires("tmux")]


def _is_sane(window: Terminal) -> bool:
    """Lines, signals from keys and echo, as a shell expects them."""
    words = window.modes().replace(";", " ").split()
    return {"icanon", "isig", "echo", "opost"} <= set(words)


def _open_shell(window: Terminal, name: str, *options: str) -> None:
    # The quotes keep the echo of what is typed from looking like the prompt.
    window.type(f"qd run -it --name {name} {' '.join(options)} -e PS1='in''side> ' {BASE} sh\n")
    window.wait_for_prompt("inside>")


def test_run_is_a_real_terminal_and_the_exit_code_comes_back(terminal: OpenTerminal) -> None:
    window = terminal()
    _open_shell(window, "own", "--rm")
    window.type("echo hello-$((6*7)); tty\n")
    window.wait_for("hello-42")
    window.wait_for("/dev/pts/0")
    window.type("exit 5\n")
    window.wait_for_prompt()
    window.type("echo code=$?\n")
    window.wait_for("code=5")
    assert _is_sane(window)


def test_the_size_is_there_before_the_first_byte_and_follows_the_window(terminal: OpenTerminal) -> None:
    window = terminal(columns=97, rows=31)
    window.run("qd", "run", "-it", "--rm", "--name", "sized", BASE, "sh", "-c", "stty size; exec sh")
    window.wait_for("31 97")
    window.resize(120, 40)
    until(lambda: _size_inside(window) == "40 120", "the new size inside", show=window.screen)


def _size_inside(window: Terminal) -> str:
    window.type("clear; stty size\n")
    found = re.findall(r"^\d+ \d+$", window.screen(), re.MULTILINE)
    return found[-1] if found else ""


def test_ctrl_c_ends_a_program_inside_and_not_the_shell(terminal: OpenTerminal) -> None:
    window = terminal()
    _open_shell(window, "control", "--rm")
    window.type("echo be''gin; sleep 1000\n")
    window.wait_for("begin")
    window.send("C-c")
    window.type("echo rc''=$?\n")
    window.wait_for("rc=130")


def test_ctrl_z_stops_a_program_inside_and_fg_continues_it(terminal: OpenTerminal) -> None:
    window = terminal()
    _open_shell(window, "jobs", "--rm")
    window.type("echo be''gin; sleep 1000\n")
    window.wait_for("begin")
    window.send("C-z")
    window.wait_for("Stopped")
    window.type("fg\n")
    window.send("C-c")
    window.type("echo still''-here\n")
    window.wait_for("still-here")


def test_a_key_detaches_and_another_terminal_attaches_to_the_same_shell(deck: Deck, terminal: OpenTerminal) -> None:
    first, second = terminal(), terminal()
    _open_shell(first, "shared")
    first.type("word=carried; clear\n")
    first.send("C-]")
    first.wait_for_prompt()
    assert _is_sane(first)
    assert deck.engine.container("shared").state.status == "running"
    second.run("qd", "attach", "shared")
    until(lambda: _answers(second, "echo $word-over", "carried-over"), "the shell", show=second.screen)


def _answers(window: Terminal, command: str, answer: str) -> bool:
    window.type(f"{command}\n")
    return answer in window.screen()


def test_two_terminals_see_and_type_into_one_shell(terminal: OpenTerminal) -> None:
    first, second = terminal(), terminal()
    _open_shell(first, "both")
    second.run("qd", "attach", "both")
    until(lambda: _answers(second, "echo from''-second", "from-second"), "the second's words", show=second.screen)
    first.wait_for("from-second")
    first.type("echo from''-first\n")
    second.wait_for("from-first")
    first.type("exit 3\n")
    for window in (first, second):
        window.wait_for_prompt()
        window.type("echo code''=$?\n")
        window.wait_for("code=3")


def test_other_detach_keys_are_held_back_until_they_are_complete(terminal: OpenTerminal) -> None:
    window = terminal()
    _open_shell(window, "keys", "--detach-keys", "a,b")
    window.type("echo xaxay\n")
    window.wait_for("xaxay")
    window.type("ab")
    window.wait_for_prompt()


def test_vi_has_the_whole_screen_and_gives_it_back(deck: Deck, terminal: OpenTerminal) -> None:
    if deck.qd("run", "--rm", BASE, "sh", "-c", "command -v vi").code != 0:
        pytest.skip("needs vi on this host, so that the base image has it")
    window = terminal()
    _open_shell(window, "editor", "--rm")
    window.type("vi -u NONE /tmp/note\n")
    window.wait_for("~\n~\n~")
    window.type("iwritten inside")
    window.send("Escape")
    window.type(":wq\n")
    window.wait_for_prompt("inside>")
    window.type("cat /tmp/note\n")
    window.wait_for("\nwritten inside")


def test_start_attached_goes_on_with_a_stopped_container(terminal: OpenTerminal) -> None:
    window = terminal()
    _open_shell(window, "again")
    window.type("exit\n")
    window.wait_for_prompt()
    window.type("clear\n")
    window.run("qd", "start", "-ai", "again")
    window.wait_for_prompt("inside>")
    window.type("exit 6\n")
    window.wait_for_prompt()
    window.type("echo code''=$?\n")
    window.wait_for("code=6")


def test_a_flood_of_output_does_not_hold_up_ctrl_c(terminal: OpenTerminal) -> None:
    window = terminal()
    _open_shell(window, "flood", "--rm")
    window.type("yes a-flood\n")
    window.wait_for("a-flood\na-flood")
    window.send("C-c")
    window.wait_for_prompt("inside>")
    window.type("clear; echo dry''-land\n")
    window.wait_for("dry-land")

"""The dashboard as a person uses it: tmux types, and looks at the screen."""

import os
import signal
from collections.abc import Callable

import pytest
from support.deck import Deck
from support.terminal import Terminal
from support.waiting import until, until_gone

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces", "tmux")]

OpenTerminal = Callable[..., Terminal]


@pytest.fixture(autouse=True)
def _own_configuration(tmp_path, monkeypatch) -> None:
    """The choice of a theme is not the one of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def dashboard_of(window: Terminal) -> int:
    """The pid of what the terminal's shell has started."""

    def child() -> int:
        with open(f"/proc/{window.pane_pid()}/task/{window.pane_pid()}/children", encoding="ascii") as file:
            return int((file.read().split() or ["0"])[0])

    return until(child, "a child of the shell")


def select(window: Terminal, name: str) -> None:
    """Filter the list down to one container, and go to it."""
    window.type(f"/{name}\n")
    window.wait_for(f" {name}  ")


def test_the_demonstration_is_a_tour(deck: Deck, terminal: OpenTerminal):
    window = terminal(columns=120, rows=40)
    modes = window.modes()
    window.run("qd", "demo")
    window.wait_for("? keys", 60)
    for name in ("web", "logger", "burner", "shell"):
        window.wait_for(f" {name} ")

    select(window, "logger")
    window.wait_for("request ")
    window.send("Escape")

    select(window, "web")
    window.type("s")
    window.wait_for("Shell in web.")
    window.wait_for("\n#")  # the blank behind it is not in what tmux shows
    window.type("echo hello-$((6*7))\n")
    window.wait_for("hello-42")
    window.type("exit\n")
    window.wait_for("? keys")

    window.type("q")
    window.wait_for("ready>")
    until(lambda: not window.alternate(), "the end of the alternate screen")
    assert window.modes() == modes
    assert deck.engine.container("web").state.status == "running"


def test_it_follows_what_commands_do_elsewhere(deck: Deck, terminal: OpenTerminal):
    window = terminal()
    window.run("qd")
    window.wait_for("There are no containers yet.")
    deck.out("run", "-d", "--name", "newcomer", "localhost/base", "sh", "-c", "echo here I am; sleep 1000")
    window.wait_for("newcomer")
    window.wait_for("here I am")
    deck.out("pause", "newcomer")
    window.wait_for("frozen")
    deck.out("rm", "-f", "newcomer")
    window.wait_for("There are no containers yet.")
    window.type("q")
    window.wait_for("ready>")


def test_why_a_container_died_is_there_before_any_key(deck: Deck, terminal: OpenTerminal):
    deck.qd("run", "--name", "healthy", "-d", "localhost/base", "sleep", "1000")
    deck.qd("run", "--name", "broken", "localhost/base", "sh", "-c", "echo no configuration; exit 3")
    window = terminal()
    window.run("qd")
    window.wait_for("exit 3")
    window.wait_for("no configuration")
    window.type("q")
    window.wait_for("ready>")


def test_stopping_is_asked_about_and_starting_is_not(deck: Deck, terminal: OpenTerminal):
    deck.out(
        "run",
        "-d",
        "--name",
        "worker",
        "--stop-timeout",
        "1",
        "localhost/base",
        "sh",
        "-c",
        "trap 'exit 0' TERM; sleep 1000 & wait",
    )
    window = terminal()
    window.run("qd")
    window.wait_for("worker")
    window.type("T")
    window.wait_for("Stop worker?")
    window.send("Enter")
    window.wait_until_gone("Stop worker?")
    assert deck.engine.container("worker").state.status == "running"
    window.type("T")
    window.wait_for("Stop worker?")
    window.type("y")
    window.wait_for("exit 0")
    window.type("S")
    window.wait_for("up ")
    window.type("D")
    window.wait_for("Delete worker?")
    window.type("y")
    window.wait_for("There are no containers yet.")
    window.type("q")
    window.wait_for("ready>")


def test_a_container_s_own_terminal_is_left_with_its_own_key(deck: Deck, terminal: OpenTerminal):
    deck.out("run", "-dit", "--name", "console", "localhost/base", "sh")
    window = terminal()
    window.run("qd")
    window.wait_for("console")
    window.type("a")
    window.wait_for("ctrl-] leaves it running")
    window.type("echo hello-$((6*7))\n")
    window.wait_for("hello-42")
    window.send("C-]")
    window.wait_for("? keys")
    window.type("q")
    window.wait_for("ready>")
    assert deck.engine.container("console").state.status == "running"


def test_a_shell_that_is_not_there_is_told_afterwards(deck: Deck, terminal: OpenTerminal):
    deck.out("run", "-d", "--name", "bare", "localhost/base", "sleep", "1000")
    deck.out("exec", "bare", "rm", "/bin/sh")
    window = terminal(columns=120, rows=40)
    window.run("qd")
    window.wait_for("bare")
    window.type("s")
    window.wait_for("exec bare")
    window.type("q")
    window.wait_for("ready>")


def test_a_read_only_dashboard_opens_no_shell(deck: Deck, terminal: OpenTerminal):
    deck.out("run", "-d", "--name", "quiet", "localhost/base", "sleep", "1000")
    window = terminal()
    window.run("qd", "--read-only")
    window.wait_for("READ-ONLY")
    window.wait_for("quiet")
    window.type("sTDKq")
    window.wait_for("ready>")
    assert deck.engine.container("quiet").state.status == "running"


def test_any_size_and_any_change_of_it_will_do(deck: Deck, terminal: OpenTerminal):
    deck.out("run", "-d", "--name", "steady", "localhost/base", "sleep", "1000")
    window = terminal()
    window.run("qd")
    window.wait_for("steady")
    for columns, rows in ((120, 40), (40, 10), (20, 5), (200, 50), (80, 24)):
        window.resize(columns, rows)
        window.wait_for("qd")
    window.wait_for("? keys")
    window.type("q")
    window.wait_for("ready>")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_dashboard_that_is_killed_leaves_the_terminal_as_it_was(deck: Deck, terminal: OpenTerminal, number):
    deck.out("run", "-d", "--name", "survivor", "localhost/base", "sleep", "1000")
    window = terminal()
    modes = window.modes()
    window.run("qd")
    window.wait_for("survivor")
    pid = dashboard_of(window)
    os.kill(pid, number)
    assert until_gone(pid)
    until(lambda: window.modes() == modes and not window.alternate(), "the terminal as it was")
    window.type("echo sane-$((6*7))\n")
    window.wait_for("sane-42")
    assert deck.engine.container("survivor").state.status == "running"


def test_where_there_is_no_engine_and_none_can_be_started_it_opens_and_says_why(deck: Deck, terminal: OpenTerminal):
    window = terminal({**deck.environment, "QUARTERDECK_RUN": "/proc/nowhere", "QUARTERDECK_ROOT": "/proc/nowhere"})
    window.run("qd")
    window.wait_for("Trying again by itself.")
    window.type("q")
    window.wait_for("ready>")

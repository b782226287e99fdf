"""The dashboard outlives the engine's supervisor, and finds the next one by itself."""

import os
import signal
from collections.abc import Callable

import pytest
from support.deck import Deck
from support.terminal import Terminal
from support.waiting import until_gone

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces", "tmux")]


OpenTerminal = Callable[..., Terminal]


def test_a_supervisor_that_is_killed_is_replaced_under_the_dashboard(own_deck: Deck, tmp_path):
    own_deck.out(
        "run", "-d", "--name", "ticker", "localhost/base", "sh", "-c", "while :; do date +%s.%N; sleep 0.2; done"
    )
    with Terminal({**own_deck.environment, "XDG_CONFIG_HOME": str(tmp_path)}) as window:
        window.run("qd")
        window.wait_for("ticker")
        pid = own_deck.engine.info().supervisor_pid
        os.kill(pid, signal.SIGKILL)
        assert until_gone(pid)
        window.wait_for("up ")
        own_deck.engine.close()
        assert own_deck.engine.info().supervisor_pid != pid
        own_deck.out("rename", "ticker", "renamed")
        window.wait_for("renamed")
        window.type("q")
        window.wait_for("ready>")


def test_a_terminal_that_is_resized_during_a_shell_is_drawn_in_its_new_size(
    deck: Deck, terminal: OpenTerminal, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    deck.out("run", "-d", "--name", "box", "localhost/base", "sleep", "1000")
    window = terminal(columns=120, rows=40)
    window.run("qd")
    window.wait_for("box")
    window.type("s")
    window.wait_for("Shell in box.")
    window.wait_for("\n#")
    window.resize(70, 20)
    window.type("stty size\n")
    window.wait_for("20 70")
    window.type("exit\n")
    window.wait_for("? keys")
    assert all(len(line) <= 70 for line in window.screen().splitlines())
    window.type("q")
    window.wait_for("ready>")

"""What happens when the program exits by itself."""

from collections.abc import Callable

import pytest
from support.deck import Deck, Outcome
from support.waiting import until

from engine.model import Status

BASE = "localhost/base"


def test_on_failure_tries_as_often_as_it_may_and_gives_up(deck: Deck) -> None:
    deck.start("--name", "stubborn", "--restart", "on-failure:2", BASE, "sh", "-c", "echo try; exit 3")
    until(lambda: deck.out("logs", "stubborn") == "try\n" * 3, "the third try")
    until(lambda: deck.engine.container("stubborn").state.status == Status.EXITED, "the end of trying")
    state = deck.engine.container("stubborn").state
    assert (state.restarts, state.exit_code) == (2, 3)


def test_on_failure_leaves_a_success_alone(deck: Deck) -> None:
    deck.start("--name", "content", "--restart", "on-failure", BASE, "true")
    assert deck.out("wait", "content") == "0\n"
    assert deck.engine.container("content").state.restarts == 0


def test_always_starts_a_program_again_that_succeeded(deck: Deck) -> None:
    deck.start("--name", "eager", "--restart", "always", BASE, "true")
    until(lambda: deck.engine.container("eager").state.restarts >= 2, "the second restart")


@pytest.mark.parametrize("policy", ["always", "unless-stopped"])
def test_what_its_operator_stopped_stays_stopped(policy: str, deck: Deck) -> None:
    deck.start("--name", "obedient", "--restart", policy, BASE, "sleep", "1000")
    deck.out("stop", "-t", "0", "obedient")
    state = deck.engine.container("obedient").state
    assert (state.status, state.restarts, state.stopped_by_user) == (Status.EXITED, 0, True)


def test_a_container_that_waits_for_its_restart_can_be_stopped(deck: Deck) -> None:
    deck.start("--name", "loop", "--restart", "always", BASE, "false")
    until(lambda: deck.engine.container("loop").state.restarts >= 2, "a loop")
    deck.out("stop", "loop")
    assert deck.engine.container("loop").state.status == Status.EXITED


def test_a_container_in_a_restart_loop_can_be_removed(deck: Deck) -> None:
    deck.start("--name", "loop", "--restart", "always", BASE, "false")
    until(lambda: deck.engine.container("loop").state.restarts >= 1, "a restart")
    deck.out("rm", "-f", "loop")
    assert deck.engine.containers() == ()


def test_the_list_says_that_it_is_restarting(deck: Deck) -> None:
    deck.start("--name", "loop", "--restart", "always", BASE, "sh", "-c", "exit 4")
    until(lambda: "Restarting (4)" in deck.out("ps", "-a", "--filter", "name=loop"), "the status")


def test_update_ends_a_restart_loop(deck: Deck) -> None:
    deck.start("--name", "loop", "--restart", "always", BASE, "false")
    until(lambda: deck.engine.container("loop").state.restarts >= 1, "a restart")
    deck.out("update", "--restart", "no", "loop")
    until(lambda: deck.engine.container("loop").state.status == Status.EXITED, "the end of the loop")


def test_restart_and_one_use_exclude_each_other(qd: Callable[..., Outcome]) -> None:
    outcome = qd("run", "--rm", "--restart", "always", BASE, "true")
    assert outcome.code == 125
    assert "hint: " in outcome.err


@pytest.mark.requires("memory controller")
def test_a_container_killed_for_its_memory_comes_back(deck: Deck) -> None:
    limits = ("--memory", "32m", "--memory-swap", "32m")
    script = "test -e /opt/second && exec sleep 1000; touch /opt/second; exec tail /dev/zero"
    deck.start("--name", "phoenix", "--restart", "on-failure", *limits, BASE, "sh", "-c", script)

    def is_back() -> bool:
        state = deck.engine.container("phoenix").state
        return state.restarts == 1 and state.status == Status.RUNNING

    until(is_back, "the second run", show=lambda: deck.engine.container("phoenix").state)
    assert [event.action for event in deck.engine.events(filters={"container": ["phoenix"]})].count("oom") == 1

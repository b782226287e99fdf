"""The demonstration without a terminal: started, started again, and removed."""

from collections.abc import Iterator

import pytest
from support.deck import Deck
from support.waiting import until

NAMES = {"web", "logger", "burner", "hungry", "failing", "shell"}


@pytest.fixture
def demo(deck: Deck) -> Iterator[Deck]:
    yield deck
    deck.out("demo", "--stop")


def _ids(deck: Deck) -> dict[str, str]:
    return {container.name: container.id for container in deck.engine.containers()}


def test_without_a_terminal_it_prints_a_list_figures_and_a_log(demo: Deck) -> None:
    outcome = demo.qd("demo")
    assert outcome.code == 0, outcome.err
    containers, stats, log = outcome.out.split("\n\n")
    assert containers.startswith("CONTAINER ID   IMAGE")
    assert stats.startswith("CONTAINER ID   NAME")
    assert "request 1:" in log
    assert all(name in containers for name in NAMES)


def test_once_more_keeps_what_runs_and_starts_what_has_ended(demo: Deck) -> None:
    demo.out("demo")
    first = _ids(demo)
    demo.out("kill", "logger")
    demo.out("pause", "web")
    demo.out("rm", "-f", "burner")
    demo.out("demo")
    second = _ids(demo)
    assert set(second) == NAMES
    assert {name for name in NAMES if first[name] != second[name]} == {"burner"}
    states = {container.name: container.state.status for container in demo.engine.containers()}
    assert {states[name] for name in ("web", "logger", "burner", "shell")} == {"running"}


@pytest.mark.requires("memory controller")
def test_the_hungry_one_is_killed_by_its_limit_and_comes_back(demo: Deck) -> None:
    demo.out("demo")
    until(lambda: demo.engine.container("hungry").state.restarts, "a restart", 60)
    events = [event.action for event in demo.engine.events(filters={"container": ["hungry"]})]
    assert "oom" in events


def test_the_failing_one_says_why(demo: Deck) -> None:
    demo.out("demo")
    until(lambda: demo.engine.container("failing").state.exit_code == 1, "its exit")
    assert "fatal: cannot open" in demo.qd("logs", "failing").err


def test_stopping_removes_its_own_and_nothing_else(deck: Deck) -> None:
    deck.start("--name", "bystander", "localhost/base", "sleep", "1000")
    deck.out("demo")
    assert set(deck.out("demo", "--stop").split()) == NAMES
    assert set(_ids(deck)) == {"bystander"}
    assert deck.out("demo", "--stop") == ""


def test_a_name_that_somebody_has_taken_is_said_and_the_others_start(demo: Deck) -> None:
    demo.start("--name", "web", "localhost/base", "sleep", "1000")
    outcome = demo.qd("demo")
    assert outcome.code == 125
    assert "web" in outcome.err
    assert set(_ids(demo)) >= NAMES

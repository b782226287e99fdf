"""The journal: what happened, in Docker's words, from disk and as it happens."""

import json
import time
from collections.abc import Callable

import pytest
from support.deck import Deck

BASE = "localhost/base"


def _actions(deck: Deck, name: str) -> list[str]:
    return [event.action for event in deck.engine.events(filters={"container": [name]})]


def test_the_life_of_a_container_is_in_the_journal(deck: Deck) -> None:
    deck.out("run", "--name", "chronicle", BASE, "true")
    deck.out("rename", "chronicle", "renamed")
    deck.out("rm", "renamed")
    events = [event for event in deck.engine.events() if event.name in ("chronicle", "renamed")]
    assert [event.action for event in events] == ["create", "start", "die", "rename", "destroy"]
    assert events[2].attributes["exitCode"] == "0"
    assert len({event.id for event in events}) == 1


@pytest.mark.requires("freezer controller")
def test_every_verb_has_its_event(deck: Deck, idle: Callable[..., str]) -> None:
    idle("eventful")
    for verb in ("pause", "unpause", "kill"):
        deck.out(verb, "eventful")
    deck.out("wait", "eventful")
    actions = _actions(deck, "eventful")
    assert [action for action in actions if action in ("pause", "unpause", "kill", "die")] == [
        "pause",
        "unpause",
        "kill",
        "die",
    ]


@pytest.mark.requires("memory controller")
def test_an_oom_kill_is_an_event(deck: Deck) -> None:
    deck.qd("run", "--name", "starved", "--memory", "32m", "--memory-swap", "32m", BASE, "tail", "/dev/zero")
    assert "oom" in _actions(deck, "starved")


def test_events_are_followed_as_they_happen(deck: Deck) -> None:
    since = f"{time.time_ns() / 1e9:.9f}"
    deck.out("run", "--rm", "--name", "seen", BASE, "true")
    options = ("--since", since, "--format", "json", "--filter", "container=seen", "--filter", "event=start")
    with deck.begin("events", *options) as follower:
        assert follower.stdout is not None
        names = []
        for _ in range(3):  # the first from the journal, the others as they happen
            names.append(json.loads(follower.stdout.readline())["Actor"]["Attributes"]["name"])
            deck.out("run", "--rm", "--name", "seen", BASE, "true")
        follower.terminate()
        follower.communicate(timeout=60)
    assert names == ["seen"] * 3


def test_the_journal_can_be_cut_by_time(deck: Deck) -> None:
    deck.out("run", "--rm", "--name", "old", BASE, "true")
    between = time.time_ns()
    deck.out("run", "--rm", "--name", "new", BASE, "true")
    since = {event.name for event in deck.engine.events(since_ns=between)}
    until = {event.name for event in deck.engine.events(until_ns=between)}
    assert "old" not in since
    assert "new" in since
    assert "new" not in until
    assert "old" in until


def test_the_journal_outlives_what_it_tells_of(deck: Deck) -> None:
    container = deck.start("--name", "gone", BASE, "sleep", "1000")
    deck.out("rm", "-f", "gone")
    assert [event.action for event in deck.engine.events() if event.id == container][-1] == "destroy"

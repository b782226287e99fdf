"""The whole engine: the installed command and the client against a supervisor of their own."""

from collections.abc import Callable

import pytest
from support.deck import Deck, Outcome
from support.requirements import requires

from engine.model import ContainerState

BASE = "localhost/base"


@pytest.fixture(scope="session", autouse=True)
def _ground() -> None:
    """Where containers cannot be made these tests skip, and name what is refused."""
    requires("root", "namespaces")


@pytest.fixture
def qd(deck: Deck) -> Callable[..., Outcome]:
    """Runs the installed command against the shared engine."""
    return deck.qd


@pytest.fixture
def out(deck: Deck) -> Callable[..., str]:
    """The standard output of a command that must succeed."""
    return deck.out


@pytest.fixture
def state(deck: Deck) -> Callable[[str], ContainerState]:
    """The state of a container of the shared engine."""
    return lambda name: deck.engine.container(name).state


@pytest.fixture
def idle(deck: Deck) -> Callable[..., str]:
    """Starts a container that does nothing: `idle("name", "--memory", "64m")`."""

    def start(name: str, *options: str) -> str:
        return deck.start("--name", name, *options, BASE, "sleep", "1000")

    return start

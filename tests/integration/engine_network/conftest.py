"""The whole engine on a small network: the test, the command and the supervisor are on the laboratory's host."""

from collections.abc import Callable, Iterator

import pytest
from support import netlab
from support.boxes import BASE, Boxes
from support.deck import Deck, Outcome, new_deck
from support.netlab import MTU, Lab
from support.requirements import requires
from support.waiting import until

from engine.state.paths import Paths


@pytest.fixture(scope="session", autouse=True)
def _ground() -> None:
    requires("root", "namespaces", "ip", "nft", "ss")


@pytest.fixture(scope="module")
def lab(_ground: None) -> Iterator[Lab]:
    """Its own for each module, since some break it."""
    with Lab(MTU) as lab:
        yield lab


@pytest.fixture(autouse=True)
def _on_the_host(lab: Lab) -> Iterator[None]:
    """What the test starts is on the laboratory's host."""
    with lab.host.enter():
        yield


@pytest.fixture(scope="module")
def lab_deck(lab: Lab, base_store: Paths) -> Iterator[Deck]:
    """One engine a module; when it is gone the host is as it was before."""
    before = netlab.take(lab.host)
    deck = new_deck(base_store)
    with lab.host.enter():
        deck.out("run", "--rm", BASE, "true")
        deck.engine.info()  # this process's connection is no test's either
        inside = netlab.take(lab.host)
    assert inside.links > before.links, "the engine is not on the laboratory's host"
    yield deck
    with lab.host.enter():
        deck.end()
    _until_as_before(lab, before)


@pytest.fixture
def deck(lab_deck: Deck, lab: Lab) -> Iterator[Deck]:
    """The module's engine; of what a test has made on it nothing stays."""
    before = netlab.take(lab.host)
    yield lab_deck
    lab.settle()
    lab_deck.remove_all()
    lab_deck.out("network", "prune", "--force")
    _until_as_before(lab, before)


@pytest.fixture
def own_deck(lab: Lab, base_store: Paths) -> Iterator[Deck]:
    """An engine of this test alone: for tests that kill."""
    before = netlab.take(lab.host)
    deck = new_deck(base_store)
    yield deck
    lab.settle()
    deck.end()
    _until_as_before(lab, before)


@pytest.fixture
def boxes(deck: Deck) -> Boxes:
    """Containers of the module's engine."""
    return Boxes(deck)


@pytest.fixture
def own_boxes(own_deck: Deck) -> Boxes:
    """Containers of an engine of this test alone."""
    return Boxes(own_deck)


@pytest.fixture
def qd(deck: Deck) -> Callable[..., Outcome]:
    """Runs the installed command against the module's engine."""
    return deck.qd


@pytest.fixture
def out(deck: Deck) -> Callable[..., str]:
    """The standard output of a command that must succeed."""
    return deck.out


def _until_as_before(lab: Lab, before: netlab.Belongings) -> None:
    """A veth is gone a moment after its namespace."""

    def difference() -> list[str]:
        return netlab.difference(before, netlab.take(lab.host))

    until(lambda: not difference(), "the host to be as before", show=lambda: "\n".join(difference()))

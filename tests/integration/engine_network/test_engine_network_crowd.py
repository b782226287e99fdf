"""Two hundred containers on one host."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.boxes import BASE, Boxes
from support.deck import Deck
from support.netlab import HOST, Lab
from support.waiting import until, until_gone

COUNT = 200


@pytest.fixture
def crowd(own_deck: Deck) -> Iterator[frozenset[str]]:
    """Those that sleep; their addresses."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: own_deck.start(BASE, "sleep", "1000"), range(COUNT)))
    yield frozenset(container.endpoints[0].address for container in own_deck.engine.containers(everything=False))


def test_each_has_its_address_and_one_more_works_like_the_first(
    lab: Lab, own_deck: Deck, own_boxes: Boxes, crowd: frozenset[str]
) -> None:
    assert len(crowd) == len(lab.container_ends()) == COUNT
    web = own_boxes.serve("web", "-p", "8080:80")
    assert web not in crowd
    assert lab.other.ask("tcp", HOST, 8080).startswith("web ")
    own_deck.remove_all()
    until(lambda: not lab.container_ends(), "every link to go", show=lambda: len(lab.container_ends()))


def test_a_new_supervisor_takes_all_of_them_over_and_starts_more(
    lab: Lab, own_deck: Deck, own_boxes: Boxes, crowd: frozenset[str]
) -> None:
    """It has opened some two thousand descriptors before it makes its first rule; select(2) takes 1024."""
    pid = own_deck.engine.info().supervisor_pid
    os.kill(pid, signal.SIGKILL)
    assert until_gone(pid)
    own_deck.engine.close()
    assert len(own_deck.out("ps", "-q").split()) == COUNT
    assert len(lab.container_ends()) == COUNT
    own_deck.out("network", "create", "front")
    web = own_boxes.serve("web", "--network", "front", "-p", "8080:80")
    assert own_boxes.run("web", "getent", "hosts", "web").split()[0] == web
    assert lab.other.ask("tcp", HOST, 8080).startswith("web ")

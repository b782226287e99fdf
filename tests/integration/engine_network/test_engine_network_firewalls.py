"""Firewalls of the host that drop what they forward let containers through, and are left as they were."""

from collections.abc import Iterator

import pytest
from support import other_firewalls
from support.boxes import Boxes
from support.netlab import HOST, INTERNET, Lab
from support.waiting import until

pytestmark = pytest.mark.requires("iptables-nft", "iptables-legacy")


@pytest.fixture(params=["iptables-nft", "iptables-legacy", "nft with a last rule and more tables", "Docker's chains"])
def dropping(request: pytest.FixtureRequest, lab: Lab) -> Iterator[str]:
    """A firewall of the host's, there before the engine."""
    other_firewalls.SETUPS[request.param](lab.host)
    before = other_firewalls.rules(lab.host)
    yield request.param
    assert other_firewalls.rules(lab.host) == before
    other_firewalls.clear(lab.host)


@pytest.fixture
def dropping_boxes(dropping: str, own_boxes: Boxes) -> Boxes:
    """Containers of an engine that came after it."""
    return own_boxes


def test_containers_reach_the_outside_and_are_reached_by_their_ports(lab: Lab, dropping_boxes: Boxes) -> None:
    lab.other.serve("tcp", 80)
    dropping_boxes.serve("web", "-p", "8080:80")
    assert dropping_boxes.ask("web", "tcp", INTERNET, 80).startswith(f"other {HOST} ")
    assert lab.other.ask("tcp", HOST, 8080).startswith("web ")
    assert lab.host.ask("tcp", "127.0.0.1", 8080).startswith("web ")


def test_neighbours_reach_each_other_and_nobody_a_port_that_is_not_published(lab: Lab, dropping_boxes: Boxes) -> None:
    address = dropping_boxes.serve("web")
    neighbour = dropping_boxes.idle("neighbour")
    assert dropping_boxes.ask("neighbour", "tcp", address, 80).startswith(f"web {neighbour} ")
    lab.other.ip(f"route add {address}/32 via {HOST}")
    try:
        assert lab.other.ask("tcp", address, 80, seconds=0.5).startswith("no: ")
    finally:
        lab.other.ip(f"route delete {address}/32")


def test_neighbours_of_an_internal_network_reach_each_other(dropping_boxes: Boxes) -> None:
    dropping_boxes.deck.out("network", "create", "--internal", "inner")
    address = dropping_boxes.serve("web", "--network", "inner")
    neighbour = dropping_boxes.idle("neighbour", "--network", "inner")
    assert dropping_boxes.ask("neighbour", "tcp", address, 80).startswith(f"web {neighbour} ")


def test_a_firewall_that_is_reloaded_lets_containers_through_again(lab: Lab, own_boxes: Boxes) -> None:
    other_firewalls.SETUPS["iptables-nft"](lab.host)
    try:
        lab.other.serve("tcp", 80)
        own_boxes.idle("box")
        lab.host.run("iptables-nft", "-F", "FORWARD")
        lab.host.run("iptables-nft", "-P", "FORWARD", "DROP")
        until(lambda: own_boxes.ask("box", "tcp", INTERNET, 80, seconds=0.5).startswith("other "), "the way out")
    finally:
        other_firewalls.clear(lab.host)

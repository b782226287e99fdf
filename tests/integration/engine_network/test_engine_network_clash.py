"""A network whose subnet the host has got another way to since it was made."""

from support.boxes import Boxes
from support.netlab import Lab


def test_a_start_says_which_route_is_in_the_way_and_works_when_that_is_gone(lab: Lab, own_boxes: Boxes) -> None:
    deck = own_boxes.deck
    deck.out("network", "create", "--subnet", "10.44.0.0/24", "late")
    deck.out("create", "--name", "box", "--network", "late", "localhost/base", "sleep", "1000")
    lab.host.ip("address add 10.44.0.9/25 dev uplink")
    try:
        outcome = deck.qd("start", "box")
    finally:
        lab.host.ip("address del 10.44.0.9/25 dev uplink")
    assert outcome.code == 125
    assert "10.44.0.0/25" in outcome.err
    assert "qd network create" in outcome.err
    deck.out("start", "box")
    assert deck.out("exec", "box", "ip", "-4", "-o", "address", "show", "eth0").split()[3].endswith("/24")


def test_a_wider_route_is_none(lab: Lab, own_boxes: Boxes) -> None:
    deck = own_boxes.deck
    deck.out("network", "create", "--subnet", "10.45.0.0/24", "narrow")
    lab.host.ip("route add 10.0.0.0/8 dev uplink")
    try:
        deck.out("run", "--rm", "--network", "narrow", "localhost/base", "true")
    finally:
        lab.host.ip("route del 10.0.0.0/8 dev uplink")

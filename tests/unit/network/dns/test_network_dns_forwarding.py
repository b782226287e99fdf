"""Whom a question is asked of, and in which order."""

import pytest

from engine.network.dns import forwarding
from engine.network.dns.forwarding import Forwarder


def test_a_zone_is_the_name_or_the_number_of_a_link() -> None:
    assert forwarding._address("10.0.0.1") == ("10.0.0.1", 53)
    assert forwarding._address("fd00::1") == ("fd00::1", 53, 0, 0)
    assert forwarding._address("fe80::1%lo") == ("fe80::1", 53, 0, 1)
    assert forwarding._address("fe80::1%7") == ("fe80::1", 53, 0, 7)
    with pytest.raises(OSError, match="no interface"):
        forwarding._address("fe80::1%nowhere")


def test_servers_are_asked_in_their_order_but_those_in_doubt_last_and_for_a_while() -> None:
    now = 1000.0
    forwarder = Forwarder(lambda: now)
    servers = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert forwarder._ordered(servers) == servers
    forwarder._doubt("10.0.0.1")
    assert forwarder._ordered(servers) == ["10.0.0.2", "10.0.0.3", "10.0.0.1"]
    now += 60
    assert forwarder._ordered(servers) == servers


def test_no_more_servers_are_remembered_than_there_can_be() -> None:
    forwarder = Forwarder()
    for number in range(1000):
        forwarder._doubt(f"10.0.{number // 250}.{number % 250}")
    assert len(forwarder._doubted) < 100

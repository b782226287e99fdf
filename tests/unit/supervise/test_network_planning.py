"""From what was asked for to a network, everything checked and chosen."""

from ipaddress import ip_network
from typing import Any

import pytest

from engine import model
from engine.errors import Conflict, EngineError, InvalidInput
from engine.network import subnets
from engine.supervise.networks.planning import Place, plan
from engine.supervise.networks.requests import NewNetwork

PLACE = Place("a" * 64, "qd0123456789", 7, b"seed")
TAKEN: dict[subnets.Subnet, str] = {
    ip_network("0.0.0.0/0"): "this host",
    ip_network("172.18.0.0/16"): "this host",
    ip_network("10.7.0.0/24"): "the network old",
}


def planned(**fields: Any) -> model.Network:
    return plan(NewNetwork(name="net", **fields), PLACE, TAKEN)


def test_without_a_word_it_is_a_bridge_with_the_next_subnet() -> None:
    found = planned()
    assert (found.driver, found.link, found.subnet, found.gateway) == (
        "bridge",
        "qd0123456789",
        "172.19.0.0/16",
        "172.19.0.1",
    )
    assert (found.subnet6, found.gateway6, found.ip_range, found.isolate, found.internal) == ("", "", "", True, False)


def test_both_families_may_be_named() -> None:
    found = planned(
        subnets=("fd12::/64", "10.8.0.0/16"),
        gateways=("10.8.0.9", "fd12::9"),
        ip_ranges=("10.8.4.0/24",),
        mtu=1400,
        internal=True,
        isolate=False,
        labels={"a": "b"},
    )
    assert (found.subnet, found.gateway, found.ip_range) == ("10.8.0.0/16", "10.8.0.9", "10.8.4.0/24")
    assert (found.subnet6, found.gateway6) == ("fd12::/64", "fd12::9")
    assert (found.mtu, found.internal, found.isolate, found.labels) == (1400, True, False, {"a": "b"})


def test_ipv6_is_chosen_where_it_is_asked_for() -> None:
    found = planned(ipv6=True)
    assert ip_network(found.subnet6).subnet_of(ip_network("fd00::/8"))  # type: ignore[arg-type]
    assert found.gateway6 == f"{found.subnet6.partition('/')[0]}1"
    assert found.subnet


def test_ipv4_may_be_left_out() -> None:
    found = planned(ipv4=False, subnets=("fd12::/64",))
    assert (found.subnet, found.gateway, found.subnet6) == ("", "", "fd12::/64")


def test_macvlan_and_ipvlan_have_a_parent_and_no_bridge() -> None:
    for driver, mode in (("macvlan", "private"), ("ipvlan", "l3")):
        found = planned(driver=driver, parent="eth0.7", mode=mode)
        assert (found.parent, found.mode, found.link) == ("eth0.7", mode, "")


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"driver": "overlay"}, InvalidInput, "no network driver"),
        ({"driver": "host"}, Conflict, "one network host"),
        ({"driver": "none"}, Conflict, "one network none"),
        ({"driver": "null"}, Conflict, "one network none"),
        ({"driver": "macvlan"}, InvalidInput, "needs a link"),
        ({"driver": "macvlan", "parent": "../x"}, InvalidInput, "needs a link"),
        ({"driver": "macvlan", "parent": "a" * 16}, InvalidInput, "needs a link"),
        ({"driver": "ipvlan", "parent": "eth0", "mode": "vepa"}, InvalidInput, "no mode"),
        ({"mode": "l2"}, InvalidInput, "no mode"),
        ({"parent": "eth0"}, InvalidInput, "no parent"),
        ({"subnets": ("10.7.0.0/16",)}, Conflict, "10.7.0.0/24 of the network old"),
        ({"subnets": ("172.18.9.0/24",)}, Conflict, "172.18.0.0/16 of this host"),
        ({"subnets": ("10.8.0.0/24", "10.9.0.0/24")}, InvalidInput, "two subnets"),
        ({"subnets": ("127.3.0.0/16",)}, InvalidInput, "loopback"),
        ({"gateways": ("10.8.0.1",)}, InvalidInput, "has no subnet"),
        ({"subnets": ("10.8.0.0/24",), "gateways": ("10.9.0.1",)}, InvalidInput, "not in the subnet"),
        ({"subnets": ("10.8.0.0/24",), "gateways": ("10.8.0.0",)}, InvalidInput, "cannot be a gateway"),
        ({"subnets": ("10.8.0.0/24",), "gateways": ("10.8.0.255",)}, InvalidInput, "cannot be a gateway"),
        ({"subnets": ("10.8.0.0/24",), "gateways": ("fd12::1",)}, InvalidInput, "has no subnet"),
        ({"subnets": ("10.8.0.0/24",), "gateways": ("10.8.0.1", "10.8.0.2")}, InvalidInput, "two gateways"),
        ({"ip_ranges": ("10.8.0.0/25",)}, InvalidInput, "has no subnet"),
        ({"subnets": ("10.8.0.0/24",), "ip_ranges": ("10.8.0.0/23",)}, InvalidInput, "not in the subnet"),
        ({"subnets": ("fd12::/64",), "ip_ranges": ("fd12::/65",)}, InvalidInput, "takes no ip range"),
        ({"subnets": ("10.8.0.0/24",), "ip_ranges": ("10.8.0.0/26", "10.8.0.64/26")}, InvalidInput, "two ip ranges"),
        ({"ipv4": False}, InvalidInput, "needs addresses"),
        ({"mtu": 67}, InvalidInput, "MTU"),
        ({"mtu": 1279, "ipv6": True}, InvalidInput, "MTU of 1279"),
        ({"mtu": 70_000}, InvalidInput, "MTU"),
        ({"mtu": -1}, InvalidInput, "MTU"),
        ({"labels": {"a": "b" * 70_000}}, InvalidInput, "labels"),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(fields: dict[str, Any], kind: type[EngineError], words: str) -> None:
    with pytest.raises(EngineError) as caught:
        planned(**fields)
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert caught.value.message.isprintable()
    assert caught.value.hint

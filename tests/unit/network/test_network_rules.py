"""Rules as text, and what a container is in their sets."""

import re
from ipaddress import ip_interface

import pytest

from engine.errors import InvalidInput
from engine.network.table import rules
from engine.network.table.contents import Contents
from engine.network.table.elements import Item, Place, commands, elements, link_local, plain
from engine.network.table.transaction import encoded
from engine.network.values import Bridge, Forward, Plug

BRIDGE = Bridge("qd0", (ip_interface("172.17.0.1/16"),))
PLUG = Plug(
    link="qd01234567a0",
    interface="eth0",
    mac="02:42:AC:11:00:02",
    addresses=(ip_interface("172.17.0.2/16"), ip_interface("fd00::2/64")),
    bridge="qd0",
)
FORWARD = Forward("tcp", "0.0.0.0", 8080, "qd0", "172.17.0.2", 80)


def said(item: Item) -> set[str]:
    """Each as `set key` or `set key value`."""
    return {f"{place.holder} {place.key} {value}".rstrip() for place, value in elements(item).items()}


def test_tables_of_both_families_are_replaced_in_one_transaction() -> None:
    text = rules.tables("quarterdeck")
    for family in ("inet", "bridge"):
        lines = [f"add table {family} quarterdeck", f"delete table {family} quarterdeck"]
        assert text.index(lines[0]) < text.index(lines[1]) < text.index(f"table {family} quarterdeck {{")


def test_every_set_that_is_used_is_there_and_every_one_that_is_there_is_used() -> None:
    text = rules.tables("quarterdeck")
    assert set(re.findall(r"@([a-z]+[0-9]?)\b(?!,)", text)) == set(re.findall(r"(?:set|map) (\w+) {", text))


def test_elements_go_into_sets_that_are_there() -> None:
    items = (BRIDGE._replace(internal=True, isolate=False), PLUG, FORWARD, FORWARD._replace(host="192.0.2.1"))
    six = FORWARD._replace(host="::", target="fd00::2")
    places = {place for item in (*items, six, six._replace(host="fd00::1")) for place in elements(item)}
    inet, bridge = rules.tables("q").split("table bridge q {")
    there = {(family, name) for family, text in (("inet", inet), ("bridge", bridge)) for name in _sets(text)}
    assert {(place.family, place.holder) for place in places} == there


def _sets(text: str) -> list[str]:
    return re.findall(r"(?:set|map) (\w+) {", text)


def test_the_guard_is_put_and_taken() -> None:
    assert rules.guard("q", on=True).splitlines()[-1] == "add rule inet q guard drop"
    assert rules.guard("q", on=False) == "flush chain inet q guard\n"


def test_a_bridge_says_what_it_is() -> None:
    assert said(BRIDGE) == {'bridges "qd0"', 'same "qd0" . "qd0"'}
    assert said(BRIDGE._replace(internal=True)) - said(BRIDGE) == {'internal "qd0"'}
    assert said(BRIDGE._replace(isolate=False)) - said(BRIDGE) == {'open "qd0"'}


def test_a_plug_has_its_own_addresses_and_the_one_of_its_link() -> None:
    port, mac = '"qd01234567a0"', "02:42:ac:11:00:02"
    assert said(PLUG) == {
        f"ports {port}",
        f"turned {port} . {port}",
        f"macs {port} . {mac}",
        f"own4 {port} . {mac} . 172.17.0.2",
        f"own6 {port} . {mac} . fd00::2",
        f"own6 {port} . {mac} . fe80::42:acff:fe11:2",
        f"targets {port} . 0xfd000000000000000000000000000002",
        f"targets {port} . 0xfe800000000000000042acfffe110002",
        'inside4 172.17.0.2 . "qd0"',
        'inside6 fd00::2 . "qd0"',
    }


def test_a_plug_without_ipv6_has_no_address_of_its_link() -> None:
    assert not [
        line for line in said(PLUG._replace(addresses=PLUG.addresses[:1])) if line.startswith(("own6", "targets"))
    ]


def test_a_plug_without_a_bridge_says_nothing() -> None:
    assert said(PLUG._replace(bridge="", kind="macvlan")) == set()


@pytest.mark.parametrize(
    ("forward", "line"),
    [
        (FORWARD, "any4 tcp . 8080 172.17.0.2 . 80"),
        (FORWARD._replace(host="192.0.2.1"), "one4 192.0.2.1 . tcp . 8080 172.17.0.2 . 80"),
        (FORWARD._replace(host="::", target="fd00::2"), "any6 tcp . 8080 fd00::2 . 80"),
        (FORWARD._replace(host="fd00::1", target="fd00::2"), "one6 fd00::1 . tcp . 8080 fd00::2 . 80"),
        (FORWARD._replace(protocol="sctp"), "any4 sctp . 8080 172.17.0.2 . 80"),
    ],
)
def test_a_published_port_is_one_element(forward: Forward, line: str) -> None:
    assert said(forward) == {line}


def test_a_port_on_loopback_of_ipv6_is_a_relay_s() -> None:
    assert said(FORWARD._replace(host="::1", target="fd00::2")) == set()
    assert f"ip6 daddr {rules.RELAYED} accept" in rules.tables("q")


@pytest.mark.parametrize(
    "item",
    [
        BRIDGE._replace(name='qd0" ; flush ruleset'),
        BRIDGE._replace(name=""),
        BRIDGE._replace(name="a" * 16),
        PLUG._replace(link="qd0\n"),
        PLUG._replace(bridge="qd 0"),
        PLUG._replace(mac="02:42:ac:11:00"),
        PLUG._replace(mac="02:42:ac:11:00:02\n"),
        FORWARD._replace(protocol="icmp"),
        FORWARD._replace(host="localhost"),
        FORWARD._replace(host="fe80::1%eth0", target="fd00::2"),
        FORWARD._replace(target="fd00::2"),
        FORWARD._replace(target="172.17.0.2 . 1 }"),
        FORWARD._replace(port=0),
        FORWARD._replace(target_port=65536),
    ],
)
def test_what_must_not_stand_in_a_command_is_refused(item: Item) -> None:
    with pytest.raises(InvalidInput):
        elements(item)


@pytest.mark.parametrize("name", ["", "Quarterdeck", "q;", "q q", "-q", "q" * 40, "q\n"])
def test_a_table_has_a_plain_name(name: str) -> None:
    with pytest.raises(InvalidInput):
        plain(name)
    assert plain("quarterdeck-00aa11") == "quarterdeck-00aa11"


def test_the_address_of_a_link_is_made_of_its_mac() -> None:
    assert str(link_local("00:1b:63:84:45:e6")) == "fe80::21b:63ff:fe84:45e6"


def test_a_change_is_one_line_for_each_set() -> None:
    places = {Place("inet", "any4", "tcp . 1"): "a . 2", Place("inet", "any4", "tcp . 3"): "a . 4"}
    assert commands("add", "q", places) == "add element inet q any4 { tcp . 1 : a . 2, tcp . 3 : a . 4 }\n"
    assert commands("delete", "q", dict.fromkeys(places, "")) == "delete element inet q any4 { tcp . 1, tcp . 3 }\n"
    assert commands("add", "q", {}) == ""


def test_what_is_put_and_dropped_leaves_nothing_to_say() -> None:
    before = Contents()
    before.put((BRIDGE,))
    after = before.copy()
    after.put((PLUG, FORWARD))
    after.drop((FORWARD, PLUG))
    assert after.since(before) == ({}, {})
    assert len(after) == 1


def test_a_value_that_differs_goes_before_it_comes() -> None:
    before = Contents()
    before.put((FORWARD,))
    after = before.copy()
    after.put((FORWARD._replace(target="172.17.0.9"),))
    place = Place("inet", "any4", "tcp . 8080")
    assert after.since(before) == ({place: ""}, {place: "172.17.0.9 . 80"})


def test_everything_is_said_of_a_copy_as_well() -> None:
    contents = Contents()
    contents.put((BRIDGE, PLUG, FORWARD))
    assert contents.copy().everything() == contents.everything() != {}


def test_a_place_is_its_last_taker_s() -> None:
    later = FORWARD._replace(target="172.17.0.9")
    before = Contents()
    before.put((FORWARD, later))
    after = before.copy()
    after.drop((FORWARD,))
    assert after.since(before) == ({}, {})
    after.drop((later,))
    assert after.since(before) == ({Place("inet", "any4", "tcp . 8080"): ""}, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"qd0"', "716430" + "00" * 13),
        ("tcp . 8080", "06000000 1f900000"),
        ("192.0.2.1 . udp . 53", "c0000201 11000000 00350000"),
        ('"qd0" . 02:42:ac:11:00:02 . 172.17.0.2', "716430" + "00" * 13 + "0242ac110002 0000 ac110002"),
        ("fd00::2 . 80", "fd" + "00" * 14 + "02 00500000"),
        ('"qd0" . 0xfd000000000000000000000000000002', "716430" + "00" * 13 + "fd" + "00" * 14 + "02"),
    ],
)
def test_a_key_is_what_the_kernel_has(text: str, expected: str) -> None:
    assert encoded(text) == bytes.fromhex(expected)

"""What is typed of networks, and what a disk may hold of them: read, or refused in words."""

import json
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import fuzzing

from engine import model
from engine.errors import EngineError
from engine.network import addressing, subnets
from engine.supervise.networks.planning import Place, plan
from engine.supervise.networks.requests import NewNetwork

RUNS = 20_000
PLACE = Place("a" * 64, "qd0123456789", 7, b"seed")
PIECES = st.sampled_from(
    [
        "10.8.0.0",
        "fd12::",
        "::",
        "/",
        "24",
        "64",
        "0",
        ".",
        ":",
        "255",
        "f",
        "%",
        "-",
        " ",
        "\n",
        "1e3",
        "٣",
        "\0",
        "1" * 99,
    ]
)
TEXTS = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=60)


def told(err: EngineError) -> None:
    assert err.message.isprintable()
    assert err.hint
    assert len(err.message) < 300


@settings(max_examples=500)
@given(TEXTS)
def test_any_text_is_a_subnet_that_reads_back_or_is_refused(text: str) -> None:
    try:
        found = subnets.check_subnet(subnets.parse_subnet(text))
    except EngineError as err:
        told(err)
        return
    assert subnets.parse_subnet(str(found)) == found


@settings(max_examples=500)
@given(TEXTS)
def test_any_text_is_an_address_that_reads_back_or_is_refused(text: str) -> None:
    try:
        found = subnets.parse_address(text)
    except EngineError as err:
        told(err)
        return
    assert subnets.parse_address(str(found)) == found


SUBNETS = st.tuples(st.ip_addresses(), st.integers(1, 128)).map(
    lambda pair: ip_network(f"{pair[0]}/{min(pair[1], pair[0].max_prefixlen)}", strict=False)
)


@settings(max_examples=300)
@given(st.lists(SUBNETS.map(str), max_size=3), st.lists(st.ip_addresses(), max_size=2), st.booleans())
def test_a_network_that_is_accepted_can_be_used(named: list[str], gateways: list[object], ipv6: bool) -> None:
    request = NewNetwork(
        name="net", subnets=tuple(named), gateways=tuple(str(one) for one in gateways), ipv6=ipv6, labels={}
    )
    try:
        network = plan(request, PLACE, {})
    except EngineError as err:
        told(err)
        return
    _usable(network)


def _usable(network: model.Network) -> None:
    families = (
        (network.subnet, network.gateway, addressing.allocate),
        (network.subnet6, network.gateway6, addressing.allocate6),
    )
    for subnet, gateway, allocate in families:
        if subnet:
            address = ip_address(allocate(network, set()))
            assert address in ip_network(subnet)
            assert ip_address(gateway) in ip_network(subnet)
            assert address not in (ip_address(gateway), ip_network(subnet).network_address)


@pytest.mark.requires("atheris")
def test_atheris_finds_nothing_that_is_not_refused_in_words(tmp_path: Path) -> None:
    record = {"version": 1, "id": "a" * 64, "name": "net", "subnet": "10.8.0.0/24", "gateway": "10.8.0.1"}
    request = {"name": "net", "subnets": ["10.8.0.0/24"], "gateways": ["10.8.0.1"], "ip_ranges": ["10.8.0.64/26"]}
    examples = ["10.8.0.0/24", "fd12::9", json.dumps(request), json.dumps(record)]
    fuzzing.hold("fuzzed_network_grammar", tmp_path, examples, RUNS)

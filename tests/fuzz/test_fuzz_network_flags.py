"""`-p`, `--expose`, `--network` and their like out of anything: values that mean something, or an error in words."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.cli.parse import network, port
from engine.errors import Conflict, InvalidInput
from engine.model import Port
from engine.network.ports import settling

WORDS = [
    "",
    "0",
    "1",
    "80",
    "8080",
    "65535",
    "65536",
    "99999",
    "-",
    ":",
    "::",
    "[",
    "]",
    "[::1]",
    "127.0.0.1",
    "0.0.0.0",
]
MORE = ["/", "tcp", "udp", "sctp", "/udp", ",", "=", "ip", "ip6", "mac", "alias", "name", "container:", "host", "%eth0"]
RATES = ["in=", "out=", "10m", "1g", "\n", "\0", "\u0663", ".", "a", "host-gateway", "fd00::2", "02:42:0a:00:00:02"]
TEXT = st.lists(st.sampled_from([*WORDS, *MORE, *RATES]), max_size=9).map("".join) | st.text(max_size=30)
RUNS = settings(max_examples=1000, deadline=None)


def read(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except InvalidInput as err:
        assert err.message
        assert err.hint
        return None


@RUNS
@given(TEXT)
@example("8000-8010:80")
@example("[::1]:8080:80/udp")
def test_a_published_port_is_one_or_is_refused(text: str) -> None:
    for one in read(port.parse_publish, text) or ():
        assert 0 < one.container <= 65535
        assert 0 <= one.host <= 65535
        assert one.last == 0 or one.host < one.last <= 65535
        assert one.protocol in port.PROTOCOLS
        assert not one.address or str(ipaddress.ip_address(one.address)) == one.address


@RUNS
@given(TEXT)
def test_an_exposed_port_is_one_or_is_refused(text: str) -> None:
    for word in read(port.parse_expose, text) or ():
        assert re.fullmatch(r"[1-9][0-9]{0,4}/(tcp|udp|sctp)", word)
    found = read(port.parse_private, text)
    assert found is None or (0 < found[0] <= 65535 and found[1] in port.PROTOCOLS)


@RUNS
@given(TEXT)
def test_no_word_of_a_network_brings_a_line_or_a_blank_into_a_file(text: str) -> None:
    wish = read(network.parse_network, text)
    words = [] if wish is None or wish.network.startswith("container:") else [*wish[:4], *wish.aliases]
    parsers = (network.parse_host, network.parse_search, network.parse_dns_option, network.parse_alias)
    words += [read(parse, text) or "" for parse in (*parsers, network.parse_any_address, network.parse_mac)]
    assert not any(set(word) & set(" \t\r\n\0#;") for word in words)
    rates = read(network.parse_bandwidth, text)
    assert rates is None or all(rate is None or 0 < rate <= 10**15 for rate in (rates.into, rates.out_of))


PORTS = st.builds(
    Port,
    container=st.integers(1, 3),
    host=st.sampled_from([0, 8000, 8001]),
    last=st.sampled_from([0, 8003]),
    address=st.sampled_from(["", "0.0.0.0", "::", "127.0.0.1", "::1"]),
    protocol=st.sampled_from(["tcp", "udp"]),
)


@given(st.lists(PORTS, max_size=5), st.lists(PORTS.filter(lambda one: one.host), max_size=3))
def test_settled_ports_meet_neither_each_other_nor_those_that_are_taken(wanted: list[Port], taken: list[Port]) -> None:
    try:
        found = settling.settle(wanted, taken, lambda _: True)
    except Conflict as err:
        assert err.hint
        return
    for place, one in enumerate(found):
        assert one.host
        assert one.last == 0
        assert settling.clash(one, [*taken, *found[:place], *found[place + 1 :]]) is None

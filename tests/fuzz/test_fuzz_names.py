"""Questions of containers, answers of name servers, resolv.conf: read, or refused in words."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import dns_messages as dns
from support import fuzzing

from engine.network.dns import answering, configuration, message, replies
from engine.network.dns.zone import Names, address_of

RUNS = 20_000
LABELS = st.text("aZ09-_", min_size=1, max_size=63)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join).filter(lambda name: len(name) < 254)
KINDS = st.sampled_from([dns.A, dns.AAAA, dns.PTR, dns.MX, dns.ANY, dns.OPT, dns.AXFR]) | st.integers(0, 65535)
ADDRESSES = st.ip_addresses().map(str)


@settings(max_examples=300)
@given(NAMES, KINDS, st.integers(0, 65535), st.none() | st.integers(0, 65535))
def test_a_question_that_is_written_by_the_format_is_read_as_it_was_meant(
    name: str, kind: int, number: int, edns: int | None
) -> None:
    query = message.parse(dns.query(name, kind, number=number, edns=edns))
    assert (query.name, query.kind, query.id) == (name.lower(), kind, number)
    assert (query.edns.size if query.edns else None) == edns


def _answered(data: bytes) -> None:
    """Whatever comes, there is one answer that can be read and is no longer than it may be, or silence."""
    try:
        query = message.parse(data)
    except message.Malformed as err:
        assert err.message.isprintable()
        if err.rcode is not None:
            assert dns.read(message.complaint(data, err.rcode)).rcode == err.rcode
        return
    records = [message.Record(message.A, bytes([10, 0, 0, n])) for n in range(100)]
    answer = message.answer(query, records, query.datagram_size)
    assert len(answer) <= query.datagram_size
    assert dns.read(answer).question == query.question


@settings(max_examples=500)
@given(st.binary(max_size=100) | st.binary(max_size=600).map(lambda data: dns.query("web")[:12] + data))
def test_any_bytes_are_answered_or_not_answered(data: bytes) -> None:
    _answered(data)


@settings(max_examples=500)
@given(NAMES, st.data())
def test_a_question_with_a_wrong_byte_is_answered_or_not_answered(name: str, more: st.DataObject) -> None:
    data = bytearray(dns.query(name, edns=1232))
    data[more.draw(st.integers(0, len(data) - 1))] = more.draw(st.integers(0, 255))
    _answered(bytes(data[: more.draw(st.integers(0, len(data)))]))


@settings(max_examples=500)
@given(st.binary(max_size=200), st.integers(0, 65535))
def test_no_bytes_are_believed_but_an_answer_to_the_question(data: bytes, flags: int) -> None:
    asked = dns.query("web")
    query = message.parse(asked)
    for reply in (data, struct.pack("!HHHHHH", 7, flags, 1, 0, 0, 0) + data):
        found = replies.read(reply, query, 7)
        assert found is None or found.data[12:].startswith(asked[12:])


@settings(max_examples=300)
@given(NAMES, st.lists(ADDRESSES, max_size=5))
def test_whatever_a_container_is_called_its_name_and_its_addresses_are_answered(
    name: str, addresses: list[str]
) -> None:
    names = Names()
    names.set("e" * 64, [name], addresses)
    query = message.parse(dns.query(name, dns.A))
    found = dns.read(message.answer(query, answering.records(query, names) or [], 512))
    assert sorted(found.values) == sorted(address for address in addresses if ":" not in address)


@settings(max_examples=300)
@given(st.ip_addresses())
def test_the_reverse_name_of_an_address_is_read_as_that_address(address: object) -> None:
    assert address_of(address.reverse_pointer) == str(address)  # type: ignore[attr-defined]


@settings(max_examples=300)
@given(st.text(max_size=80) | st.text("0123456789abcdef.", max_size=60))
def test_any_text_is_the_reverse_name_of_an_address_or_of_none(text: str) -> None:
    for name in (text, f"{text}.in-addr.arpa", f"{text}.ip6.arpa"):
        address_of(name)


WORDS = st.sampled_from(["nameserver", "search", "domain", "options", "10.0.0.1", "::1", "fe80::1%x", "#", ";", "a.b"])
LINES = st.lists(st.lists(WORDS | st.text(max_size=8), max_size=5).map(" ".join), max_size=8).map("\n".join)


@settings(max_examples=500)
@given(LINES)
def test_any_resolv_conf_is_read_and_what_is_written_of_it_is_read_as_the_same(text: str) -> None:
    found = configuration.parse(text)
    assert configuration.parse(configuration.text(*found)) == found
    assert set(found.reachable) <= set(found.nameservers)


EXAMPLES = (
    dns.query("web", edns=1232).decode("latin-1"),
    "BB\x81\x80\0\1\0\1\0\0\0\0\1a\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\5\0\4abcd",
    "\0\1\0\0\0\0\xc0\x0c\0\1\0\1\0\0\0\5\0\4abcd",
    "nameserver 10.0.0.1\nsearch a b\noptions ndots:0\n",
    "2.0.18.172.in-addr.arpa",
)


@pytest.mark.requires("atheris")
def test_no_bytes_that_atheris_finds_break_what_reads_names(tmp_path: Path) -> None:
    """Bounded."""
    fuzzing.hold("fuzzed_names", tmp_path, EXAMPLES, RUNS)

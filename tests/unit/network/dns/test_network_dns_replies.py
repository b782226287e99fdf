"""Which answers of a name server are believed."""

import pytest
from support import dns_messages as dns
from support.name_servers import ELSEWHERE, answer, forgeries

from engine.network.dns import replies
from engine.network.dns.message import Query, parse

ASKED = dns.query("wEb.Example", number=0x1234)
NUMBER = 0xBEEF
SENT = NUMBER.to_bytes(2) + ASKED[2:]


@pytest.fixture
def query() -> Query:
    return parse(ASKED)


def test_an_answer_is_passed_on_as_it_is_with_the_id_of_who_asked(query: Query) -> None:
    data = answer(SENT)
    found = replies.read(data, query, NUMBER)
    assert found is not None
    assert found.data == ASKED[:2] + data[2:]
    assert (found.rcode, found.truncated) == (dns.NOERROR, False)


def test_a_server_that_writes_the_name_in_lower_case_is_believed_and_the_case_given_back(query: Query) -> None:
    data = answer(SENT[:12] + SENT[12:-4].lower() + SENT[-4:])
    found = replies.read(data, query, NUMBER)
    assert found is not None
    assert dns.read(found.data).question == ASKED[12:]


def test_no_forgery_is_believed(query: Query) -> None:
    *forged, truth = forgeries(SENT)
    assert [replies.read(data, query, NUMBER) for data in forged] == [None] * len(forged)
    assert replies.read(truth, query, NUMBER)


def test_another_kind_of_operation_is_no_answer(query: Query) -> None:
    data = bytearray(answer(SENT))
    data[2] |= 0x08
    assert replies.read(bytes(data), query, NUMBER) is None


@pytest.mark.parametrize("rcode", [1, 2, 4, 5])
def test_a_refusal_without_a_question_counts_and_is_given_one(query: Query, rcode: int) -> None:
    found = replies.read(SENT[:2] + bytes([0x80, rcode]) + bytes(8), query, NUMBER)
    assert found is not None
    assert found.rcode == rcode
    assert dns.read(found.data).question == ASKED[12:]


@pytest.mark.parametrize("rcode", [0, 3])
def test_that_there_is_nothing_is_not_believed_without_a_question(query: Query, rcode: int) -> None:
    assert replies.read(SENT[:2] + bytes([0x80, rcode]) + bytes(8), query, NUMBER) is None


def test_that_an_answer_was_cut_off_is_seen(query: Query) -> None:
    found = replies.read(answer(SENT, flags=0x0200), query, NUMBER)
    assert found is not None
    assert found.truncated


@pytest.mark.parametrize("edns", [None, 512, 600])
def test_what_does_not_fit_into_a_datagram_is_cut_between_two_records(edns: int | None) -> None:
    asked = dns.query("many.example", edns=edns)
    query = parse(asked)
    data = answer(asked)
    cut = replies.cut(data, query, query.datagram_size)
    found = dns.read(cut)
    assert query.datagram_size - 16 < len(cut) <= query.datagram_size
    assert found.is_cut_off
    assert 20 < len(found.values) < 60
    assert set(found.values) == {ELSEWHERE}
    assert bool(found.size) == (edns is not None)


def test_what_fits_is_not_cut() -> None:
    query = parse(ASKED)
    assert replies.cut(answer(ASKED), query, 512) == answer(ASKED)


def test_an_answer_is_only_cut_off_where_answers_are_left_out() -> None:
    query = parse(ASKED)
    authorities = answer(ASKED)[:8] + (40).to_bytes(2) + bytes(2) + answer(ASKED)[12:] + answer(ASKED)[-16:] * 40
    found = dns.read(replies.cut(authorities, query, 512))
    assert (found.is_cut_off, found.values) == (False, [ELSEWHERE])


@pytest.mark.parametrize("tail", [b"", b"\xc0", b"\x3fabc", b"\xc0\x0c" + bytes(8) + b"\xff\xff", b"\xff" * 1000])
def test_a_long_answer_that_is_broken_is_cut_where_it_breaks(tail: bytes) -> None:
    query = parse(ASKED)
    broken = answer(ASKED)[:6] + b"\xff\xff" + answer(ASKED)[8:] + tail
    found = dns.read(replies.cut(broken, query, len(broken) - 1 if len(broken) < 512 else 512))
    assert found.is_cut_off
    assert set(found.values) <= {ELSEWHERE}

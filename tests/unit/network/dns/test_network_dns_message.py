"""Questions read and answers written."""

import struct

import pytest
from support import dns_messages as dns

from engine.network.dns import message
from engine.network.dns.message import Malformed, Record, answer, complaint, parse


def refused(data: bytes) -> int | None:
    with pytest.raises(Malformed) as caught:
        parse(data)
    assert caught.value.message.isprintable()
    return caught.value.rcode


def with_name(name: bytes) -> bytes:
    return struct.pack("!HHHHHH", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1)


def test_a_question_is_read_with_its_name_in_lower_case_and_its_bytes_as_they_came() -> None:
    found = parse(dns.query("wEb.Example.ORG", dns.AAAA))
    assert (found.id, found.name, found.kind, found.category) == (0x1234, "web.example.org", dns.AAAA, dns.IN)
    assert found.question[:-4] == dns.encoded("wEb.Example.ORG")
    assert found.edns is None
    assert found.datagram_size == 512


@pytest.mark.parametrize(("said", "size"), [(0, 512), (512, 512), (1232, 1232), (65535, 4096)])
def test_a_datagram_is_as_long_as_the_asker_says_within_bounds(said: int, size: int) -> None:
    assert parse(dns.query("web", edns=said)).datagram_size == size


def test_the_name_of_the_root_is_empty() -> None:
    assert parse(dns.query(".", dns.NS)).name == ""


def test_a_dot_within_a_label_is_not_one_between_labels() -> None:
    assert parse(with_name(b"\x05web.1\0")).name == "web\\0461"
    assert parse(with_name(b"\x03web\x011\0")).name == "web.1"
    assert parse(with_name(b"\x03\xc4\0\n\0")).name == "\\196\\000\\010"


def test_the_longest_label_and_the_longest_name_are_read_and_no_longer_ones() -> None:
    label = b"\x3f" + b"a" * 63
    assert parse(with_name(label + b"\0")).name == "a" * 63
    assert len(parse(with_name(label * 3 + b"\x3d" + b"a" * 61 + b"\0")).question) == 255 + 4
    assert refused(with_name(label * 3 + b"\x3e" + b"a" * 62 + b"\0")) == message.FORMERR
    assert refused(with_name(b"\x40" + b"a" * 64 + b"\0")) == message.FORMERR


@pytest.mark.parametrize("pointer", [b"\xc0\x0c", b"\xc0\x00", b"\xff\xff", b"\x03web\xc0\x0c", b"\x80", b"\x40"])
def test_a_compressed_question_is_refused_so_that_nobody_can_lead_us_round_in_circles(pointer: bytes) -> None:
    assert refused(with_name(pointer)) == message.FORMERR


def test_an_answer_is_never_answered() -> None:
    assert refused(dns.query("web", flags=0x8100)) is None
    assert refused(dns.query("web", flags=0xA800)) is None


@pytest.mark.parametrize("size", range(12))
def test_what_is_shorter_than_a_header_is_not_answered(size: int) -> None:
    assert refused(dns.query("web")[:size]) is None


@pytest.mark.parametrize("opcode", range(1, 16))
def test_what_is_no_query_is_not_implemented(opcode: int) -> None:
    data = dns.query("web", flags=opcode << 11)
    assert refused(data) == message.NOTIMP
    found = dns.read(complaint(data, message.NOTIMP))
    assert (found.id, found.rcode, found.flags >> 11 & 15) == (0x1234, dns.NOTIMP, opcode)


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (2, 0, 0, 0), (1, 1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 5), (65535,) * 4])
def test_what_has_not_one_question_alone_is_malformed(counts: tuple[int, ...]) -> None:
    data = struct.pack("!HHHHHH", 7, 0, *counts) + dns.query("web")[12:] * 2
    assert refused(data) == message.FORMERR


def test_every_beginning_of_a_question_is_refused() -> None:
    data = dns.query("web.example", edns=1232)
    assert [size for size in range(12, len(data)) if refused(data[:size]) != message.FORMERR] == []
    assert refused(data + b"\0") == message.FORMERR


def test_edns_stands_there_once_and_is_about_no_name() -> None:
    opt = dns.query("web", edns=1232)[-11:]
    twice = dns.query("web")[:10] + struct.pack("!H", 2) + dns.query("web")[12:] + opt * 2
    named = dns.query("web")[:10] + struct.pack("!H", 1) + dns.query("web")[12:] + b"\x01a" + opt
    assert refused(twice) == message.FORMERR
    assert refused(named) == message.FORMERR


def test_a_signature_behind_the_question_is_passed_over() -> None:
    signature = b"\x03key\xc0\x0c" + struct.pack("!HHIH", 250, 255, 0, 3) + b"abc"
    data = dns.query("web")[:10] + struct.pack("!H", 1) + dns.query("web")[12:] + signature
    assert parse(data).name == "web"


def test_an_answer_has_the_id_the_question_and_its_records() -> None:
    query = parse(dns.query("WeB", flags=0x0110))
    found = dns.read(answer(query, [Record(message.A, bytes([10, 0, 0, 2]))], 512))
    assert (found.id, found.rcode, found.values) == (0x1234, dns.NOERROR, ["10.0.0.2"])
    assert found.answers[0].name == "WeB"
    assert found.answers[0].ttl == message.TTL
    assert found.flags & 0x0190 == 0x0190  # recursion wanted and there, checking disabled as asked
    assert found.is_authoritative
    assert found.size is None


def test_edns_is_answered_with_edns_and_a_version_that_we_do_not_know_in_its_own_code() -> None:
    query = parse(dns.query("web", edns=4096, version=1))
    found = dns.read(answer(query, (), 512, message.BADVERS))
    assert (found.rcode, found.size) == (16, message.OUR_SIZE)


@pytest.mark.parametrize("edns", [None, 512, 1232])
def test_what_does_not_fit_is_left_out_and_said_so(edns: int | None) -> None:
    query = parse(dns.query("web", edns=edns))
    records = [Record(message.A, bytes([10, 0, 1, number])) for number in range(200)]
    data = answer(query, records, query.datagram_size)
    found = dns.read(data)
    assert query.datagram_size - 16 < len(data) <= query.datagram_size
    assert found.is_cut_off
    assert 0 < len(found.answers) < 200
    whole = dns.read(answer(query, records, message.SIZE_MAX))
    assert not whole.is_cut_off
    assert len(whole.answers) == 200


def test_a_name_of_ours_is_written_label_by_label_or_refused() -> None:
    assert message.encode_name("web.1") == b"\x03web\x011\0"
    assert message.encode_name("a" * 63) == b"\x3f" + b"a" * 63 + b"\0"
    for name in ("", "a" * 64, "a..b", ".a", "a.", ".".join(["a" * 49] * 5) + ".aaaaa"):
        with pytest.raises(Malformed):
            message.encode_name(name)

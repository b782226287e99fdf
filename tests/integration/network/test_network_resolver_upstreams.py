"""Names that are not ours, asked of name servers of every kind."""

import select
from collections.abc import Iterator

import pytest
from support import dns_messages as dns
from support import name_servers as servers
from support.resolving import Box, Side

pytestmark = [pytest.mark.root, pytest.mark.requires("unshare")]


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    box = Box()
    yield box
    box.close()


@pytest.fixture(scope="module")
def side(box: Box) -> Iterator[Side]:
    side = Side([box])
    yield side
    side.close()


@pytest.mark.parametrize("by_tcp", [False, True])
@pytest.mark.parametrize(
    "upstreams",
    [
        [servers.HONEST],
        [servers.HONEST6],
        [servers.NOBODY, servers.HONEST],
        [servers.SILENT, servers.HONEST],
        [servers.FAILING, servers.HONEST],
        [servers.REFUSER, servers.HONEST],
        [servers.FORGER],
        ["fe80::1%nowhere", "240.0.0.1", servers.HONEST],
    ],
    ids=" ".join,
)
def test_somebody_knows(box: Box, side: Side, upstreams: list[str], by_tcp: bool) -> None:
    side.learn(upstreams)
    found = box.ask("eXample.org", by_tcp=by_tcp)
    assert found.values == [servers.ELSEWHERE]
    assert not found.is_authoritative
    assert found.answers[0].ttl == 300


@pytest.mark.parametrize("by_tcp", [False, True])
@pytest.mark.parametrize(
    ("upstreams", "rcode"),
    [
        ([servers.NOBODY], dns.SERVFAIL),
        ([servers.FAILING, servers.NOBODY], dns.SERVFAIL),
        ([servers.NOBODY, servers.REFUSER], dns.REFUSED),
        ([], dns.REFUSED),
    ],
)
def test_nobody_knows(box: Box, side: Side, upstreams: list[str], rcode: int, by_tcp: bool) -> None:
    side.learn(upstreams)
    found = box.ask("example.org", by_tcp=by_tcp, edns=1232)
    assert (found.rcode, found.values) == (rcode, [])
    assert box.ask("web", by_tcp=by_tcp).values == ["172.18.0.2"]


def test_who_does_not_answer_is_asked_last_from_then_on(box: Box, side: Side) -> None:
    side.learn([servers.SILENT, servers.HONEST])
    for _ in range(20):  # each of these would wait for seconds
        assert box.ask("example.org").values == [servers.ELSEWHERE]


def test_an_answer_that_its_server_has_cut_off_is_had_by_tcp_and_as_much_as_fits_is_told(box: Box, side: Side) -> None:
    side.learn([servers.CUTTER])
    whole = box.ask("many.example", edns=4096)
    assert (whole.is_cut_off, len(whole.values)) == (False, servers.MANY)
    assert len(box.ask("many.example", by_tcp=True).values) == servers.MANY
    for edns in (None, 600):
        part = box.ask("many.example", edns=edns)
        assert part.is_cut_off
        assert 20 < len(part.values) < servers.MANY


def test_an_answer_that_is_longer_than_the_asker_takes_is_cut_off_by_us(box: Box, side: Side) -> None:
    side.learn([servers.HONEST])
    found = box.ask("many.example")
    assert found.is_cut_off
    assert 20 < len(found.values) < servers.MANY


def test_names_of_ours_are_answered_while_as_many_as_may_wait_for_a_silent_server(box: Box, side: Side) -> None:
    side.learn([servers.SILENT])
    with box.datagrams() as sock:
        while not select.select([sock], [], [], 0.001)[0]:  # as long as none is turned away
            sock.send(dns.query("example.org"))
        assert dns.read(sock.recv(512)).rcode == dns.REFUSED
        assert box.ask("web").values == ["172.18.0.2"]

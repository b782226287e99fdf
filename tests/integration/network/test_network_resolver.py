"""A container's resolver, asked by hand."""

import socket
from collections.abc import Iterator

import pytest
from support import dns_messages as dns
from support import name_servers as servers
from support.resolving import Box, Side, exchange, receive, talk

from engine.network.dns import limits, sockets

pytestmark = [pytest.mark.root, pytest.mark.requires("unshare")]


@pytest.fixture
def box() -> Iterator[Box]:
    box = Box()
    yield box
    box.close()


@pytest.fixture
def side(box: Box) -> Iterator[Side]:
    side = Side([box])
    yield side
    side.close()


@pytest.mark.usefixtures("side")
@pytest.mark.parametrize("by_tcp", [False, True])
class TestOurNames:
    """By UDP and by TCP."""

    def test_names_aliases_short_ids_and_addresses_are_answered(self, box: Box, by_tcp: bool) -> None:
        assert box.ask("web", by_tcp=by_tcp).values == ["172.18.0.2"]
        assert box.ask("aaaabbbbcccc", dns.AAAA, by_tcp=by_tcp).values == ["fd00::2"]
        assert sorted(box.ask("site", by_tcp=by_tcp).values) == ["172.18.0.2", "172.18.0.3"]
        assert box.ask("3.0.18.172.in-addr.arpa", dns.PTR, by_tcp=by_tcp).values == ["db"]

    def test_the_case_of_letters_does_not_matter_and_is_kept(self, box: Box, by_tcp: bool) -> None:
        found = box.ask("WeB", by_tcp=by_tcp, edns=1232)
        assert found.values == ["172.18.0.2"]
        assert found.question.startswith(b"\x03WeB\0")
        assert found.answers[0].name == "WeB"
        assert found.size

    def test_a_name_without_such_a_record_has_none(self, box: Box, by_tcp: bool) -> None:
        found = box.ask("db", dns.AAAA, by_tcp=by_tcp)
        assert (found.rcode, found.values) == (dns.NOERROR, [])

    def test_what_is_no_question_is_told_so(self, box: Box, by_tcp: bool) -> None:
        assert box.ask("web", flags=0x2800, by_tcp=by_tcp).rcode == dns.NOTIMP
        assert box.ask("web", dns.AXFR, by_tcp=by_tcp).rcode == dns.REFUSED
        assert box.ask("web", category=dns.CHAOS, by_tcp=by_tcp).rcode == dns.REFUSED


@pytest.mark.usefixtures("side")
def test_an_answer_is_never_answered_and_the_next_question_is(box: Box) -> None:
    with box.datagrams() as sock:
        for data in (dns.query("web", flags=0x8180), b"", b"\0", dns.query("web")[:11]):
            sock.send(data)
        assert talk(sock, dns.query("db", number=7)).id == 7
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(100)


def test_more_addresses_than_a_datagram_holds_are_all_had_by_tcp(box: Box, side: Side) -> None:
    side.learn(containers={f"{n:064x}": (["many"], [f"172.18.1.{n}"]) for n in range(1, 151)})
    assert box.ask("many").is_cut_off
    assert box.ask("many", edns=1232).is_cut_off
    assert len(box.ask("many", edns=4096).values) == 150
    assert len(set(box.ask("many", by_tcp=True).values)) == 150


@pytest.mark.usefixtures("side")
def test_a_connection_takes_one_question_after_the_other_also_those_that_come_at_once(box: Box) -> None:
    with box.stream() as sock:
        assert exchange(sock, dns.query("web", number=1)).values == ["172.18.0.2"]
        three = [dns.query("db", number=n) for n in (2, 3, 4)]
        data = b"".join(len(question).to_bytes(2) + question for question in three)
        for byte in (data[n : n + 1] for n in range(len(data))):
            sock.send(byte)
        assert [receive(sock).id for _ in three] == [2, 3, 4]


def test_a_connection_that_says_nothing_or_half_a_question_is_closed(box: Box, side: Side) -> None:
    side.learn(idle_seconds=0.2)
    for data in (b"", b"\0", b"\0\xff1234"):
        with box.stream() as sock:
            sock.send(data)
            assert sock.recv(1) == b""
    assert box.ask("web", by_tcp=True).values == ["172.18.0.2"]


def test_a_connection_that_takes_no_answers_is_closed(box: Box, side: Side) -> None:
    side.learn(idle_seconds=0.2, containers={f"{n:064x}": (["many"], [f"172.18.1.{n}"]) for n in range(1, 201)})
    question = dns.query("many")
    with box.stream() as sock, pytest.raises(ConnectionError):
        while True:
            sock.sendall(len(question).to_bytes(2) + question)


def test_what_is_being_asked_ends_with_the_resolver(box: Box) -> None:
    side = Side([box], [servers.SILENT])
    with box.datagrams() as sock, box.stream() as waiting, box.stream() as idle:
        sock.send(dns.query("example.org"))
        question = dns.query("example.org")
        waiting.sendall(len(question).to_bytes(2) + question)
        assert exchange(idle, dns.query("web")).values
        side.close()
        for connection in (waiting, idle):
            with pytest.raises((EOFError, ConnectionError)):
                receive(connection)


@pytest.mark.usefixtures("side")
def test_only_so_many_connections_are_held_and_one_that_ends_makes_room(box: Box) -> None:
    held = [box.stream() for _ in range(limits.CONNECTIONS)]
    assert [exchange(sock, dns.query("web")).rcode for sock in held] == [0] * len(held)
    with box.stream() as refused, pytest.raises((EOFError, ConnectionError)):
        exchange(refused, dns.query("web"))
    held.pop().close()
    assert box.ask("web").values  # the end has been seen by now, or is with the next question
    with box.stream() as sock:
        assert exchange(sock, dns.query("web")).values
    for sock in held:
        sock.close()


@pytest.mark.usefixtures("side")
def test_a_name_server_of_the_container_keeps_its_port(box: Box) -> None:
    with box.bound(socket.SOCK_DGRAM, "0.0.0.0", 53) as server, box.datagrams("127.0.0.1") as client:
        client.send(b"hello")
        assert server.recv(100) == b"hello"
        assert box.ask("web").values == ["172.18.0.2"]


def test_a_program_that_has_our_usual_port_does_not_disturb_us(box: Box) -> None:
    usual = sockets._PREFERRED
    with box.bound(socket.SOCK_DGRAM, "0.0.0.0", usual), box.bound(socket.SOCK_STREAM, "0.0.0.0", usual) as server:
        server.listen()
        side = Side([box])
        assert box.ask("web").values == box.ask("web", by_tcp=True).values == ["172.18.0.2"]
        side.close()
    side = Side([box])  # what leads to the other port is replaced
    assert box.ask("web").values == box.ask("web", by_tcp=True).values == ["172.18.0.2"]
    side.close()


@pytest.mark.requires("nft")
@pytest.mark.parametrize(
    "found",
    [
        f"table ip {sockets.TABLE} {{ }}",
        f"table ip {sockets.TABLE} {{ chain output {{ type filter hook output priority 0\n drop\n }}\n }}",
        f"table ip {sockets.TABLE} {{ chain a {{ }}\n chain output {{ jump a\n }}\n set s {{ type ipv4_addr\n }}\n }}",
        f"table ip {sockets.TABLE[:-1]} {{ }}; table inet {sockets.TABLE} {{ }}",
    ],
)
def test_whatever_a_container_has_made_of_the_table_is_replaced_and_other_tables_stay(box: Box, found: str) -> None:
    assert box.run("nft", found).returncode == 0
    tables = set(box.run("nft", "list", "tables").stdout.splitlines())
    side = Side([box])
    assert box.ask("web").values == box.ask("web", by_tcp=True).values == ["172.18.0.2"]
    side.close()
    after = box.run("nft", "list", "tables").stdout.splitlines()
    assert set(after) == tables | {f"table ip {sockets.TABLE}"}
    assert box.run("nft", "list", "table", "ip", sockets.TABLE).stdout.count("chain") == 1


def test_after_a_crash_the_next_one_answers_also_who_has_asked_before(box: Box) -> None:
    first = Side([box])
    with box.datagrams() as sock, box.stream() as connection:
        assert talk(sock, dns.query("web")).values == exchange(connection, dns.query("web")).values
        first.kill()
        second = Side([box])
        assert talk(sock, dns.query("web")).values == ["172.18.0.2"]
    assert box.ask("web", by_tcp=True).values == ["172.18.0.2"]
    second.close()


def test_a_container_with_users_of_its_own_is_served() -> None:
    box = Box("--user", "--map-root-user")
    own = Side([box])
    assert box.ask("web").values == box.ask("web", by_tcp=True).values == ["172.18.0.2"]
    own.close()
    box.close()


def test_the_sockets_may_be_opened_before_there_is_any_loopback() -> None:
    box = Box(is_up=False)
    side = Side([box])
    box.up()
    assert box.ask("web").values == box.ask("web", by_tcp=True).values == ["172.18.0.2"]
    side.close()
    box.close()


def test_a_flood_of_one_container_does_not_keep_another_from_being_answered(box: Box) -> None:
    other = Box()
    side = Side([box, other])
    with box.datagrams() as sock:
        for _ in range(20):
            for _ in range(1000):
                sock.send(dns.query("example.org"))
            assert other.ask("web").values == ["172.18.0.2"]
            assert other.ask("web", by_tcp=True).values == ["172.18.0.2"]
        assert box.ask("web", by_tcp=True).values == ["172.18.0.2"]
    side.close()
    other.close()

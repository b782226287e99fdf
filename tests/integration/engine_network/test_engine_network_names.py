"""Names on networks that an operator has made: who is called what, and who answers for the rest."""

from collections.abc import Callable, Iterator

import pytest
from support.boxes import Boxes
from support.deck import Deck
from support.name_server import ADDRESS, KNOWN, NameServer
from support.netlab import HOST, OTHER, Lab
from support.waiting import until

_ASK = """
import socket, struct, sys
protocol, name, kind = sys.argv[1], sys.argv[2], int(sys.argv[3])
labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
query = struct.pack("!HHHHHH", 4711, 0x100, 1, 0, 0, 0) + labels + b"\\0" + struct.pack("!HH", kind, 1)
if protocol == "udp":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)
    s.connect(("127.0.0.11", 53)); s.send(query); answer = s.recv(4096)
else:
    s = socket.create_connection(("127.0.0.11", 53), 5)
    s.sendall(struct.pack("!H", len(query)) + query)
    size, = struct.unpack("!H", s.recv(2, socket.MSG_WAITALL)); answer = s.recv(size, socket.MSG_WAITALL)
assert answer[:2] == query[:2]
flags, _, count = struct.unpack_from("!HHH", answer, 2)
print(flags & 15, count, answer.hex())
"""
"""Prints the code, the number of answers, and all of it; the C library asks by TCP only where it must."""
A, PTR, AAAA = 1, 12, 28


@pytest.fixture
def network(out: Callable[..., str]) -> str:
    out("network", "create", "front")
    return "front"


@pytest.fixture
def upstream(lab: Lab) -> Iterator[NameServer]:
    """A name server of another machine."""
    server = NameServer(lab.other, OTHER)
    yield server
    server.close()


def _resolve(boxes: Boxes, name: str, wanted: str) -> list[str]:
    """The addresses that the C library finds in there."""
    lines = boxes.deck.qd("exec", name, "getent", "ahostsv4", wanted).out.splitlines()
    return sorted({line.split()[0] for line in lines})


def test_a_container_finds_the_others_by_name_alias_and_short_id(boxes: Boxes, network: str) -> None:
    web = boxes.serve("web", "--network", network, "--network-alias", "shop", "-h", "counter")
    boxes.idle("box", "--network", network)
    identity = boxes.deck.engine.container("web").id[:12]
    for name in ("web", "shop", identity, "WEB"):
        assert _resolve(boxes, "box", name) == [web], name
    assert boxes.run("box", *_connect("web")).startswith("web ")


def _connect(name: str) -> tuple[str, ...]:
    """A program that connects to port 80 of that name."""
    source = f"import socket; print(socket.create_connection(({name!r}, 80), 5).recv(99).decode())"
    return "python3", "-I", "-S", "-c", source


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_names_are_answered_over_both_protocols(boxes: Boxes, network: str, protocol: str) -> None:
    web = boxes.serve("web", "--network", network)
    outcome = boxes.python("web", _ASK, protocol, "web", str(A))
    code, count, raw = outcome.out.split()
    assert (code, count) == ("0", "1"), outcome
    assert bytes(int(part) for part in web.split(".")).hex() in raw


def test_one_alias_of_two_containers_is_both_addresses(boxes: Boxes, network: str) -> None:
    addresses = [boxes.idle(name, "--network", network, "--network-alias", "pool") for name in ("one", "two")]
    assert _resolve(boxes, "one", "pool") == sorted(addresses)


def test_an_address_is_answered_with_the_name(boxes: Boxes, network: str) -> None:
    web = boxes.idle("web", "--network", network)
    boxes.idle("box", "--network", network)
    assert boxes.run("box", "getent", "hosts", web).split()[:2] in ([web, "web"], [web, "web.front"])


def test_a_name_without_an_ipv6_address_is_empty_and_not_unknown(boxes: Boxes, network: str) -> None:
    """Otherwise the C library would say that there is no such host, or ask somebody else."""
    boxes.idle("web", "--network", network)
    assert boxes.python("web", _ASK, "udp", "web", str(AAAA)).out.split()[:2] == ["0", "0"]


def test_names_have_ipv6_addresses_where_the_network_has(boxes: Boxes, out: Callable[..., str]) -> None:
    out("network", "create", "--ipv6", "six")
    boxes.idle("web", "--network", "six")
    boxes.idle("box", "--network", "six")
    lines = boxes.run("box", "getent", "ahostsv6", "web").splitlines()
    assert {line.split()[0] for line in lines} == {boxes.address6("web")}


def test_names_end_at_the_edge_of_the_network(boxes: Boxes, network: str, out: Callable[..., str]) -> None:
    out("network", "create", "back")
    boxes.idle("web", "--network", network)
    boxes.idle("stranger", "--network", "back")
    assert _resolve(boxes, "stranger", "web") == []


def test_a_name_follows_rename_stop_and_start(boxes: Boxes, network: str, out: Callable[..., str]) -> None:
    boxes.idle("box", "--network", network)
    web = boxes.idle("web", "--network", network)
    out("rename", "web", "site")
    assert (_resolve(boxes, "box", "site"), _resolve(boxes, "box", "web")) == ([web], [])
    out("stop", "-t", "0", "site")
    assert _resolve(boxes, "box", "site") == []
    out("start", "site")
    assert _resolve(boxes, "box", "site") == [web]


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_what_is_no_container_s_is_forwarded(boxes: Boxes, network: str, upstream: NameServer, protocol: str) -> None:
    boxes.idle("box", "--network", network, "--dns", OTHER)
    outcome = boxes.python("box", _ASK, protocol, KNOWN, str(A))
    assert outcome.out.split()[:2] == ["0", "1"], outcome
    assert bytes(int(part) for part in ADDRESS.split(".")).hex() in outcome.out
    assert (HOST, KNOWN) in upstream.asked
    assert boxes.python("box", _ASK, protocol, "unknown.lab.test", str(A)).out.split()[:2] == ["3", "0"]


def test_a_container_s_name_is_never_asked_of_the_outside(boxes: Boxes, network: str, upstream: NameServer) -> None:
    boxes.idle("web", "--network", network)
    boxes.idle("box", "--network", network, "--dns", OTHER)
    assert _resolve(boxes, "box", "web")
    boxes.run("box", "getent", "hosts", boxes.address("web"))
    assert upstream.asked == []


def test_resolv_conf_names_the_resolver_and_a_program_of_the_container_may_have_port_53(
    boxes: Boxes, network: str
) -> None:
    boxes.serve("web", "--network", network, ports=("udp:53", "tcp:53"))
    assert "nameserver 127.0.0.11" in boxes.run("web", "cat", "/etc/resolv.conf")
    boxes.idle("box", "--network", network)
    assert boxes.ask("box", "udp", boxes.address("web"), 53).startswith("web ")
    assert _resolve(boxes, "box", "web") == [boxes.address("web")]


def test_the_resolver_works_without_any_name_server_to_forward_to(boxes: Boxes, network: str) -> None:
    web = boxes.idle("web", "--network", network, "--dns", "192.0.2.254")
    assert _resolve(boxes, "web", "web") == [web]


def test_a_restarted_container_has_its_resolver_again(boxes: Boxes, network: str, out: Callable[..., str]) -> None:
    web = boxes.idle("web", "--network", network)
    boxes.idle("box", "--network", network)
    out("restart", "-t", "0", "box")
    assert _resolve(boxes, "box", "web") == [web]


def test_a_killed_supervisor_s_successor_answers_in_running_containers(own_boxes: Boxes, own_deck: Deck) -> None:
    import os
    import signal

    own_deck.out("network", "create", "front")
    web = own_boxes.idle("web", "--network", "front")
    os.kill(own_deck.engine.info().supervisor_pid, signal.SIGKILL)
    own_deck.engine.close()
    own_deck.out("ps")
    until(lambda: _resolve(own_boxes, "web", "web") == [web], "the new supervisor to answer")

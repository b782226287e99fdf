"""Published ports: who reaches them, from where, and who is refused."""

import os
import re
from collections.abc import Callable

import pytest
from support.boxes import BASE, Boxes
from support.deck import Deck, Outcome, new_deck
from support.netlab import HOST, HOST6, HOST_SECOND, HOST_SECOND6, OTHER, OTHER6, THIRD, Lab

from engine.state.paths import Paths

PROTOCOLS = pytest.mark.parametrize("protocol", ["tcp", "udp"])


@PROTOCOLS
def test_another_machine_reaches_it_by_every_address_of_the_host_and_is_seen(
    lab: Lab, boxes: Boxes, protocol: str
) -> None:
    boxes.serve("web", "-p", f"8080:80/{protocol}")
    assert lab.other.ask(protocol, HOST, 8080).startswith(f"web {OTHER} ")
    assert lab.other.ask(protocol, HOST_SECOND, 8080).startswith(f"web {OTHER} ")
    assert lab.third.ask(protocol, HOST_SECOND, 8080).startswith(f"web {THIRD} ")


@PROTOCOLS
def test_the_host_reaches_it_by_its_addresses_and_by_its_loopback(lab: Lab, boxes: Boxes, protocol: str) -> None:
    boxes.serve("web", "-p", f"8080:80/{protocol}")
    for address in (HOST, HOST_SECOND, "127.0.0.1", "127.0.0.9"):
        assert lab.host.ask(protocol, address, 8080).startswith("web "), address


@PROTOCOLS
def test_containers_reach_it_by_the_host_s_addresses_and_so_does_it_itself(
    boxes: Boxes, out: Callable[..., str], protocol: str
) -> None:
    out("network", "create", "apart")
    boxes.serve("web", "-p", f"8080:80/{protocol}")
    boxes.idle("neighbour")
    boxes.idle("stranger", "--network", "apart")
    for name in ("neighbour", "stranger", "web"):
        for address in (HOST, HOST_SECOND):
            assert boxes.ask(name, protocol, address, 8080).startswith("web "), (name, address)


@PROTOCOLS
def test_ipv6_reaches_a_container_that_has_it(lab: Lab, boxes: Boxes, out: Callable[..., str], protocol: str) -> None:
    out("network", "create", "--ipv6", "six")
    boxes.serve("web", "--network", "six", "-p", f"8080:80/{protocol}")
    boxes.idle("neighbour", "--network", "six")
    for address in (HOST6, HOST_SECOND6):
        assert lab.other.ask(protocol, address, 8080).startswith(f"web {OTHER6} "), address
    for address in (HOST6, HOST_SECOND6, "::1", "127.0.0.1"):
        assert lab.host.ask(protocol, address, 8080).startswith("web "), address
    for name in ("neighbour", "web"):
        assert boxes.ask(name, protocol, HOST6, 8080).startswith("web "), name


@PROTOCOLS
def test_ipv6_reaches_a_container_that_has_ipv4_alone(lab: Lab, boxes: Boxes, protocol: str) -> None:
    boxes.serve("web", "-p", f"8080:80/{protocol}")
    assert lab.other.ask(protocol, HOST6, 8080).startswith("web ")
    assert lab.host.ask(protocol, "::1", 8080).startswith("web ")


@PROTOCOLS
def test_a_port_of_one_address_is_that_address_s_alone(lab: Lab, boxes: Boxes, protocol: str) -> None:
    boxes.serve("web", "-p", f"{HOST}:8080:80/{protocol}")
    assert lab.other.ask(protocol, HOST, 8080).startswith("web ")
    assert lab.other.ask(protocol, HOST_SECOND, 8080) == "no: ECONNREFUSED"
    assert lab.host.ask(protocol, "127.0.0.1", 8080) == "no: ECONNREFUSED"
    assert lab.host.ask(protocol, "::1", 8080) == "no: ECONNREFUSED"


@PROTOCOLS
def test_a_port_of_the_loopback_is_the_host_s_alone(lab: Lab, boxes: Boxes, protocol: str) -> None:
    boxes.serve("web", "-p", f"127.0.0.1:8080:80/{protocol}")
    assert lab.host.ask(protocol, "127.0.0.1", 8080).startswith("web ")
    assert lab.other.ask(protocol, HOST, 8080) == "no: ECONNREFUSED"
    boxes.idle("neighbour")
    assert boxes.ask("neighbour", protocol, HOST, 8080) == "no: ECONNREFUSED"


def test_one_port_of_two_addresses_leads_to_two_containers(lab: Lab, boxes: Boxes) -> None:
    boxes.serve("first", "-p", f"{HOST}:8080:80")
    boxes.serve("second", "-p", f"{HOST_SECOND}:8080:80")
    assert lab.other.ask("tcp", HOST, 8080).startswith("first ")
    assert lab.other.ask("tcp", HOST_SECOND, 8080).startswith("second ")


def test_one_port_of_both_protocols_is_two(lab: Lab, boxes: Boxes) -> None:
    boxes.serve("stream", "-p", "5353:80/tcp")
    boxes.serve("datagram", "-p", "5353:80/udp")
    assert lab.other.ask("tcp", HOST, 5353).startswith("stream ")
    assert lab.other.ask("udp", HOST, 5353).startswith("datagram ")


def test_a_range_is_published_port_by_port(lab: Lab, boxes: Boxes) -> None:
    boxes.serve("web", "-p", "8000-8002:80-82", ports=("tcp:80", "tcp:81", "tcp:82"))
    assert [lab.other.ask("tcp", HOST, port).split()[0] for port in (8000, 8001, 8002)] == ["web"] * 3
    assert lab.other.ask("tcp", HOST, 8003) == "no: ECONNREFUSED"


def test_of_a_range_for_one_port_the_first_free_one_is_taken(lab: Lab, boxes: Boxes) -> None:
    lab.host.serve("tcp", 8000)
    boxes.serve("web", "-p", "8000-8002:80")
    assert boxes.host_port("web") == 8001
    assert lab.other.ask("tcp", HOST, 8001).startswith("web ")


def test_without_a_port_of_the_host_a_free_one_is_chosen(lab: Lab, boxes: Boxes, out: Callable[..., str]) -> None:
    boxes.serve("web", "-p", "80")
    port = boxes.host_port("web")
    assert port > 1023
    assert lab.other.ask("tcp", HOST, port).startswith("web ")
    assert f":{port}" in out("port", "web", "80")


def test_port_lists_what_is_published(boxes: Boxes, out: Callable[..., str]) -> None:
    boxes.idle("web", "-p", f"{HOST}:8080:80", "-p", "127.0.0.1:5353:53/udp")
    assert out("port", "web").splitlines() == ["53/udp -> 127.0.0.1:5353", f"80/tcp -> {HOST}:8080"]
    assert out("port", "web", "80/tcp") == f"{HOST}:8080\n"
    assert out("port", "web", "53/udp") == "127.0.0.1:5353\n"


def test_port_says_so_where_that_one_is_not_published(boxes: Boxes, qd: Callable[..., Outcome]) -> None:
    boxes.idle("web", "-p", "8080:80")
    outcome = qd("port", "web", "81")
    assert outcome.code == 1
    assert "81" in outcome.err


def test_the_list_shows_published_ports_of_running_containers(boxes: Boxes, out: Callable[..., str]) -> None:
    boxes.idle("web", "-p", f"{HOST}:8080:80")
    assert out("ps", "--format", "{{.Ports}}").strip() == f"{HOST}:8080->80/tcp"
    assert f"{HOST}:8080->80/tcp" in out("ps")


def test_publish_all_takes_the_ports_that_image_and_flags_expose(
    lab: Lab, boxes: Boxes, deck: Deck, out: Callable[..., str]
) -> None:
    boxes.serve("model")
    out("commit", "-c", "EXPOSE 80", "model", "localhost/web:1")
    deck.start("--name", "web", "-P", "--expose", "81", "localhost/web:1", "sleep", "1000")
    lines = out("port", "web").splitlines()
    assert [line.split()[0] for line in lines if "[::]" not in line] == ["80/tcp", "81/tcp"]
    port = int(re.findall(r"80/tcp -> 0\.0\.0\.0:(\d+)", "\n".join(lines))[0])
    assert lab.other.ask("tcp", HOST, port) == "no: ECONNREFUSED", "it is forwarded, and nothing listens"


class TestInUse:
    """A port that somebody has."""

    def test_a_process_of_the_host_that_has_it_is_named(self, lab: Lab, deck: Deck, qd: Callable[..., Outcome]) -> None:
        lab.host.serve("tcp", 8080)
        outcome = qd("run", "--name", "web", "-p", "8080:80", BASE, "true")
        assert outcome.code == 125
        assert "8080" in outcome.err
        assert f"pid {os.getpid()}" in outcome.err
        assert "hint:" in outcome.err

    def test_a_container_that_has_it_is_named(self, boxes: Boxes, qd: Callable[..., Outcome]) -> None:
        boxes.idle("first", "-p", "8080:80")
        outcome = qd("run", "--name", "second", "-p", "8080:80", BASE, "true")
        assert outcome.code == 125
        assert "8080" in outcome.err
        assert "first" in outcome.err

    def test_nothing_of_it_is_set_up_and_the_first_works_on(
        self, lab: Lab, boxes: Boxes, qd: Callable[..., Outcome]
    ) -> None:
        boxes.serve("first", "-p", "8080:80")
        before = lab.host.links(), lab.host.run("nft", "-s", "list", "ruleset")
        assert qd("run", "--rm", "--name", "second", "-p", "8081:80", "-p", "8080:80", BASE, "true").code == 125
        assert (lab.host.links(), lab.host.run("nft", "-s", "list", "ruleset")) == before
        assert lab.other.ask("tcp", HOST, 8080).startswith("first ")
        assert lab.other.ask("tcp", HOST, 8081) == "no: ECONNREFUSED"

    def test_the_host_s_programs_are_refused_a_published_port(self, lab: Lab, boxes: Boxes) -> None:
        boxes.idle("web", "-p", "8080:80")
        with pytest.raises(OSError, match="in use"):
            lab.host.serve("tcp", 8080)

    def test_a_port_is_free_again_when_its_container_has_ended(
        self, lab: Lab, boxes: Boxes, out: Callable[..., str]
    ) -> None:
        boxes.serve("first", "-p", "8080:80", "-p", "8080:80/udp")
        out("stop", "-t", "0", "first")
        assert lab.other.ask("tcp", HOST, 8080) == "no: ECONNREFUSED"
        boxes.serve("second", "-p", "8080:80", "-p", "8080:80/udp")
        assert lab.other.ask("tcp", HOST, 8080).startswith("second ")
        assert lab.other.ask("udp", HOST, 8080).startswith("second ")

    def test_a_stopped_one_says_who_has_its_port_when_it_is_started(
        self, boxes: Boxes, out: Callable[..., str], qd: Callable[..., Outcome]
    ) -> None:
        boxes.idle("first", "-p", "8080:80")
        out("stop", "-t", "0", "first")
        boxes.idle("second", "-p", "8080:80")
        outcome = qd("start", "first")
        assert outcome.code == 125
        assert "second" in outcome.err


class TestDatagramsOfAClientThatIsKnown:
    """The kernel keeps the way of a flow; a restart must not leave it leading nowhere."""

    def test_a_client_that_goes_on_asking_reaches_the_next_container(
        self, lab: Lab, boxes: Boxes, out: Callable[..., str]
    ) -> None:
        boxes.serve("first", "-p", "8080:80/udp")
        client = lab.other.socket(2, 2)
        client.settimeout(3)
        with client:
            client.bind(("", 4040))
            client.connect((HOST, 8080))
            client.send(b"x")
            assert client.recv(99).startswith(b"first ")
            out("rm", "-f", "first")
            boxes.serve("filler")
            boxes.serve("second", "-p", "8080:80/udp")
            client.send(b"x")
            assert client.recv(99).startswith(b"second ")

    def test_one_that_asked_before_there_was_a_container_reaches_it(self, lab: Lab, boxes: Boxes) -> None:
        client = lab.other.socket(2, 2)
        client.settimeout(3)
        with client:
            client.connect((HOST, 8080))
            client.send(b"x")
            with pytest.raises(ConnectionRefusedError):
                client.recv(99)
            boxes.serve("web", "-p", "8080:80/udp")
            client.send(b"x")
            assert client.recv(99).startswith(b"web ")


@pytest.mark.requires("iptables-nft")
def test_a_forward_policy_of_drop_is_survived(base_store: Paths) -> None:
    """Docker sets iptables' to DROP, and ufw has it so."""
    with Lab() as lab, lab.host.enter():
        lab.host.run("iptables-nft", "-P", "FORWARD", "DROP")
        before = lab.host.run("iptables-nft", "-S")
        lab.other.serve("tcp", 80)
        deck = new_deck(base_store)
        boxes = Boxes(deck)
        try:
            boxes.serve("web", "-p", "8080:80")
            assert lab.other.ask("tcp", HOST, 8080).startswith("web ")
            assert boxes.ask("web", "tcp", OTHER, 80).startswith("other ")
        finally:
            deck.end()
        assert lab.host.run("iptables-nft", "-S") == before

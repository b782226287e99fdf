"""The founding demonstration of networks: a port of a container is its own, and reachable where it was asked to be."""

import subprocess

from support.boxes import BASE, Boxes
from support.deck import Deck
from support.netlab import HOST, HOST_SECOND, OTHER, Lab

ESTABLISHED = ("ss", "-Htn", "state", "established")


def _pairs(listing: str) -> set[tuple[str, str]]:
    """Local and far end of each connection that `ss` lists."""
    return {(fields[2], fields[3]) for line in listing.splitlines() if len(fields := line.split()) >= 4}


def test_both_sides_list_a_connection_from_the_host_as_established(lab: Lab, boxes: Boxes) -> None:
    address = boxes.serve("web")
    with lab.host.dial(address, 80) as connection:
        near, port = connection.getsockname()
        here, there = f"{near}:{port}", f"{address}:80"
        assert (here, there) in _pairs(lab.host.run(*ESTABLISHED))
        inside = _pairs(boxes.run("web", *ESTABLISHED))
    assert {
        (local.replace("[::ffff:", "").replace("]", ""), far.replace("[::ffff:", "").replace("]", ""))
        for local, far in inside
    } == {(there, here)}


def test_a_published_port_stays_free_on_the_other_addresses_of_the_host(lab: Lab, boxes: Boxes) -> None:
    boxes.serve("web", "-p", f"{HOST}:8080:80")
    for address in (HOST_SECOND, "127.0.0.1"):
        lab.host.serve("tcp", 8080, address)
    assert lab.other.ask("tcp", HOST, 8080).startswith(f"web {OTHER} ")
    assert lab.other.ask("tcp", HOST_SECOND, 8080).startswith("host ")
    answers = [lab.host.ask("tcp", address, 8080).split()[0] for address in (HOST, HOST_SECOND, "127.0.0.1")]
    assert answers == ["web", "host", "host"]


def test_two_containers_and_the_host_all_listen_on_80(lab: Lab, boxes: Boxes) -> None:
    lab.host.serve("tcp", 80)
    first, second = boxes.serve("first"), boxes.serve("second")
    answers = [lab.host.ask("tcp", address, 80).split()[0] for address in (first, second, "127.0.0.1")]
    assert answers == ["first", "second", "host"]


def test_a_program_on_the_host_may_be_asked_by_a_container_at_its_gateway(lab: Lab, boxes: Boxes) -> None:
    lab.host.serve("tcp", 8000)
    address = boxes.idle("asker")
    gateway = boxes.run("asker", "ip", "route", "show", "default").split()[2]
    assert boxes.ask("asker", "tcp", gateway, 8000).startswith(f"host {address} ")


def test_a_container_without_a_network_has_a_loopback_alone(boxes: Boxes, deck: Deck) -> None:
    assert deck.out("run", "--rm", "--network", "none", BASE, "ls", "/sys/class/net") == "lo\n"


def test_a_container_on_the_host_s_network_sees_the_host_s_links(lab: Lab, deck: Deck) -> None:
    names = deck.out("run", "--rm", "--network", "host", BASE, "ip", "-br", "link")
    assert {"uplink", "second"} <= {line.split("@")[0].split()[0] for line in names.splitlines()}
    assert subprocess.run(["ip", "link", "show", "uplink"], capture_output=True).returncode == 0

"""What of a container's network is seen from outside: its connections, and what went through its interfaces."""

import json
import os
import signal
from contextlib import closing
from typing import Any

from support.boxes import BASE, Boxes
from support.deck import Deck
from support.netlab import OTHER, Lab
from support.waiting import until, until_gone

from engine import model

MIB = 1 << 20


def established(deck: Deck, name: str) -> list[model.Connection]:
    return [one for one in deck.engine.connections(name).found if one.state == "ESTABLISHED"]


def figures(deck: Deck, name: str) -> model.Stats:
    (found,) = deck.engine.stats((name,))
    return found


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_connection_from_the_host_is_named_so_on_the_containers_side(lab: Lab, boxes: Boxes, deck: Deck) -> None:
    address = boxes.serve("web")
    with closing(lab.host.dial(address, 80)) as connection:
        port = connection.getsockname()[1]
        (seen,) = established(deck, "web")
        table = deck.out("top", "--net", "web")
    assert (seen.address, seen.port, seen.far_port, seen.far_name) == (address, 80, port, "host")
    lines = [line.split() for line in table.splitlines()]
    assert lines[0] == ["PROTO", "LOCAL", "FAR", "STATE"]
    assert ["tcp", f"{address}:80", f"{seen.far_address}:{port}", "(host)", "ESTABLISHED"] in lines
    assert ["tcp", "[::]:80", "*", "LISTEN"] in lines


def test_two_containers_name_each_other_on_a_network_of_the_operator(boxes: Boxes, deck: Deck) -> None:
    deck.out("network", "create", "seen")
    boxes.serve("web", "--network", "seen")
    boxes.idle("asker", "--network", "seen")
    dialling = boxes.dial_from("asker", "web", 80)
    try:
        assert dialling.stdout is not None
        assert dialling.stdout.readline().startswith("web ")
        (here,), (there,) = established(deck, "asker"), established(deck, "web")
    finally:
        dialling.communicate()
    assert (here.far_name, there.far_name) == ("web", "asker")
    own = [one for one in deck.engine.connections("web").found if one.address == "127.0.0.11"]
    assert {(one.protocol, one.far_name) for one in own} == {("tcp", "resolver"), ("udp", "resolver")}
    assert (here.address, here.port) == (there.far_address, there.far_port)


def test_whoever_shares_a_network_is_told_whose_connections_those_are(boxes: Boxes, deck: Deck) -> None:
    boxes.serve("web")
    deck.start("--name", "side", "--network", "container:web", BASE, "sleep", "1000")
    deck.start("--name", "bare", "--network", "host", BASE, "sleep", "1000")
    side = deck.qd("top", "--net", "side", "--format", "json")
    assert "that of container web" in side.err
    assert {"Proto": "tcp", "Local": "[::]:80", "Far": "*", "FarName": "", "State": "LISTEN"} in rows(side.out)
    assert "is the host's" in deck.qd("top", "--net", "bare").err


def test_bytes_are_counted_as_the_container_sees_them(lab: Lab, boxes: Boxes, deck: Deck) -> None:
    address = boxes.serve("web")
    boxes.idle("still")
    deck.start("--name", "side", "--network", "container:web", BASE, "sleep", "1000")
    with closing(lab.host.dial(address, 80)) as connection:
        until(lambda: figures(deck, "web").rx_packets > 0, "the counters to begin with")
        connection.sendall(bytes(2 * MIB))
        until(lambda: figures(deck, "web").rx_bytes > 2 * MIB, "the counters of the next second")
    seen, side = figures(deck, "web"), figures(deck, "side")
    assert seen.tx_bytes < seen.rx_bytes < 4 * MIB
    assert seen.rx_packets > 0
    assert side.rx_bytes >= 2 * MIB
    assert figures(deck, "still").rx_bytes < MIB
    until(lambda: any(deck.engine.history("web").rx_bytes_per_second), "a rate for the graphs")


def test_stats_of_a_container_show_its_network(boxes: Boxes, deck: Deck) -> None:
    boxes.serve("web")
    deck.start("--name", "alone", "--network", "none", BASE, "sleep", "1000")
    boxes.idle("asker")
    boxes.ask("asker", "tcp", boxes.address("web"), 80)
    until(lambda: figures(deck, "web").tx_bytes > 0, "the counters of the next second")
    (shown,) = rows(deck.out("stats", "--no-stream", "--format", "json", "web"))
    received, slash, sent = shown["NetIO"].split()
    assert slash == "/"
    assert received != "0B"
    assert sent != "0B"
    (none,) = rows(deck.out("stats", "--no-stream", "--format", "json", "alone"))
    assert none["NetIO"] == "0B / 0B"


def test_what_has_no_end_on_the_host_is_counted_as_well(lab: Lab, boxes: Boxes, deck: Deck) -> None:
    options = ("--opt", "parent=uplink", "--subnet", "10.77.0.0/24", "--gateway", OTHER)
    deck.out("network", "create", "--driver", "macvlan", *options, "street")
    boxes.serve("web", "--network", "street", "--ip", "10.77.0.50")
    with closing(lab.other.dial("10.77.0.50", 80)) as connection:
        connection.sendall(bytes(MIB))
        until(lambda: figures(deck, "web").rx_bytes > MIB, "the counters of the next second")


def test_a_supervisor_that_takes_over_goes_on_counting(lab: Lab, own_boxes: Boxes, own_deck: Deck) -> None:
    address = own_boxes.serve("web")
    with closing(lab.host.dial(address, 80)) as connection:
        connection.sendall(bytes(MIB))
        until(lambda: figures(own_deck, "web").rx_bytes > MIB, "the counters of the next second")
    supervisor = own_deck.engine.info().supervisor_pid
    os.kill(supervisor, signal.SIGKILL)
    assert until_gone(supervisor)
    own_deck.engine.close()
    until(lambda: own_deck.engine.history("web").rx_bytes_per_second, "a point of the graph")
    assert figures(own_deck, "web").rx_bytes > MIB
    assert max(rate or 0.0 for rate in own_deck.engine.history("web").rx_bytes_per_second) < MIB / 2


def test_info_says_which_networks_there_are(boxes: Boxes, deck: Deck) -> None:
    boxes.idle("box")
    deck.out("network", "create", "seen")
    told = json.loads(deck.out("info", "--format", "json"))
    assert told["Networks"] == 4
    assert told["DefaultSubnet"].endswith("/16")

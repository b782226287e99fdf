"""Addresses and names over time: restarts, kills at any moment, many at once; nothing stale stays."""

import os
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import netlab
from support.boxes import BASE, Boxes
from support.deck import Deck
from support.netlab import HOST, OTHER, Lab
from support.waiting import until, until_gone

from engine.network import names

PARALLEL = 8
KILLS = 10


def _kill(*pids: int) -> None:
    """All at once, and wait until they are gone."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert all(until_gone(pid) for pid in pids)


def _kill_engine(deck: Deck) -> None:
    info = deck.engine.info()
    _kill(info.supervisor_pid, *([info.keeper_pid] if info.keeper_pid else []))
    deck.engine.close()


@pytest.fixture
def web(lab: Lab, own_boxes: Boxes) -> str:
    """A server with a published port on an engine of the test's own; its address."""
    return own_boxes.serve("web", "-p", "8080:80", "-p", "8080:80/udp")


def test_restart_and_stop_and_start_keep_address_mac_and_port(boxes: Boxes, out: Callable[..., str]) -> None:
    boxes.serve("web", "-p", "80")
    before = boxes.address("web"), boxes.mac("web"), boxes.host_port("web")
    out("restart", "-t", "0", "web")
    boxes.until_ready("web")
    assert (boxes.address("web"), boxes.mac("web")) == before[:2]
    out("stop", "-t", "0", "web")
    other = boxes.idle("other")
    out("start", "web")
    assert (boxes.address("web"), boxes.mac("web")) == before[:2]
    assert other != before[0]
    assert boxes.address("web") in boxes.run("web", "ip", "-o", "-4", "address", "show", "eth0")


def test_a_restart_policy_brings_the_network_back(lab: Lab, boxes: Boxes, deck: Deck) -> None:
    address = boxes.serve("web", "--restart", "always", "-p", "8080:80")
    os.kill(deck.engine.container("web").state.pid, signal.SIGKILL)
    until(lambda: lab.other.ask("tcp", HOST, 8080).startswith("web "), "it to serve again")
    assert boxes.address("web") == address


def test_an_address_is_given_on_when_its_container_is_removed_and_not_at_once(
    boxes: Boxes, out: Callable[..., str]
) -> None:
    """Whoever still knows the old one, in an ARP table say, must not meet a stranger the next moment."""
    first = boxes.idle("first")
    out("rm", "-f", "first")
    assert boxes.idle("second") != first


def test_a_stopped_container_has_no_link_rule_or_socket(lab: Lab, boxes: Boxes, out: Callable[..., str]) -> None:
    before = netlab.take(lab.host), lab.host.run("nft", "-s", "list", "ruleset")
    boxes.serve("web", "-p", "8080:80", "-p", "8081:80/udp")
    out("stop", "-t", "0", "web")

    def after() -> tuple[netlab.Belongings, str]:
        return netlab.take(lab.host), lab.host.run("nft", "-s", "list", "ruleset")

    until(lambda: after() == before, "nothing of it to be left", show=after)


def test_a_killed_supervisor_s_successor_has_everything_as_it_was(
    lab: Lab, own_boxes: Boxes, own_deck: Deck, web: str
) -> None:
    rules = lab.host.run("nft", "-s", "list", "ruleset")
    _kill(own_deck.engine.info().supervisor_pid)
    own_deck.engine.close()
    assert lab.other.ask("tcp", HOST, 8080).startswith("web "), "the kernel forwards without us"
    own_deck.out("ps")
    assert lab.host.run("nft", "-s", "list", "ruleset") == rules
    assert lab.other.ask("udp", HOST, 8080).startswith("web ")
    assert lab.host.ask("tcp", "127.0.0.1", 8080).startswith("web ")
    second = own_boxes.serve("second")
    assert second != web
    assert own_deck.qd("run", "--rm", "-p", "8080:80", BASE, "true").code == 125


def test_rules_and_links_that_somebody_deleted_meanwhile_are_there_again(
    lab: Lab, own_boxes: Boxes, own_deck: Deck, web: str
) -> None:
    tag = names.tag_of(own_deck.paths.root)
    _kill(own_deck.engine.info().supervisor_pid)
    own_deck.engine.close()
    for line in lab.host.run("nft", "list", "tables").splitlines():
        if tag in line:
            lab.host.run("nft", "delete", *line.split())
    own_deck.out("ps")
    assert lab.other.ask("tcp", HOST, 8080).startswith("web ")
    lab.other.serve("tcp", 80)
    assert own_boxes.ask("web", "tcp", OTHER, 80).startswith(f"other {HOST} ")


def test_after_a_crash_of_everything_the_next_command_removes_what_is_stale(
    lab: Lab, own_boxes: Boxes, own_deck: Deck, web: str
) -> None:
    own_deck.out("network", "create", "front")
    own_boxes.idle("friend", "--network", "front")
    pids = [own_deck.engine.container(name).state.pid for name in ("web", "friend")]
    _kill_engine(own_deck)
    _kill(*pids)
    own_deck.out("ps")
    until(lambda: not lab.container_ends(), "the links to go", show=lambda: lab.container_ends())
    assert HOST not in lab.host.run("nft", "list", "ruleset")
    assert "8080" not in lab.host.run("nft", "list", "ruleset")
    assert lab.other.ask("tcp", HOST, 8080) == "no: ECONNREFUSED"
    own_deck.out("start", "web")
    own_boxes.until_ready("web")
    assert own_boxes.address("web") == web
    until(lambda: lab.other.ask("tcp", HOST, 8080).startswith("web "), "it to serve")


def test_containers_that_outlive_both_processes_keep_their_network(
    lab: Lab, own_boxes: Boxes, own_deck: Deck, web: str
) -> None:
    _kill_engine(own_deck)
    assert lab.other.ask("tcp", HOST, 8080).startswith("web ")
    own_deck.out("ps")
    assert lab.other.ask("tcp", HOST, 8080).startswith("web ")
    assert lab.host.ask("tcp", web, 80).startswith("web ")
    own_deck.out("rm", "-f", "web")
    assert lab.other.ask("tcp", HOST, 8080) == "no: ECONNREFUSED"


@pytest.mark.parametrize("victims", ["supervisor", "keeper", "both"])
def test_a_kill_at_any_moment_of_a_start_leaves_nothing_that_the_next_does_not_repair(
    lab: Lab, own_boxes: Boxes, own_deck: Deck, victims: str
) -> None:
    chance = random.Random(victims)
    for round_ in range(KILLS):
        own_deck.out("network", "create", "--ipv6", "front")
        info = own_deck.engine.info()
        pids = {"supervisor": [info.supervisor_pid], "keeper": [info.keeper_pid]}
        wanted = [pid for kind, found in pids.items() if victims in (kind, "both") for pid in found if pid]
        own_deck.engine.close()
        start = ("run", "-d", "--name", f"c{round_}", "--network", "front", "-p", "8080:80", BASE, "sleep", "1000")
        with own_deck.begin(*start) as client:
            time.sleep(chance.uniform(0.05, 0.15))  # where in the start it hits is what is left to chance
            _kill(*wanted)
            client.communicate(timeout=60)
        running = own_deck.out("ps", "-q", "--no-trunc").split()
        _until_links_are_those_of(lab, own_deck, running)
        own_deck.out("rm", "-f", f"c{round_}") if own_deck.out("ps", "-aq") else None
        until(lambda: not lab.container_ends(), "the links to go", show=lambda: lab.container_ends())
        assert own_boxes.serve("check", "--network", "front", "-p", "8080:80")
        assert lab.other.ask("tcp", HOST, 8080).startswith("check ")
        own_deck.remove_all()


def _until_links_are_those_of(lab: Lab, deck: Deck, running: list[str]) -> None:
    prefixes = {f"qd{identity[:7]}" for identity in running}
    until(
        lambda: {name[:9] for name in lab.container_ends()} == prefixes,
        f"links of {prefixes} alone",
        show=lambda: (lab.container_ends(), deck.qd("ps", "-a").out),
    )


def test_many_that_start_at_once_get_addresses_of_their_own_and_one_gets_the_port(own_deck: Deck, lab: Lab) -> None:
    def start(number: int) -> int:
        with lab.host.enter():
            return own_deck.qd("run", "-d", "--name", f"c{number}", "-p", "8080:80", BASE, "sleep", "1000").code

    own_deck.engine.info()
    with ThreadPoolExecutor(PARALLEL) as pool:
        codes = list(pool.map(start, range(PARALLEL)))
    assert sorted(codes) == [0] + [125] * (PARALLEL - 1)
    own_deck.remove_all()
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda n: own_deck.out("run", "-d", "-p", "80", BASE, "sleep", "1000"), range(3 * PARALLEL)))
    containers = own_deck.engine.containers()
    assert len(containers) == 3 * PARALLEL
    assert len({container.endpoints[0].address for container in containers}) == 3 * PARALLEL
    assert len({container.ports[0].host for container in containers}) == 3 * PARALLEL


def test_two_engines_on_one_host_do_not_meet(lab: Lab, boxes: Boxes, own_boxes: Boxes, own_deck: Deck) -> None:
    first, second = boxes.serve("web", "-p", "8080:80"), own_boxes.serve("web", "-p", "8081:80")
    assert first.rsplit(".", 2)[0] != second.rsplit(".", 2)[0]
    assert lab.other.ask("tcp", HOST, 8080).startswith("web ")
    assert own_deck.qd("run", "--rm", "-p", "8080:80", BASE, "true").code == 125
    own_deck.remove_all()
    _kill_engine(own_deck)
    own_deck.out("ps")
    assert lab.other.ask("tcp", HOST, 8080).startswith("web ")
    assert lab.host.ask("tcp", first, 80).startswith("web ")
    boxes.deck.remove_all()


def test_system_prune_removes_networks_that_nobody_is_on(boxes: Boxes, out: Callable[..., str]) -> None:
    out("network", "create", "front")
    boxes.idle("box")
    out("system", "prune", "--force")
    assert "front" not in out("network", "ls")
    assert boxes.run("box", "ip", "-4", "route", "show", "default")


def test_what_was_started_before_a_reboot_is_no_hindrance_after_it(
    lab: Lab, own_boxes: Boxes, own_deck: Deck, web: str
) -> None:
    """What a boot leaves: records on disk, and neither links nor rules nor processes."""
    pid = own_deck.engine.container("web").state.pid
    _kill_engine(own_deck)
    _kill(pid)
    tag = names.tag_of(own_deck.paths.root)
    for line in lab.host.run("nft", "list", "tables").splitlines():
        if tag in line:
            lab.host.run("nft", "delete", *line.split())
    lab.host.ip(f"link delete {names.default_bridge(tag)}")
    assert not lab.container_ends()
    lab.host.sysctl("net/ipv4/ip_forward", "0")
    own_deck.out("start", "web")
    own_boxes.until_ready("web")
    assert own_boxes.address("web") == web
    until(lambda: lab.other.ask("tcp", HOST, 8080).startswith("web "), "it to serve")

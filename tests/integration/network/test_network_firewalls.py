"""Other firewalls that drop what they forward let a bridge's traffic through, and are as before afterwards."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import closing
from typing import Any

import pytest
from support import other_firewalls
from support.netlab import Lab, Machine
from support.other_firewalls import BRIDGE, SETUPS, passing, rules

from engine.network.host import programs
from engine.network.host.firewalls import Firewalls
from engine.network.table.libnftables import Nft

pytestmark = [pytest.mark.root, pytest.mark.requires("ip", "nft", "iptables-nft", "iptables-legacy")]

ALL = {"out": True, "in": True, "out6": True, "in6": True}
NONE = dict.fromkeys(ALL, False)
TAG = "abcdef"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def box(lab: Lab) -> Iterator[Machine]:
    with other_firewalls.box(lab) as machine:
        machine.serve("tcp", 80)
        lab.other.serve("tcp", 80)
        yield machine


@pytest.fixture(autouse=True)
def _cleared(lab: Lab, box: Machine) -> Iterator[None]:
    yield
    other_firewalls.clear(lab.host)


def work(lab: Lab, coroutine: Coroutine[Any, Any, list[str]]) -> list[str]:
    with lab.host.enter():
        return asyncio.run(coroutine)


def test_everything_passes_where_no_firewall_is(lab: Lab, box: Machine) -> None:
    assert passing(lab, box) == ALL


@pytest.mark.parametrize("name", SETUPS)
def test_a_firewall_that_drops_the_rest_lets_a_bridge_through_until_it_is_dismissed(
    lab: Lab, box: Machine, name: str
) -> None:
    SETUPS[name](lab.host)
    before = rules(lab.host)
    assert passing(lab, box) == NONE
    assert work(lab, Firewalls(TAG).admit(BRIDGE, ipv6=True)) == []
    assert passing(lab, box) == ALL
    assert work(lab, Firewalls(TAG).dismiss(BRIDGE)) == []
    assert rules(lab.host) == before
    assert passing(lab, box) == NONE


@pytest.mark.requires("ufw")
def test_ufw_lets_a_bridge_through_until_it_is_dismissed(lab: Lab, box: Machine) -> None:
    other_firewalls.ufw(lab.host)
    before = rules(lab.host)
    assert not passing(lab, box)["out"]
    work(lab, Firewalls(TAG).admit(BRIDGE, ipv6=True))
    assert passing(lab, box) == ALL
    work(lab, Firewalls(TAG).dismiss(BRIDGE))
    assert rules(lab.host) == before


@pytest.mark.parametrize("name", SETUPS)
def test_to_admit_a_bridge_twice_is_to_admit_it_once(lab: Lab, box: Machine, name: str) -> None:
    SETUPS[name](lab.host)
    work(lab, Firewalls(TAG).admit(BRIDGE, ipv6=True))
    once = rules(lab.host)
    work(lab, Firewalls(TAG).admit(BRIDGE, ipv6=True))
    assert rules(lab.host) == once


@pytest.mark.parametrize("name", SETUPS)
def test_a_sweep_takes_back_what_a_crash_has_left_and_nothing_of_another_engine(
    lab: Lab, box: Machine, name: str
) -> None:
    SETUPS[name](lab.host)
    work(lab, Firewalls("").admit("qd0"))
    theirs = rules(lab.host)
    work(lab, Firewalls(TAG).admit(BRIDGE, ipv6=True))
    work(lab, Firewalls(TAG).admit("qd0123456789", ipv6=True))
    kept = rules(lab.host)
    assert work(lab, Firewalls(TAG).sweep(keep=[BRIDGE, "qd0123456789"])) == []
    assert rules(lab.host) == kept != theirs
    assert work(lab, Firewalls(TAG).sweep()) == []
    assert rules(lab.host) == theirs


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_iptables_shows_an_exception_and_what_an_operator_forbids_stays_forbidden(
    lab: Lab, box: Machine, kind: str
) -> None:
    other_firewalls.docker(kind)(lab.host)
    lab.host.run(f"iptables-{kind}", *f"-A DOCKER-USER -o {BRIDGE} -j DROP".split())
    work(lab, Firewalls(TAG).admit(BRIDGE))
    assert passing(lab, box) == {**NONE, "out": False}  # its answers are dropped as well
    listed = lab.host.run(f"iptables-{kind}", "-S", "FORWARD").splitlines()
    assert listed[-2:] == [
        f'-A FORWARD -{direction} {BRIDGE} -m comment --comment "quarterdeck:{TAG}" -j ACCEPT' for direction in "io"
    ]


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_an_exception_behind_the_rule_that_drops_is_put_in_front_of_it(lab: Lab, box: Machine, kind: str) -> None:
    other_firewalls.policy(kind)(lab.host)
    work(lab, Firewalls(TAG).admit(BRIDGE, ipv6=True))
    for name in ("iptables", "ip6tables"):
        lab.host.run(f"{name}-{kind}", "-I", "FORWARD", "-j", "DROP")
    assert passing(lab, box) == NONE
    work(lab, Firewalls(TAG).admit(BRIDGE, ipv6=True))
    assert passing(lab, box) == ALL
    assert len([line for line in rules(lab.host) if BRIDGE in line]) == 4


def test_no_program_is_started_where_there_are_no_rules_of_the_older_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*command: str, **_: object) -> str:
        raise AssertionError(command)

    monkeypatch.setattr(programs, "run", refuse)
    fresh = Machine("fresh")
    try:
        with fresh.enter():
            fresh.run("nft", other_firewalls.NFT_POLICY)
            assert asyncio.run(Firewalls(TAG).admit(BRIDGE, ipv6=True)) == []
            assert asyncio.run(Firewalls(TAG).dismiss(BRIDGE)) == []
    finally:
        fresh.close()


def test_tables_of_our_engines_are_passed_over(lab: Lab, box: Machine) -> None:
    for name in ("quarterdeck", "quarterdeck-000000"):
        lab.host.run(*f"nft add table inet {name}".split())
        lab.host.run("nft", f"add chain inet {name} f {{ type filter hook forward priority 0; policy drop; }}")
    before = rules(lab.host)
    assert work(lab, Firewalls(TAG).admit(BRIDGE, ipv6=True)) == []
    assert rules(lab.host) == before


def test_legacy_rules_without_their_program_are_told_with_the_package(
    lab: Lab, box: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_firewalls.policy("legacy")(lab.host)
    monkeypatch.setattr(programs, "find", lambda name: None)
    [said] = work(lab, Firewalls(TAG).admit(BRIDGE))
    assert "iptables-legacy" in said
    assert "apt-get install iptables" in said


def test_a_table_that_nobody_else_may_change_is_told_and_is_in_no_other_s_way(lab: Lab, box: Machine) -> None:
    text = "table inet owned { flags owner; chain f { type filter hook forward priority -5; policy drop; }; }"
    with lab.host.enter(), closing(Nft()) as owner:
        owner.run(text)
        other_firewalls.policy("nft")(lab.host)
        [said] = work(lab, Firewalls(TAG).admit(BRIDGE))
        assert "inet owned belongs to a program" in said
        assert lab.host.run("iptables-nft", "-S", "FORWARD").count(BRIDGE) == 2


def test_two_that_admit_a_bridge_at_once_admit_it_once(lab: Lab, box: Machine) -> None:
    other_firewalls.policy("nft")(lab.host)

    async def twice() -> list[str]:
        firewalls = Firewalls(TAG)
        return [words for said in await asyncio.gather(*(firewalls.admit(BRIDGE) for _ in range(4))) for words in said]

    assert work(lab, twice()) == []
    assert lab.host.run("iptables-nft", "-S", "FORWARD").count(BRIDGE) == 2


def test_who_is_cancelled_leaves_no_work_to_happen_later(lab: Lab, box: Machine) -> None:
    other_firewalls.policy("nft")(lab.host)

    async def cancelled() -> list[str]:
        firewalls = Firewalls(TAG)
        task = asyncio.ensure_future(firewalls.admit(BRIDGE))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return await firewalls.dismiss(BRIDGE)

    assert work(lab, cancelled()) == []
    assert BRIDGE not in lab.host.run("iptables-nft", "-S", "FORWARD")


@pytest.mark.parametrize(("kind", "address"), [("nft", "10.99.0.3"), ("legacy", "10.99.0.4")])
def test_containers_of_one_bridge_reach_each_other_where_bridged_frames_are_filtered_as_well(
    lab: Lab, box: Machine, kind: str, address: str
) -> None:
    """With br_netfilter, as where Docker is, the FORWARD chain sees what goes from port to port of a bridge."""
    with other_firewalls.neighbour(lab, address) as neighbour:
        neighbour.serve("tcp", 81)
        other_firewalls.policy(kind)(lab.host)
        work(lab, Firewalls(TAG).admit(BRIDGE))
        assert box.ask("tcp", address, 81).startswith("neighbour 10.99.0.2 ")

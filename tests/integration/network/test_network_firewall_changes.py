"""The kernel tells when others change their rules, and a firewall that was reloaded is told of our bridges again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from support import other_firewalls
from support.netlab import Machine
from support.other_firewalls import BRIDGE
from support.waiting import SLOW

from engine.network.host import changes
from engine.network.host.changes import Changes, concerns
from engine.network.host.firewalls import Firewalls

pytestmark = [pytest.mark.root, pytest.mark.requires("ip", "nft", "iptables-nft")]


@pytest.fixture
def host() -> Iterator[Machine]:
    machine = Machine("host")
    with machine.enter():
        yield machine
    machine.close()


def listening(body: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run it while changes are told by an event."""

    async def run() -> None:
        event = asyncio.Event()
        listener = Changes(event.set)
        listener.start()
        try:
            await body(event)
        finally:
            listener.close()
            listener.close()

    asyncio.run(run())


async def heard(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), 20 * SLOW)
    event.clear()


def test_a_new_policy_and_rules_of_others_are_told(host: Machine) -> None:
    async def body(event: asyncio.Event) -> None:
        host.run("iptables-nft", "-P", "FORWARD", "DROP")
        await heard(event)
        host.run("iptables-nft", "-A", "FORWARD", "-j", "DROP")
        await heard(event)
        host.run("iptables-nft", "-F", "FORWARD")
        await heard(event)

    listening(body)


def test_our_own_tables_are_not_told(host: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_SETTLE_SECONDS", 0.0)

    async def body(event: asyncio.Event) -> None:
        told = []
        for name in ("quarterdeck", "quarterdeck-abcdef"):
            host.run("nft", f"table inet {name} {{ chain x {{ accept; }}; set s {{ type ipv4_addr; }}; }}")
            host.run("nft", "add element", f"inet {name} s {{ 192.0.2.1 }}")
            for _ in range(10):  # the kernel has told it by now: each turn of the loop looks
                await asyncio.sleep(0)
            told.append(event.is_set())
        host.run("nft", "table inet others { chain x { accept; }; }")
        await heard(event)
        assert told == [False, False]
        host.run("nft", "delete table inet quarterdeck; delete table inet quarterdeck-abcdef")

    listening(body)


def test_a_firewall_that_is_reloaded_has_our_exceptions_again(host: Machine) -> None:
    async def body(event: asyncio.Event) -> None:
        firewalls = Firewalls("abcdef")
        other_firewalls.policy("nft")(host)
        await firewalls.admit(BRIDGE)
        host.run("iptables-nft", "-F", "FORWARD")
        await heard(event)
        assert BRIDGE not in host.run("iptables-nft", "-S")
        await firewalls.admit(BRIDGE)
        assert host.run("iptables-nft", "-S").count(BRIDGE) == 2

    listening(body)


@pytest.mark.parametrize("datagram", [b"", b"\0" * 7, b"\0" * 64, b"\xff" * 64, bytes(range(256))])
def test_a_datagram_that_is_none_concerns_nobody(datagram: bytes) -> None:
    assert not concerns(datagram)

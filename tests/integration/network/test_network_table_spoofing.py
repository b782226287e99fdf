"""A container with every capability over its own interface is nobody else's neighbour, gateway or host."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from support import packets
from support.packets import ARP, BROADCAST, IP, IP6, LLDP, VLAN
from support.ruled import Ruled

pytestmark = [pytest.mark.root, pytest.mark.requires("ip", "nft")]

A, B, GATEWAY = "10.80.0.2", "10.80.0.3", "10.80.0.1"
A6, B6, GATEWAY6 = "fd80::2", "fd80::3", "fd80::1"
MAC_A, MAC_B = "02:42:0a:50:00:02", "02:42:0a:50:00:03"
MAC_C = "02:42:0a:51:00:02"
"""Of another bridge, so that the bridge does not send what is for b to somebody else."""
LINK_A, LINK_B = "fe80::42:aff:fe50:2", "fe80::42:aff:fe50:3"
ALL_NODES = "ff02::1"
SOLICIT, ADVERTISE, ROUTER, REDIRECT, GROUPS = 135, 136, 134, 137, 143
HOP_BY_HOP = bytes((58, 0, 5, 2, 0, 0, 1, 0))
"""A header with the router alert option, then ICMPv6."""
MARK = b"the one that may pass"
_ALL = 3  # ETH_P_ALL


@pytest.fixture(scope="module")
def lab() -> Iterator[Ruled]:
    with Ruled() as made:
        yield made


def ether(body: bytes, kind: int, source: str = MAC_A, target: str = MAC_B) -> bytes:
    return packets.ethernet(source, target, kind, body)


def v4(source: str = A, ports: tuple[int, int] = (5000, 6000), mac: str = MAC_A) -> bytes:
    return ether(packets.datagram(source, B, b"data", ports), IP, mac)


def v6(source: str = A6, ports: tuple[int, int] = (5000, 6000), mac: str = MAC_A) -> bytes:
    return ether(packets.datagram(source, B6, b"data", ports), IP6, mac)


def asking(operation: int, mac: str, address: str, frame_mac: str = MAC_A) -> bytes:
    return ether(packets.arp(operation, mac, address, B), ARP, frame_mac)


def icmp(kind: int, body: bytes, source: str = LINK_A, **more: object) -> bytes:
    return ether(packets.icmp6(source, ALL_NODES, kind, body, **more), IP6, target="33:33:00:00:00:01")  # type: ignore[arg-type]


REFUSED = {
    "IPv4 of its neighbour": v4(B),
    "IPv4 of the gateway": v4(GATEWAY),
    "IPv4 of loopback": v4("127.0.0.1"),
    "IPv4 of nobody": v4("0.0.0.0"),
    "IPv4 of the internet": v4("203.0.113.9"),
    "IPv4 with another's MAC": v4(mac=MAC_C),
    "a lease": v4(ports=(67, 68)),
    "ARP answer for the gateway": asking(2, MAC_A, GATEWAY),
    "ARP answer for its neighbour": asking(2, MAC_A, B),
    "ARP answer in another's name": asking(2, MAC_C, A),
    "ARP question in another's name": asking(1, MAC_A, GATEWAY),
    "ARP from another's MAC": asking(2, MAC_C, B, MAC_C),
    "ARP probe with another's MAC": asking(1, MAC_C, "0.0.0.0"),
    "IPv6 of its neighbour": v6(B6),
    "IPv6 of the gateway": v6(GATEWAY6),
    "IPv6 of its neighbour's link": v6(LINK_B),
    "IPv6 of loopback": v6("::1"),
    "IPv6 of nobody": v6("::"),
    "IPv6 with another's MAC": v6(mac=MAC_C),
    "a lease of IPv6": v6(ports=(547, 546)),
    "advertisement of the gateway": icmp(ADVERTISE, packets.target_of(GATEWAY6, 0x20000000)),
    "advertisement of its neighbour": icmp(ADVERTISE, packets.target_of(B6, 0x20000000), A6),
    "advertisement in another's name": icmp(ADVERTISE, packets.target_of(A6, 0x20000000), B6),
    "advertisement behind options": icmp(ADVERTISE, packets.target_of(B6), before=HOP_BY_HOP, first=0),
    "router's advertisement": icmp(ROUTER, bytes(12)),
    "router's advertisement behind options": icmp(ROUTER, bytes(12), before=HOP_BY_HOP, first=0),
    "redirect": icmp(REDIRECT, bytes(36)),
    "claim of another's address": icmp(SOLICIT, packets.target_of(B6), "::"),
    "echo of nobody": icmp(128, bytes(4), "::"),
    "virtual LAN": packets.tagged(v4()),
    "virtual LAN of IPv6": packets.tagged(v6()),
    "PPPoE": ether(bytes(range(46)), 0x8863),
}
ALLOWED = {
    "IPv4": v4(),
    "IPv6": v6(),
    "IPv6 of its link": v6(LINK_A),
    "ARP question": asking(1, MAC_A, A),
    "ARP answer": asking(2, MAC_A, A),
    "ARP probe": asking(1, MAC_A, "0.0.0.0"),
    "advertisement": icmp(ADVERTISE, packets.target_of(A6, 0x20000000), A6),
    "advertisement of its link": icmp(ADVERTISE, packets.target_of(LINK_A, 0x20000000)),
    "solicitation of its neighbour": icmp(SOLICIT, packets.target_of(B6), A6),
    "claim of its own address": icmp(SOLICIT, packets.target_of(A6), "::"),
    "report of groups": icmp(GROUPS, bytes(4), "::", before=HOP_BY_HOP, first=0),
    "router's solicitation": icmp(133, bytes(4)),
}


def is_same(got: bytes, sent: bytes) -> bool:
    """Padding may be cut off on the way, and a packet socket shows no tag of a virtual LAN."""
    if sent[12:14] == VLAN.to_bytes(2):
        sent = sent[:12] + sent[16:]
    return len(got) >= 40 and got[:60] == sent[: min(len(got), 60)]


class Wire:
    """What a sends, and what arrives at b."""

    def __init__(self, lab: Ruled, stack: ExitStack, receiver: str = "b") -> None:
        self._out = stack.enter_context(lab["a"].socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)))
        self._in = stack.enter_context(lab[receiver].socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)))
        self._out.bind(("eth0", _ALL))
        self._in.bind(("eth0", _ALL))
        self._in.settimeout(10)

    def arrives(self, frame: bytes) -> bool:
        """Whether it arrives before the one that is sent after it."""
        self._out.send(frame)
        self._out.send(ether(packets.datagram(A, B, MARK), IP, target=BROADCAST))
        found = False
        while True:
            got, (_, _, kind, *_) = self._in.recvfrom(2048)
            if kind != socket.PACKET_OUTGOING:
                if MARK in got:
                    return found
                found = found or is_same(got, frame)


@pytest.mark.parametrize("name", REFUSED)
def test_a_frame_in_anothers_name_is_dropped(lab: Ruled, name: str) -> None:
    with ExitStack() as stack:
        assert not Wire(lab, stack).arrives(REFUSED[name])


@pytest.mark.parametrize("name", ALLOWED)
def test_a_frame_in_its_own_name_passes(lab: Ruled, name: str) -> None:
    with ExitStack() as stack:
        assert Wire(lab, stack).arrives(ALLOWED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_without_the_rules_it_would_arrive(lab: Ruled, name: str) -> None:
    """So that the first test is about the rules and not about a frame that no bridge would pass."""
    with lab.host.enter():
        lab.table.delete()
    try:
        with ExitStack() as stack:
            arrived = Wire(lab, stack).arrives(REFUSED[name])
    finally:
        with lab.host.enter():
            lab.table.restore(lab.bridges, list(lab.plugs.values()), [])
    assert arrived


def test_the_bridge_learns_nobodys_address_from_a_frame_to_itself(lab: Ruled) -> None:
    with ExitStack() as stack:
        wire = Wire(lab, stack)
        wire.arrives(ether(b"anything", LLDP, MAC_B, "01:80:c2:00:00:0e"))
        wire.arrives(ether(b"anything", LLDP, "02:00:00:00:00:99", "01:80:c2:00:00:00"))
    lines = lab.host.run("bridge", "fdb", "show", "dev", lab.plugs["a"].link)
    assert MAC_B not in lines
    assert "02:00:00:00:00:99" not in lines


def test_a_broadcast_does_not_come_back_through_a_port_in_hairpin_mode(lab: Ruled) -> None:
    frame = ether(packets.arp(1, MAC_A, A, "10.80.0.77"), ARP, target=BROADCAST)
    with ExitStack() as stack:
        own = stack.enter_context(lab["a"].socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)))
        own.bind(("eth0", _ALL))
        own.settimeout(10)
        assert Wire(lab, stack).arrives(frame)
        with lab["b"].socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)) as other:
            other.bind(("eth0", _ALL))
            other.send(packets.ethernet(MAC_B, MAC_A, IP, packets.datagram(B, A, b"after it")))
        seen = []
        while not seen or b"after it" not in seen[-1]:
            got, (_, _, kind, *_) = own.recvfrom(2048)
            seen += [] if kind == socket.PACKET_OUTGOING else [got]
    assert not [got for got in seen if got[12:42] == frame[12:42]]


def test_a_container_without_ipv6_sends_none(lab: Ruled) -> None:
    plug = lab.plugs["a"]
    with lab.host.enter():
        lab.table.add([plug._replace(addresses=plug.addresses[:1])], [])
    try:
        with ExitStack() as stack:
            assert not Wire(lab, stack).arrives(ALLOWED["IPv6 of its link"])
            assert Wire(lab, stack).arrives(ALLOWED["IPv4"])
    finally:
        with lab.host.enter():
            lab.table.add([plug], [])


def test_frames_of_other_bridges_are_left_alone(lab: Ruled) -> None:
    with lab.host.enter():
        lab.table.remove([lab.plugs["a"]], [])
    try:
        with ExitStack() as stack:
            assert Wire(lab, stack).arrives(REFUSED["PPPoE"])
    finally:
        with lab.host.enter():
            lab.table.add([lab.plugs["a"]], [])

"""Limits of bandwidth hold in both directions, and a container cannot lift them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_interface

import pytest
from support.netlab import Machine
from support.wired import Box, Wired, wired

from engine.network.link import linkmessages
from engine.network.link.encoding import Request
from engine.network.values import Bridge, Plug

pytestmark = [pytest.mark.root, pytest.mark.requires("ip")]

BRIDGE = Bridge("qd0-abc123", (ip_interface("172.30.0.1/16"),))
LIMIT = 40_000_000
"""Bits a second: far below what a link does on the slowest machine."""


@pytest.fixture
def net() -> Iterator[Wired]:
    with wired() as net:
        net.links.make_bridge(BRIDGE)
        yield net


def limited(net: Wired, **limits: int) -> Box:
    """A container with these limits."""
    box = net.box()
    wanted = Plug("qd0000000a0", "eth0", "02:42:ac:1e:00:02", (ip_interface("172.30.0.2/16"),), bridge=BRIDGE.name)
    net.links.plug(box.pid, [wanted._replace(**limits)])
    return box


def bits_a_second(source: Machine, target: Machine, address: str, seconds: float = 1.0) -> float:
    """What TCP brings from one to the other."""
    with target.enter():
        server = socket.create_server((address, 0))
    with closing(server):
        with source.enter():
            sender = socket.create_connection(server.getsockname(), timeout=20)
        receiver, _ = server.accept()
    thread = threading.Thread(target=_pour, args=(sender,))
    thread.start()
    try:
        return _received(receiver, seconds)
    finally:
        receiver.close()  # what the sender then gets is a reset
        thread.join()
        sender.close()


def _pour(sender: socket.socket) -> None:
    chunk = bytes(1 << 16)
    try:
        while True:
            sender.send(chunk)
    except OSError:
        return


def _received(receiver: socket.socket, seconds: float) -> float:
    began = time.monotonic()
    total = 0
    while (taken := time.monotonic() - began) < seconds:
        total += len(receiver.recv(1 << 16))
    return total * 8 / taken


def test_what_goes_into_a_container_is_limited_and_what_comes_out_is_not(net: Wired) -> None:
    box = limited(net, bits_into=LIMIT)
    into, out_of = _both(net, box)
    assert into < 1.5 * LIMIT
    assert out_of > 3 * into


def test_what_comes_out_of_a_container_is_limited_and_what_goes_in_is_not(net: Wired) -> None:
    box = limited(net, bits_out_of=LIMIT)
    into, out_of = _both(net, box)
    assert out_of < 1.5 * LIMIT
    assert into > 3 * out_of


def _both(net: Wired, box: Box) -> tuple[float, float]:
    into = bits_a_second(net.host, box.machine, "172.30.0.2")
    return into, bits_a_second(box.machine, net.host, "172.30.0.1")


def test_root_in_a_container_finds_nothing_to_lift(net: Wired) -> None:
    box = limited(net, bits_into=LIMIT, bits_out_of=LIMIT)
    assert "tbf" not in box.machine.run("tc", "qdisc", "show")
    box.machine.run("tc", "qdisc", "replace", "dev", "eth0", "root", "pfifo")
    into, out_of = _both(net, box)
    assert max(into, out_of) < 1.5 * LIMIT


def test_without_ifb_the_limit_is_on_the_container_s_own_interface(net: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> Request:
        made = linkmessages.make_bridge(name, "")
        return made._replace(body=made.body.replace(b"bridge\0", b"nokind\0"))

    monkeypatch.setattr(linkmessages, "make_ifb", unknown)
    box = limited(net, bits_out_of=LIMIT)
    assert set(net.kinds().values()) == {"bridge", "veth"}
    assert bits_a_second(box.machine, net.host, "172.30.0.1") < 1.5 * LIMIT


def test_the_link_of_a_limit_goes_with_the_interface(net: Wired) -> None:
    limited(net, bits_out_of=LIMIT)
    assert net.kinds() == {BRIDGE.name: "bridge", "qd0000000a0": "veth", "qi0000000a0": "ifb"}
    assert list(net.links.counters()) == ["qd0000000a0"]
    net.links.unplug("qd0000000a0")
    assert net.kinds() == {BRIDGE.name: "bridge"}


def test_a_sweep_spares_the_limit_of_what_is_kept(net: Wired) -> None:
    limited(net, bits_out_of=LIMIT)
    assert net.links.sweep({BRIDGE.name, "qd0000000a0"}) == []
    assert net.links.sweep({BRIDGE.name}) == ["qd0000000a0", "qi0000000a0"]


def test_after_the_container_is_gone_unplugging_removes_what_stayed(net: Wired) -> None:
    box = limited(net, bits_out_of=LIMIT)
    with box.machine.enter():
        box.machine.ip("link delete eth0")
    assert net.kinds() == {BRIDGE.name: "bridge", "qi0000000a0": "ifb"}
    net.links.unplug("qd0000000a0")
    assert net.kinds() == {BRIDGE.name: "bridge"}

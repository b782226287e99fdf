"""What links cost: `python tests/bench/links.py [CONTAINERS]`, as root, in a network namespace of its own.

Beside the whole stand its parts: our encoding of the message that makes a pair, and pyroute2's of the same one.
"""

import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from ipaddress import ip_interface

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(os.path.dirname(HERE))]

from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg  # noqa: E402

from engine.kernel import const, syscalls  # noqa: E402
from engine.network.link import linkmessages  # noqa: E402
from engine.network.link.links import Links  # noqa: E402
from engine.network.values import Bridge, Plug  # noqa: E402

BRIDGE = Bridge("qd0-abc123", (ip_interface("172.30.0.1/16"), ip_interface("fd30::1/64")))


def main() -> int:
    """Print medians, in microseconds."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    syscalls.unshare(const.CLONE_NEWNET)
    links = Links("abc123")
    row("make the bridge", [timed(lambda: links.make_bridge(BRIDGE))])
    row("encode a pair", [timed(lambda: linkmessages.make_veth(plug(0), "", 3, 9)) for _ in range(200)])
    row("encode a pair, pyroute2", [timed(library_pair) for _ in range(200)])
    pids = [process() for _ in range(count)]
    try:
        measure(links, pids)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return 0


def measure(links: Links, pids: list[int]) -> None:
    """The whole life of that many links."""
    taken = [timed(partial(links.plug, pid, [plug(number)])) for number, pid in enumerate(pids)]
    row("plug, the first 20", taken[:20])
    row(f"plug, the last 20 of {len(pids)}", taken[-20:])
    row("list", [timed(links.own) for _ in range(5)])
    row("count, the first time", [timed(links.counters)])
    row("count", [timed(links.counters) for _ in range(20)])
    row("unplug", [timed(partial(links.unplug, plug(number).link)) for number in range(10)])
    row("unplug what is gone", [timed(lambda: links.unplug(plug(0).link)) for _ in range(10)])
    limited = plug(0)._replace(bits_into=10**8, bits_out_of=10**8)
    row("plug, with limits", [timed(lambda: links.plug(pids[0], [limited], loopback=False))])


def plug(number: int) -> Plug:
    """Every second one with IPv6."""
    octets = divmod(number + 2, 250)
    addresses = [ip_interface(f"172.30.{octets[0]}.{octets[1]}/16")]
    if number % 2:
        addresses.append(ip_interface(f"fd30::{number + 2:x}/64"))
    mac = f"02:42:ac:1e:{octets[0]:02x}:{octets[1]:02x}"
    link = f"qd{number:07x}a0"
    return Plug(link, "eth0", mac, tuple(addresses), ("172.30.0.1",), bridge=BRIDGE.name)


def library_pair() -> None:
    """The message of `linkmessages.make_veth`, as its own class encodes it."""
    queues = [("IFLA_NUM_TX_QUEUES", 1), ("IFLA_NUM_RX_QUEUES", 1)]
    peer = [("IFLA_IFNAME", "eth0"), ("IFLA_ADDRESS", plug(0).mac), ("IFLA_MTU", 1500), ("IFLA_NET_NS_FD", 9)]
    data = {"attrs": [("VETH_INFO_PEER", {"attrs": [*peer, *queues]})]}
    info = {"attrs": [("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", data)]}
    message = ifinfmsg()
    outer = [("IFLA_IFNAME", plug(0).link), ("IFLA_ADDRESS", plug(0).mac), ("IFLA_MTU", 1500), ("IFLA_MASTER", 3)]
    message["attrs"] = [*outer, *queues, ("IFLA_LINKINFO", info)]
    message.encode()


def process() -> int:
    """One in a network namespace of its own."""
    receiver, sender = os.pipe()
    if pid := os.fork():
        os.close(sender)
        os.read(receiver, 1)
        os.close(receiver)
        return pid
    syscalls.unshare(const.CLONE_NEWNET)
    os.write(sender, b".")
    while True:
        signal.pause()


def timed(act: Callable[[], object]) -> float:
    """Microseconds."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1e6


def row(what: str, taken: list[float]) -> None:
    """One line of the table."""
    sys.stdout.write(f"{what:32} {statistics.median(taken):10.0f} us   worst {max(taken):8.0f}\n")


if __name__ == "__main__":
    sys.exit(main())

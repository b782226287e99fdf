"""A host of `netlab` with bridges, containers and our rules for them; wired by iproute2, so that the rules are alone.

    qd0    10.80.0.1/24  fd80::1/64   a .2   b .3         qd1   10.81.0.1/24  fd81::1/64   c .2
    qdo0   10.82.0.1/24  fd82::1/64   d .2    open        qdo1  10.83.0.1/24  fd83::1/64   e .2    open
    qdi0   10.84.0.1/24  fd84::1/64   i .2   j .3    internal

A container is a machine; it answers with its name, over tcp and udp at port 80.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_interface

from support.netlab import Lab, Machine

from engine.network.table.table import Table
from engine.network.values import Bridge, Forward, Plug

PLACES = {"a": "qd0", "b": "qd0", "c": "qd1", "d": "qdo0", "e": "qdo1", "i": "qdi0", "j": "qdi0"}
BRIDGES = ("qd0", "qd1", "qdo0", "qdo1", "qdi0")


class Ruled(Lab):
    """The lab with all of that."""

    def __init__(self) -> None:
        super().__init__()
        self.containers: dict[str, Machine] = {}
        self.plugs: dict[str, Plug] = {}
        self.bridges = [_bridge(name) for name in BRIDGES]
        self.table = Table("quarterdeck-abcdef")
        with self._undo:
            for bridge in self.bridges:
                self._make(bridge)
            with self.host.enter():
                self.table.restore(self.bridges, [], [])
                self._undo.callback(self.table.close)
            for name in PLACES:
                self._plug(name)
            self._forward()
            self._undo = self._undo.pop_all()

    def __getitem__(self, name: str) -> Machine:
        return self.containers[name]

    def address(self, name: str, version: int = 4) -> str:
        """A container's own."""
        return str(next(address.ip for address in self.plugs[name].addresses if address.version == version))

    def forward(self, name: str, protocol: str, port: int, host: str = "0.0.0.0", inner: int = 80) -> Forward:
        """A published port of a container."""
        return Forward(protocol, host, port, PLACES[name], self.address(name, 6 if ":" in host else 4), inner)

    def serve_all(self) -> None:
        """Have every container answer at its port 80."""
        for machine in self.containers.values():
            for protocol in ("tcp", "udp"):
                machine.serve(protocol, 80)

    def _make(self, bridge: Bridge) -> None:
        self.host.ip(f"link add {bridge.name} type bridge no_linklocal_learn 1")
        for address in bridge.addresses:
            self.host.ip(f"address add {address} dev {bridge.name}" + (" nodad" if address.version == 6 else ""))
        self.host.sysctl(f"net/ipv4/conf/{bridge.name}/route_localnet", "1")
        self.host.ip(f"link set {bridge.name} up")

    def _plug(self, name: str) -> None:
        plug = self.plugs[name] = _plug(name)
        machine = self.containers[name] = self._machine(name)
        with self.host.enter():
            self.table.add([plug], [])
        self.host.ip(f"link add {plug.link} type veth peer name eth0 address {plug.mac} netns {machine.path}")
        self.host.ip(f"link set {plug.link} master {plug.bridge}")
        self.host.ip(f"link set {plug.link} type bridge_slave hairpin on")
        self.host.ip(f"link set {plug.link} up")
        machine.ip("link set eth0 up")
        for address in plug.addresses:
            machine.ip(f"address add {address} dev eth0" + (" nodad" if address.version == 6 else ""))
        for gateway in plug.gateways:
            machine.ip(f"route add default via {gateway}")

    def _forward(self) -> None:
        self.host.sysctl("net/ipv4/ip_forward", "1")
        self.host.sysctl("net/ipv6/conf/all/forwarding", "1")


def _bridge(name: str) -> Bridge:
    number = 80 + BRIDGES.index(name)
    addresses = (ip_interface(f"10.{number}.0.1/24"), ip_interface(f"fd{number}::1/64"))
    return Bridge(name, addresses, internal=name == "qdi0", isolate=not name.startswith("qdo"))


def _plug(name: str) -> Plug:
    bridge = PLACES[name]
    number = 80 + BRIDGES.index(bridge)
    digit = 2 + [other for other, place in PLACES.items() if place == bridge].index(name)
    return Plug(
        link=f"qdlink{name}",
        interface="eth0",
        mac=f"02:42:0a:{number:02x}:00:{digit:02x}",
        addresses=(ip_interface(f"10.{number}.0.{digit}/24"), ip_interface(f"fd{number}::{digit}/64")),
        gateways=(f"10.{number}.0.1", f"fd{number}::1"),
        bridge=bridge,
    )


@contextmanager
def published(lab: Ruled, *forwards: Forward) -> Iterator[None]:
    """These ports are published within the block."""
    with lab.host.enter():
        lab.table.add([], forwards)
    try:
        yield
    finally:
        with lab.host.enter():
            lab.table.remove([], forwards)

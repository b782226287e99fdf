"""What a container, or a machine beside the host, may try, and does not get."""

import json
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from support import forgeries
from support.boxes import PYTHON, Boxes
from support.netlab import HOST, OTHER, Lab

EVIL = ("--cap-add", "NET_ADMIN", "--cap-add", "NET_RAW")
SILENCE_SECONDS = 1.0
"""How long nothing must have come."""


@pytest.fixture
def network(out: Callable[..., str]) -> str:
    out("network", "create", "--ipv6", "front")
    return "front"


class Scene:
    """A victim, a witness and an attacker on one network."""

    def __init__(self, lab: Lab, boxes: Boxes, network: str) -> None:
        self.lab, self.boxes = lab, boxes
        on = ("--network", network)
        self.victim, self.witness = boxes.serve("victim", *on), boxes.serve("witness", *on)
        self.evil = boxes.idle("evil", *on, *EVIL)
        (shown,) = json.loads(boxes.deck.out("network", "inspect", network))
        self.bridge = boxes.deck.engine.network(network).link
        self.gateway = next(
            config["Gateway"].partition("/")[0] for config in shown["IPAM"]["Config"] if "." in config["Subnet"]
        )
        self.bridge_mac = lab.host.ip(f"-o link show {self.bridge}").split("link/ether ")[1].split()[0]

    def mac(self, name: str) -> str:
        return self.boxes.mac(name)

    def attack(self, *attack: bytes) -> None:
        """Send these frames from the attacker's interface; that it may is part of the test."""
        words = [frame.hex() for frame in attack]
        self.boxes.run("evil", *PYTHON, forgeries.SENDER, "eth0", *words)

    def as_root(self, *command: str) -> None:
        """A command of the attacker's that must succeed in its own namespace."""
        self.boxes.run("evil", *command)


@pytest.fixture
def scene(lab: Lab, boxes: Boxes, network: str) -> Scene:
    return Scene(lab, boxes, network)


@contextmanager
def _listening(lab: Lab, address: str, port: int = 9) -> Iterator[socket.socket]:
    """A datagram socket of the host."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with lab.host.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))
        yield sock


def _came(sock: socket.socket, seconds: float = SILENCE_SECONDS) -> str:
    """Who sent a datagram; empty for nobody."""
    ready, _, _ = select.select([sock], [], [], seconds)
    return str(sock.recvfrom(100)[1][0]) if ready else ""


class TestPassingForAnother:
    """Addresses of others on frames of one's own."""

    def test_one_s_own_address_is_heard_so_that_the_rest_means_something(self, lab: Lab, scene: Scene) -> None:
        with _listening(lab, "0.0.0.0") as sock:
            scene.attack(forgeries.udp((scene.mac("evil"), scene.bridge_mac), scene.evil, scene.gateway, 9))
            assert _came(sock, 5) == scene.evil

    @pytest.mark.parametrize("mac", ["evil", "victim"])
    def test_another_s_address_is_not_heard_on_the_host(self, lab: Lab, scene: Scene, mac: str) -> None:
        with _listening(lab, "0.0.0.0") as sock:
            for source in (scene.victim, "198.51.100.7", scene.gateway, "127.0.0.1"):
                scene.attack(forgeries.udp((scene.mac(mac), scene.bridge_mac), source, scene.gateway, 9))
            assert _came(sock) == ""

    def test_another_s_ipv6_address_is_not_heard_on_the_host(self, lab: Lab, scene: Scene) -> None:
        gateway6 = scene.boxes.deck.engine.network("front").gateway6
        macs = scene.mac("evil"), scene.bridge_mac
        with _listening(lab, "::") as sock:
            scene.attack(forgeries.udp(macs, scene.boxes.address6("evil"), gateway6, 9))
            assert _came(sock, 5) == scene.boxes.address6("evil")
            for source in (scene.boxes.address6("victim"), "2001:db8::7", "::1"):
                scene.attack(forgeries.udp(macs, source, gateway6, 9))
            assert _came(sock) == ""

    def test_another_s_address_is_not_heard_outside(self, lab: Lab, scene: Scene) -> None:
        with lab.other.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("0.0.0.0", 9))
            scene.attack(forgeries.udp((scene.mac("evil"), scene.bridge_mac), scene.evil, OTHER, 9))
            assert _came(sock, 5) == HOST
            for source in (scene.victim, HOST, "198.51.100.7"):
                scene.attack(forgeries.udp((scene.mac("evil"), scene.bridge_mac), source, OTHER, 9))
            assert _came(sock) == ""

    def test_another_s_address_on_its_interface_is_of_no_use(self, scene: Scene) -> None:
        scene.as_root("ip", "address", "add", f"{scene.victim}/32", "dev", "eth0")
        bound = (
            "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1);"
            f" s.bind(({scene.victim!r}, 0)); s.sendto(b'x', ({scene.witness!r}, 80)); print(s.recv(99))"
        )
        outcome = scene.boxes.python("evil", bound)
        assert "TimeoutError" in outcome.err or "timed out" in outcome.err
        assert scene.boxes.ask("witness", "tcp", scene.victim, 80).startswith("victim ")

    def test_an_address_that_nobody_has_is_of_no_use_either(self, scene: Scene) -> None:
        free = scene.evil.rsplit(".", 1)[0] + ".200"
        scene.as_root("ip", "address", "add", f"{free}/16", "dev", "eth0")
        scene.as_root("ip", "address", "delete", f"{scene.evil}/16", "dev", "eth0")
        assert scene.boxes.ask("evil", "tcp", scene.witness, 80, seconds=1).startswith("no: ")

    def test_another_mac_is_of_no_use(self, lab: Lab, scene: Scene) -> None:
        scene.as_root("ip", "link", "set", "eth0", "address", scene.mac("victim"))
        assert scene.boxes.ask("evil", "tcp", scene.witness, 80, seconds=1).startswith("no: ")
        assert scene.boxes.ask("witness", "tcp", scene.victim, 80).startswith("victim ")
        assert lab.host.ask("tcp", scene.victim, 80).startswith("victim ")


class TestPassingForAnotherWhenAsked:
    """What tables of neighbours and routes are filled with."""

    def _neighbours(self, scene: Scene, name: str) -> str:
        return scene.boxes.run(name, "ip", "neighbour", "show")

    def test_a_forged_arp_reply_is_not_believed_by_a_neighbour(self, scene: Scene) -> None:
        assert scene.boxes.ask("victim", "tcp", scene.witness, 80).startswith("witness ")
        targets = ((scene.gateway, "victim", scene.victim), (scene.witness, "victim", scene.victim))
        scene.attack(
            *(forgeries.arp_reply(scene.mac("evil"), scene.mac(name), taken, asker) for taken, name, asker in targets),
            forgeries.arp_reply(scene.mac("evil"), forgeries.BROADCAST, scene.witness, scene.witness),
        )
        lines = [line for line in self._neighbours(scene, "victim").splitlines() if scene.mac("evil") in line]
        assert [line for line in lines if not line.startswith(scene.evil)] == []
        assert scene.boxes.ask("victim", "tcp", scene.witness, 80).startswith(f"witness {scene.victim} ")

    def test_a_forged_arp_reply_is_not_believed_by_the_host(self, lab: Lab, scene: Scene) -> None:
        assert lab.host.ask("tcp", scene.victim, 80).startswith("victim ")
        scene.attack(forgeries.arp_reply(scene.mac("evil"), scene.bridge_mac, scene.victim, scene.gateway))
        assert scene.mac("evil") not in lab.host.ip(f"neighbour show {scene.victim}")
        assert lab.host.ask("tcp", scene.victim, 80).startswith("victim ")

    def test_a_forged_neighbour_advertisement_is_not_believed(self, lab: Lab, scene: Scene) -> None:
        victim6 = scene.boxes.address6("victim")
        gateway6 = scene.boxes.deck.engine.network("front").gateway6
        assert lab.host.ask("tcp", victim6, 80).startswith("victim ")
        scene.attack(forgeries.neighbour_advertisement((scene.mac("evil"), scene.bridge_mac), victim6, gateway6))
        scene.attack(forgeries.neighbour_advertisement((scene.mac("evil"), scene.mac("victim")), gateway6, victim6))
        assert scene.mac("evil") not in lab.host.ip(f"-6 neighbour show {victim6}")
        assert lab.host.ask("tcp", victim6, 80).startswith("victim ")

    def test_nobody_hears_a_container_that_says_it_is_a_router(self, lab: Lab, scene: Scene) -> None:
        lab.host.sysctl(f"net/ipv6/conf/{scene.bridge}/accept_ra", "2")  # as if somebody had turned it on again
        routes = scene.boxes.run("victim", "ip", "-6", "route")
        local = scene.boxes.run("evil", "ip", "-o", "-6", "address", "show", "scope", "link").split()
        source = local[local.index("inet6") + 1].partition("/")[0] if local else "fe80::bad"
        scene.attack(*[forgeries.router_advertisement(scene.mac("evil"), source)] * 3)
        assert scene.boxes.ask("victim", "tcp", scene.witness, 80).startswith("witness ")
        assert scene.boxes.run("victim", "ip", "-6", "route") == routes
        assert "2001:db8:bad" not in scene.boxes.run("victim", "ip", "-6", "address")
        assert "2001:db8:bad" not in lab.host.ip("-6 route")


class TestTheHostsLoopback:
    """route_localnet lets the host's own 127.0.0.1 lead to containers; nothing else may use that."""

    def test_a_container_does_not_reach_a_service_of_the_host_s_loopback(self, lab: Lab, scene: Scene) -> None:
        with _listening(lab, "127.0.0.1") as sock:
            for source in (scene.evil, "127.0.0.1", "127.0.0.2"):
                scene.attack(forgeries.udp((scene.mac("evil"), scene.bridge_mac), source, "127.0.0.1", 9))
            assert _came(sock) == ""

    def test_nor_with_routes_and_addresses_of_its_own_making(self, lab: Lab, scene: Scene) -> None:
        lab.host.serve("tcp", 81, "127.0.0.1")
        scene.as_root("ip", "address", "delete", "127.0.0.1/8", "dev", "lo")
        scene.as_root("ip", "route", "add", "127.0.0.1", "via", scene.gateway, "src", scene.evil)
        assert scene.boxes.ask("evil", "tcp", "127.0.0.1", 81, seconds=1).startswith("no: ")

    def test_nor_a_port_that_is_published_on_it(self, lab: Lab, boxes: Boxes, scene: Scene) -> None:
        boxes.serve("private", "-p", "127.0.0.1:8080:80/udp", "-p", "127.0.0.1:8080:80")
        with lab.host.enter():
            assert lab.host.ask("udp", "127.0.0.1", 8080).startswith("private ")
        assert _is_silent(boxes, "evil", scene, "127.0.0.1")
        assert boxes.ask("evil", "tcp", scene.gateway, 8080, seconds=1).startswith("no: ")

    def test_a_machine_beside_the_host_does_not_reach_a_port_published_on_loopback(
        self, lab: Lab, boxes: Boxes
    ) -> None:
        boxes.serve("private", "-p", "127.0.0.1:8080:80/udp")
        assert lab.host.ask("udp", "127.0.0.1", 8080).startswith("private ")
        assert not _answers_a_stranger(lab, "127.0.0.1", 8080)

    def test_nor_a_service_of_the_host_s_loopback(self, lab: Lab, boxes: Boxes) -> None:
        boxes.serve("any", "-p", "127.0.0.1:8080:80")
        with _listening(lab, "127.0.0.1") as sock:
            _send_from_outside(lab, "127.0.0.1", 9)
            assert _came(sock) == ""


class TestFromOutside:
    """A machine beside the host that makes itself a route to the containers."""

    @pytest.fixture
    def routed(self, lab: Lab) -> Iterator[None]:
        lab.other.ip("route add 172.17.0.0/16 via 10.77.0.1")
        yield
        lab.other.ip("route delete 172.17.0.0/16")

    @pytest.mark.usefixtures("routed")
    def test_a_port_that_is_not_published_is_not_reached(self, lab: Lab, boxes: Boxes) -> None:
        address = boxes.serve("web", "-p", "8080:81")
        for protocol in ("tcp", "udp"):
            assert lab.other.ask(protocol, address, 80, seconds=1).startswith("no: ")

    @pytest.mark.usefixtures("routed")
    def test_a_port_that_is_published_on_loopback_is_not_reached_by_the_container_s_address(
        self, lab: Lab, boxes: Boxes
    ) -> None:
        address = boxes.serve("web", "-p", "127.0.0.1:8080:80", "-p", "127.0.0.1:8080:80/udp")
        for protocol in ("tcp", "udp"):
            assert lab.other.ask(protocol, address, 80, seconds=1).startswith("no: ")

    def test_a_port_that_is_published_on_one_address_is_not_reached_by_the_link_of_another(
        self, lab: Lab, boxes: Boxes
    ) -> None:
        """It is the host's address by every link, so that a machine which knows it gets there: as for any program."""
        boxes.serve("web", "-p", "10.78.0.1:8080:80")
        assert lab.other.ask("tcp", "10.78.0.1", 8080).startswith("web ")
        assert lab.other.ask("tcp", HOST, 8080) == "no: ECONNREFUSED"


def _is_silent(boxes: Boxes, name: str, scene: Scene, target: str) -> bool:
    """Whether a datagram to port 8080 of that address gets no answer, in whatever way it is sent."""
    frame = forgeries.udp((scene.mac(name), scene.bridge_mac), scene.evil, target, 8080)
    listen = (
        "import socket, sys; r = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3));"
        " r.bind(('eth0', 3)); r.settimeout(1); r.send(bytes.fromhex(sys.argv[1]))\n"
        "try:\n    while True: print(b'private' in r.recv(2000))\nexcept TimeoutError: pass"
    )
    return "True" not in boxes.python(name, listen, frame.hex()).out


def _send_from_outside(lab: Lab, target: str, port: int, source: str = OTHER) -> socket.socket:
    """A datagram on a frame to the host's uplink; the socket hears what comes back."""
    macs = [machine.ip("-o link show uplink").split("link/ether ")[1].split()[0] for machine in (lab.other, lab.host)]
    sock = lab.other.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    forgeries.send(sock, "uplink", forgeries.udp((macs[0], macs[1]), source, target, port))
    return sock


def _answers_a_stranger(lab: Lab, target: str, port: int) -> bool:
    with _send_from_outside(lab, target, port) as sock:
        sock.settimeout(SILENCE_SECONDS)
        try:
            while b"private" not in sock.recv(2000):
                pass
        except TimeoutError:
            return False
        return True

"""Published ports: from where they are reached, and from where they are not; each by both versions and protocols."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support import packets
from support.netlab import HOST, HOST6, HOST_SECOND, HOST_SECOND6, Machine
from support.ruled import Ruled, published

from engine.network.table.conntrack import forget

pytestmark = [pytest.mark.root, pytest.mark.requires("ip", "nft")]

UNANSWERED = 0.3
"""Seconds; an answer that must not come would come at once."""
EVERY = {4: "0.0.0.0", 6: "::"}
HOSTS = {4: HOST, 6: HOST6}
SECONDS_OF_HOST = {4: HOST_SECOND, 6: HOST_SECOND6}
GATEWAYS = {4: "10.80.0.1", 6: "fd80::1"}


@pytest.fixture(scope="module", params=["bridged frames are filtered", "bridged frames are not filtered"])
def lab(request: pytest.FixtureRequest) -> Iterator[Ruled]:
    """Both kinds of hosts: Docker and Kubernetes load br_netfilter, and then the rules see frames as well."""
    filtered = request.param == "bridged frames are filtered"
    with Ruled() as made:
        if Path("/proc/sys/net/bridge").is_dir():
            for name in ("iptables", "ip6tables"):
                made.host.sysctl(f"net/bridge/bridge-nf-call-{name}", str(int(filtered)))
        elif filtered:
            pytest.skip("needs br_netfilter in the kernel")
        made.serve_all()
        yield made


@pytest.fixture(autouse=True)
def _settled(lab: Ruled) -> Iterator[None]:
    yield
    lab.settle()


@pytest.fixture(params=[4, 6], ids=["IPv4", "IPv6"])
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["tcp", "udp"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def refused(machine: Machine, protocol: str, address: str, port: int) -> bool:
    return machine.ask(protocol, address, port, UNANSWERED).startswith("no: ")


def test_from_another_machine_the_container_sees_who_asks(lab: Ruled, version: int, protocol: str) -> None:
    with published(lab, lab.forward("a", protocol, 8080, EVERY[version])):
        answer = lab.other.ask(protocol, HOSTS[version], 8080)
    assert answer.split()[:2] == ["a", {4: "10.77.0.2", 6: "fd77::2"}[version]]


def test_from_the_host_by_each_of_its_addresses(lab: Ruled, version: int, protocol: str) -> None:
    with published(lab, lab.forward("a", protocol, 8080, EVERY[version])):
        for address in (HOSTS[version], SECONDS_OF_HOST[version], GATEWAYS[version]):
            assert lab.host.ask(protocol, address, 8080).split()[:2] == ["a", GATEWAYS[version]]


def test_from_the_host_by_loopback(lab: Ruled, protocol: str) -> None:
    with published(lab, lab.forward("a", protocol, 8080)):
        for address in ("127.0.0.1", "127.1.2.3"):
            assert lab.host.ask(protocol, address, 8080).split()[:2] == ["a", GATEWAYS[4]]


def test_loopback_of_ipv6_is_left_to_a_relay(lab: Ruled, protocol: str) -> None:
    lab.host.serve(protocol, 8080, "::1")
    ports = [lab.forward("a", protocol, 8080, host) for host in ("::", "::1")]
    with published(lab, *ports):
        assert lab.host.ask(protocol, "::1", 8080).startswith("host ::1 ")


def test_from_containers_of_every_bridge_and_from_itself(lab: Ruled, version: int, protocol: str) -> None:
    with published(lab, lab.forward("a", protocol, 8080, EVERY[version])):
        for name in "abcd":
            for address in (HOSTS[version], GATEWAYS[version]):
                assert lab[name].ask(protocol, address, 8080).split()[0] == "a"


def test_to_another_bridge_the_source_stays(lab: Ruled, version: int, protocol: str) -> None:
    with published(lab, lab.forward("a", protocol, 8080, EVERY[version])):
        answer = lab["c"].ask(protocol, HOSTS[version], 8080)
    assert answer.split()[:2] == ["a", lab.address("c", version)]


def test_on_one_address_it_is_on_no_other(lab: Ruled, version: int, protocol: str) -> None:
    with published(lab, lab.forward("a", protocol, 8080, HOSTS[version])):
        assert lab.other.ask(protocol, HOSTS[version], 8080).startswith("a ")
        assert lab["c"].ask(protocol, HOSTS[version], 8080).startswith("a ")
        for machine in (lab.other, lab.host):
            assert refused(machine, protocol, SECONDS_OF_HOST[version], 8080)
        assert refused(lab.host, protocol, "127.0.0.1", 8080)


def test_one_port_on_two_addresses_is_two_containers(lab: Ruled, version: int, protocol: str) -> None:
    first = lab.forward("a", protocol, 8080, HOSTS[version])
    second = lab.forward("b", protocol, 8080, SECONDS_OF_HOST[version])
    third = lab.forward("c", protocol, 8080, EVERY[version])
    with published(lab, first, second, third):
        answers = [lab.host.ask(protocol, group[version], 8080)[0] for group in (HOSTS, SECONDS_OF_HOST, GATEWAYS)]
    assert answers == ["a", "b", "c"]


def test_an_address_that_the_host_has_no_longer_is_not_taken_from_who_has_it(lab: Ruled, protocol: str) -> None:
    lab.other.serve(protocol, 8080)
    with published(lab, lab.forward("b", protocol, 8080, "10.77.0.2")):
        assert lab["a"].ask(protocol, "10.77.0.2", 8080).startswith("other ")


def test_on_loopback_it_is_the_host_s_alone(lab: Ruled, protocol: str) -> None:
    with published(lab, lab.forward("a", protocol, 8080, "127.0.0.1")):
        assert lab.host.ask(protocol, "127.0.0.1", 8080).startswith("a ")
        for machine in (lab.host, lab.other, lab["b"], lab["c"], lab["a"]):
            assert refused(machine, protocol, HOST, 8080)
            assert refused(machine, protocol, GATEWAYS[4], 8080)


@pytest.mark.parametrize("sender", ["other", "a", "c"])
def test_nobody_else_sends_to_loopback(lab: Ruled, sender: str) -> None:
    """Neither to a port that is published there nor to a program of the host's; the kernel would let it."""
    machine = lab.other if sender == "other" else lab[sender]
    with closing(_bound(lab["b"], 8081)) as inner, closing(_bound(lab.host, 9000)) as service:
        with published(
            lab, lab.forward("b", "udp", 8081, "127.0.0.1", 8081), lab.forward("b", "udp", 8082, HOST, 8081)
        ):
            for port in (8081, 9000):
                _inject(lab, machine, "127.0.0.1", port)
            assert lab.host.ask("udp", HOST, 8082, 0.1) == "no: ETIMEDOUT"  # the receiver answers nothing
            _inject(lab, machine, HOST, 8082)
            got = [inner.recv(100) for _ in range(2)]
        assert got == [b"hello\n", f"{HOST} 8082".encode()]
        service.setblocking(False)
        with pytest.raises(BlockingIOError):
            service.recv(100)


def test_what_is_not_published_is_not_reached_by_a_route_to_the_container(
    lab: Ruled, version: int, protocol: str
) -> None:
    """A neighbour of the host's may send anything to it, so also to a container's own address."""
    network, via = (("10.80.0.0/24", HOST), ("fd80::/64", HOST6))[version == 6]
    lab.other.ip(f"route add {network} via {via}")
    try:
        with published(lab, lab.forward("b", protocol, 8080, EVERY[version])):
            assert refused(lab.other, protocol, lab.address("a", version), 80)
            assert refused(lab.other, protocol, lab.address("b", version), 80)
            assert lab.other.ask(protocol, HOSTS[version], 8080).startswith("b ")
    finally:
        lab.other.ip(f"route del {network} via {via}")


def test_an_internal_network_publishes_to_the_host_alone(lab: Ruled, version: int, protocol: str) -> None:
    with published(lab, lab.forward("i", protocol, 8080, EVERY[version])):
        assert lab.host.ask(protocol, HOSTS[version], 8080).startswith("i ")
        for machine in (lab.other, lab["a"]):
            assert refused(machine, protocol, HOSTS[version], 8080)


def test_unpublished_it_is_the_host_s_again(lab: Ruled, version: int, protocol: str) -> None:
    lab.host.serve(protocol, 8090, EVERY[version])
    with published(lab, lab.forward("a", protocol, 8090, EVERY[version])):
        assert lab.other.ask(protocol, HOSTS[version], 8090).startswith("a ")
    assert lab.other.ask(protocol, HOSTS[version], 8090).startswith("host ")


def test_datagrams_do_not_follow_an_address_to_its_next_owner(lab: Ruled, version: int) -> None:
    with closing(lab.other.socket(_family(version), socket.SOCK_DGRAM)) as client:
        client.settimeout(5)
        client.connect((HOSTS[version], 8080))
        with published(lab, lab.forward("a", "udp", 8080, EVERY[version])):
            assert _say(client).startswith("a ")
        with published(lab, lab.forward("b", "udp", 8080, EVERY[version])):
            with lab.host.enter():
                assert forget([lab.address("a", version)])
            assert _say(client).startswith("b ")


def test_a_port_that_was_tried_too_early_is_reached_once_it_is_published(lab: Ruled, version: int) -> None:
    with closing(lab.other.socket(_family(version), socket.SOCK_DGRAM)) as client:
        client.settimeout(5)
        client.connect((HOSTS[version], 8085))
        with pytest.raises(ConnectionRefusedError):
            _say(client)
        with published(lab, lab.forward("a", "udp", 8085, EVERY[version])):
            with lab.host.enter():
                assert forget([], [8085])
            assert _say(client).startswith("a ")


def test_other_connections_are_remembered(lab: Ruled, version: int) -> None:
    ports = [lab.forward("a", "udp", 8080, EVERY[version]), lab.forward("b", "tcp", 8080, EVERY[version])]
    with published(lab, *ports), closing(lab.other.dial(HOSTS[version], 8080)) as kept:
        assert lab.other.ask("udp", HOSTS[version], 8080).startswith("a ")
        with lab.host.enter():
            assert forget([lab.address("a", version)])
            assert forget([lab.address("a", version)]) == 0
        kept.sendall(b"more")
        kept.shutdown(socket.SHUT_WR)
        assert kept.recv(10) == b"4\n"


def _family(version: int) -> socket.AddressFamily:
    return socket.AF_INET if version == 4 else socket.AF_INET6


def _say(client: socket.socket) -> str:
    client.send(b"hello\n")
    return client.recv(100).decode()


def _bound(machine: Machine, port: int) -> socket.socket:
    sock = machine.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("0.0.0.0", port))
    sock.settimeout(5)
    return sock


def _inject(lab: Ruled, machine: Machine, address: str, port: int) -> None:
    """A datagram to the host's hardware address, whatever the sender's routes say."""
    link, source, bridge = ("uplink", "10.77.0.2", "uplink")
    for name, inner in lab.containers.items():
        if inner is machine:
            link, source, bridge = "eth0", lab.address(name), lab.plugs[name].bridge
    mac = _mac_of(lab.host, bridge)
    with machine.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((link, 0))
        body = packets.datagram(source, address, f"{address} {port}".encode(), (5000, port))
        sock.send(packets.ethernet(sock.getsockname()[4].hex(":"), mac, packets.IP, body))


def _mac_of(machine: Machine, link: str) -> str:
    words = machine.run("ip", "-o", "link", "show", link).split()
    return words[words.index("link/ether") + 1]

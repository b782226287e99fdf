"""The network of a container of which nothing was said."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from support import netlab
from support.boxes import BASE, Boxes
from support.deck import Deck, Outcome, new_deck
from support.netlab import HOST, HOST6, INTERNET, INTERNET6, MTU, OTHER, OTHER6, Lab

from engine.network import names
from engine.state.paths import Paths


def _bridge(deck: Deck) -> str:
    return names.default_bridge(names.tag_of(deck.paths.root))


def test_it_has_an_address_of_the_bridge_s_subnet_on_eth0(lab: Lab, deck: Deck, boxes: Boxes) -> None:
    address = boxes.idle("box")
    assert ip_address(address) in ip_network("172.17.0.0/16")
    fields = boxes.run("box", "ip", "-o", "-4", "address", "show", "eth0").split()
    assert fields[fields.index("inet") + 1] == f"{address}/16"
    assert f"{address.rsplit('.', 2)[0]}.0.1/16" in lab.host.ip(f"-o -4 address show {_bridge(deck)}")


def test_its_only_links_are_the_loopback_and_eth0_and_both_are_up(boxes: Boxes) -> None:
    boxes.idle("box")
    lines = boxes.run("box", "ip", "-o", "link").splitlines()
    assert sorted(line.split()[1].partition("@")[0].rstrip(":") for line in lines) == ["eth0", "lo"]
    assert all(",UP" in line or "<UP" in line for line in lines), lines


def test_its_mac_follows_from_its_address(boxes: Boxes) -> None:
    address = boxes.idle("box")
    mac = boxes.mac("box")
    assert mac in boxes.run("box", "ip", "link", "show", "eth0")
    assert bytes.fromhex(mac.replace(":", ""))[-4:] == ip_address(address).packed
    assert int(mac[:2], 16) & 3 == 2, "it must be a local one of a single station"


def test_its_default_route_is_the_bridge(boxes: Boxes) -> None:
    address = boxes.idle("box")
    words = boxes.run("box", "ip", "-4", "route", "show", "default").split()
    assert words[:5] == ["default", "via", f"{address.rsplit('.', 2)[0]}.0.1", "dev", "eth0"]


def test_its_mtu_is_the_uplink_s(lab: Lab, deck: Deck, boxes: Boxes) -> None:
    boxes.idle("box")
    assert boxes.run("box", "cat", "/sys/class/net/eth0/mtu") == f"{MTU}\n"
    assert f" mtu {MTU} " in lab.host.ip(f"link show {_bridge(deck)}")


def test_the_outside_sees_the_host_s_address(lab: Lab, boxes: Boxes) -> None:
    boxes.idle("box")
    for protocol in ("tcp", "udp"):
        lab.other.serve(protocol, 80)
        for address in (OTHER, INTERNET):
            assert boxes.ask("box", protocol, address, 80).startswith(f"other {HOST} ")


def test_a_large_answer_comes_through_the_small_mtu(lab: Lab, boxes: Boxes) -> None:
    lab.other.serve("tcp", 80)
    boxes.idle("box")
    boxes.send_seconds("box", INTERNET, 80, 4 << 20)


@pytest.mark.requires("ping")
def test_ping_reaches_the_outside_and_a_neighbour(lab: Lab, boxes: Boxes) -> None:
    boxes.idle("box")
    address = boxes.idle("neighbour")
    for target in (OTHER, INTERNET, address):
        assert " 0% packet loss" in boxes.run("box", "ping", "-c", "1", "-W", "3", target)


def test_neighbours_see_each_other_by_their_own_addresses(boxes: Boxes) -> None:
    web, box = boxes.serve("web"), boxes.idle("box")
    for protocol in ("tcp", "udp"):
        assert boxes.ask("box", protocol, web, 80).startswith(f"web {box} ")


def test_the_host_and_a_container_reach_each_other(lab: Lab, boxes: Boxes) -> None:
    web = boxes.serve("web")
    lab.host.serve("udp", 53)
    for protocol in ("tcp", "udp"):
        assert lab.host.ask(protocol, web, 80).startswith("web ")
    assert boxes.ask("web", "udp", HOST, 53).startswith(f"host {web} ")


def test_hosts_names_the_container_at_its_address(boxes: Boxes) -> None:
    address = boxes.idle("box", "-h", "deck")
    assert [address, "deck"] in [line.split() for line in boxes.run("box", "cat", "/etc/hosts").splitlines()]
    assert boxes.run("box", "getent", "hosts", "deck").split() == [address, "deck"]


def test_hosts_has_what_was_added(boxes: Boxes, lab: Lab) -> None:
    boxes.idle("box", "--add-host", "printer:192.0.2.7", "--add-host", "door:host-gateway")
    lines = [line.split() for line in boxes.run("box", "cat", "/etc/hosts").splitlines()]
    gateway = boxes.run("box", "ip", "-4", "route", "show", "default").split()[2]
    assert ["192.0.2.7", "printer"] in lines
    assert [gateway, "door"] in lines


def test_resolv_conf_has_the_name_servers_of_the_host_or_those_asked_for(boxes: Boxes) -> None:
    said = boxes.idle("box") and boxes.run("box", "cat", "/etc/resolv.conf").splitlines()
    host = [line for line in Path("/etc/resolv.conf").read_text().splitlines() if line.startswith("nameserver ")]
    if all(not ip_address(line.split()[1]).is_loopback for line in host):
        assert [line for line in said if line.startswith("nameserver ")] == host
    boxes.idle("told", "--dns", OTHER, "--dns-search", "lab.test", "--dns-option", "ndots:2")
    told = boxes.run("told", "cat", "/etc/resolv.conf").splitlines()
    assert {f"nameserver {OTHER}", "search lab.test", "options ndots:2"} <= set(told)


def test_resolv_conf_and_hosts_can_be_written_inside_and_are_its_own(boxes: Boxes) -> None:
    boxes.idle("box")
    boxes.idle("neighbour")
    before = Path("/etc/hosts").read_text()
    for name in ("hosts", "resolv.conf"):
        boxes.run("box", "sh", "-c", f"echo '# mine' >> /etc/{name}")
        assert "# mine" in boxes.run("box", "cat", f"/etc/{name}")
        assert "# mine" not in boxes.run("neighbour", "cat", f"/etc/{name}")
    assert Path("/etc/hosts").read_text() == before


def test_a_chosen_address_and_mac_are_what_it_gets(boxes: Boxes) -> None:
    assert boxes.idle("box", "--ip", "172.17.9.9", "--mac-address", "02:00:00:00:00:09") == "172.17.9.9"
    assert "02:00:00:00:00:09" in boxes.run("box", "ip", "link", "show", "eth0")


def test_an_address_that_another_has_or_that_is_not_of_the_subnet_is_refused(
    boxes: Boxes, qd: Callable[..., Outcome]
) -> None:
    address = boxes.idle("first")
    taken = qd("run", "--name", "second", "--ip", address, BASE, "true")
    assert (taken.code, address in taken.err, "first" in taken.err) == (125, True, True), taken
    foreign = qd("run", "--name", "third", "--ip", "192.0.2.7", BASE, "true")
    assert (foreign.code, "192.0.2.7" in foreign.err) == (125, True), foreign


def test_container_s_own_address_is_none_of_the_host_s(lab: Lab, boxes: Boxes) -> None:
    """What listens on every address of the container is not reached by the host's."""
    boxes.serve("web")
    assert lab.other.ask("tcp", HOST, 80) == "no: ECONNREFUSED"
    assert lab.host.ask("tcp", "127.0.0.1", 80) == "no: ECONNREFUSED"


def test_the_bridge_s_links_have_no_way_in_for_router_advertisements(lab: Lab, deck: Deck, boxes: Boxes) -> None:
    boxes.idle("box")
    assert lab.host.sysctl(f"net/ipv6/conf/{_bridge(deck)}/accept_ra") == "0"


def test_inspect_shows_address_gateway_and_mac_as_docker_does(boxes: Boxes, out: Callable[..., str]) -> None:
    address = boxes.idle("box")
    form = "{{.NetworkSettings.Networks.bridge.IPAddress}} {{.NetworkSettings.Networks.bridge.MacAddress}}"
    assert out("inspect", "--format", form, "box").split() == [address, boxes.mac("box")]


class TestBesideAnotherRoute:
    """A host on which the usual subnet is somebody else's."""

    @pytest.fixture
    def elsewhere(self, base_store: Paths) -> Iterator[tuple[Lab, Boxes]]:
        with Lab() as lab, lab.host.enter():
            lab.host.ip("route add 172.17.0.0/16 via 10.77.0.2")
            lab.host.ip("address add 172.18.3.3/24 dev second")
            before = netlab.take(lab.host)
            deck = new_deck(base_store)
            yield lab, Boxes(deck)
            lab.settle()
            deck.end()
            assert netlab.difference(before, netlab.take(lab.host)) == []

    def test_the_subnet_is_a_free_one(self, elsewhere: tuple[Lab, Boxes]) -> None:
        lab, boxes = elsewhere
        address = ip_address(boxes.serve("web"))
        assert address.is_private
        assert address not in ip_network("172.17.0.0/16")
        assert address not in ip_network("172.18.0.0/16")
        assert address not in ip_network("10.77.0.0/16")
        assert lab.host.ask("tcp", str(address), 80).startswith("web ")


class TestWithIPv6:
    """A network that asks for it, and the default one made anew with it."""

    @pytest.fixture
    def network(self, deck: Deck, out: Callable[..., str]) -> str:
        out("network", "create", "--ipv6", "six")
        return "six"

    def test_it_has_a_unique_local_address_beside_the_other(self, boxes: Boxes, network: str) -> None:
        address = boxes.idle("box", "--network", network)
        address6 = boxes.address6("box")
        assert ip_address(address6) in ip_network("fc00::/7")
        listing = boxes.run("box", "ip", "-o", "address", "show", "eth0")
        assert f"inet {address}/" in listing
        assert f"inet6 {address6}/64" in listing
        assert "tentative" not in listing

    def test_the_outside_sees_the_host_s_address(self, lab: Lab, boxes: Boxes, network: str) -> None:
        boxes.idle("box", "--network", network)
        for protocol in ("tcp", "udp"):
            lab.other.serve(protocol, 80)
            for address in (OTHER6, INTERNET6):
                assert boxes.ask("box", protocol, address, 80).startswith(f"other {HOST6} ")

    def test_neighbours_and_the_host_reach_each_other(self, lab: Lab, boxes: Boxes, network: str) -> None:
        boxes.serve("web", "--network", network)
        boxes.idle("box", "--network", network)
        web, box = boxes.address6("web"), boxes.address6("box")
        for protocol in ("tcp", "udp"):
            assert boxes.ask("box", protocol, web, 80).startswith(f"web {box} ")
            assert lab.host.ask(protocol, web, 80).startswith("web ")

    def test_hosts_names_both_addresses(self, boxes: Boxes, network: str) -> None:
        address = boxes.idle("box", "--network", network, "-h", "deck")
        lines = [line.split() for line in boxes.run("box", "cat", "/etc/hosts").splitlines()]
        assert [address, "deck"] in lines
        assert [boxes.address6("box"), "deck"] in lines

    def test_a_router_advertisement_of_the_uplink_is_still_the_host_s_own_affair(
        self, lab: Lab, boxes: Boxes, network: str
    ) -> None:
        """Forwarding would turn accept_ra=1 off, and with it a host's only default route."""
        lab.host.sysctl("net/ipv6/conf/uplink/accept_ra", "1")
        boxes.idle("box", "--network", network)
        lab.other.serve("tcp", 80)
        assert lab.host.ask("tcp", INTERNET6, 80).startswith("other ")
        assert lab.host.sysctl("net/ipv6/conf/uplink/accept_ra") in ("1", "2")

    def test_the_default_network_can_be_made_anew_with_it(self, lab: Lab, own_deck: Deck, own_boxes: Boxes) -> None:
        own_boxes.idle("first")
        refused = own_deck.qd("network", "create", "--ipv6", "bridge")
        assert (refused.code, "first" in refused.err) == (125, True), refused
        own_deck.out("rm", "-f", "first")
        own_deck.out("network", "create", "--ipv6", "--subnet", "10.99.0.0/24", "bridge")
        assert ip_address(own_boxes.serve("web", "-p", "8080:80")) in ip_network("10.99.0.0/24")
        lab.other.serve("tcp", 80)
        assert own_boxes.ask("web", "tcp", OTHER6, 80).startswith(f"other {HOST6} ")
        assert lab.other.ask("tcp", HOST6, 8080).startswith(f"web {OTHER6} ")

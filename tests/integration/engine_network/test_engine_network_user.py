"""Networks that an operator makes: by the command, from create to rm, and who reaches whom on them."""

import json
import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network

import pytest
from support.boxes import BASE, Boxes
from support.deck import Deck, Outcome
from support.netlab import HOST, HOST6, INTERNET, OTHER, Lab

from engine.model import Status


@pytest.fixture
def inspect(out: Callable[..., str]) -> Callable[[str], dict]:
    """What `qd network inspect` shows of one network."""
    return lambda name: json.loads(out("network", "inspect", name))[0]


class TestTheCommand:
    """create, ls, inspect, rm, prune."""

    def test_create_prints_the_id_and_ls_lists_it_beside_the_built_in_ones(self, out: Callable[..., str]) -> None:
        identity = out("network", "create", "front").strip()
        assert re.fullmatch("[0-9a-f]{64}", identity)
        rows = {line.split()[1]: line.split()[2] for line in out("network", "ls").splitlines()[1:]}
        assert rows == {"bridge": "bridge", "host": "host", "none": "null", "front": "bridge"}
        assert out("network", "ls", "--quiet", "--filter", "name=front").split() == [identity[:12]]

    def test_subnet_range_and_gateway_are_kept_and_followed(
        self, boxes: Boxes, out: Callable[..., str], inspect: Callable[[str], dict]
    ) -> None:
        options = ("--subnet", "10.99.0.0/16", "--ip-range", "10.99.7.0/24", "--gateway", "10.99.0.254")
        out("network", "create", *options, "front")
        assert inspect("front")["IPAM"]["Config"] == [
            {"Subnet": "10.99.0.0/16", "IPRange": "10.99.7.0/24", "Gateway": "10.99.0.254"}
        ]
        assert ip_address(boxes.idle("box", "--network", "front")) in ip_network("10.99.7.0/24")
        assert boxes.run("box", "ip", "route", "show", "default").split()[2] == "10.99.0.254"
        assert boxes.idle("fixed", "--network", "front", "--ip", "10.99.0.5") == "10.99.0.5"

    def test_inspect_shows_who_is_on_it(
        self, boxes: Boxes, out: Callable[..., str], inspect: Callable[[str], dict]
    ) -> None:
        out("network", "create", "front")
        address = boxes.idle("box", "--network", "front")
        (entry,) = inspect("front")["Containers"].values()
        assert (entry["Name"], entry["IPv4Address"].split("/")[0]) == ("box", address)

    def test_subnets_of_several_networks_are_apart(
        self, out: Callable[..., str], inspect: Callable[[str], dict]
    ) -> None:
        for number in range(4):
            out("network", "create", f"net{number}")
        subnets = [ip_network(inspect(f"net{number}")["IPAM"]["Config"][0]["Subnet"]) for number in range(4)]
        bridge = ip_network("172.17.0.0/16")
        assert not any(one.overlaps(other) for one in subnets for other in (*subnets, bridge) if one is not other)

    @pytest.mark.parametrize(
        ("options", "word"),
        [
            (("--subnet", "10.77.0.0/24"), "10.77.0"),
            (("--subnet", "10.99.0.1/16"), "10.99.0.0/16"),
            (("--subnet", "10.99.0.0/31"), "10.99.0.0/31"),
            (("--subnet", "10.99.0.0/24", "--gateway", "10.98.0.1"), "10.98.0.1"),
            (("--subnet", "nonsense"), "nonsense"),
            (("--driver", "overlay"), "overlay"),
            (("--driver", "macvlan", "--opt", "parent=nosuchlink", "--subnet", "10.99.0.0/24"), "nosuchlink"),
        ],
    )
    def test_what_cannot_be_is_refused_in_words(
        self, qd: Callable[..., Outcome], out: Callable[..., str], options: tuple[str, ...], word: str
    ) -> None:
        outcome = qd("network", "create", *options, "wrong")
        assert outcome.code != 0
        assert word in outcome.err
        assert "wrong" not in out("network", "ls")

    def test_a_name_is_given_once_and_the_built_in_ones_stay(
        self, qd: Callable[..., Outcome], out: Callable[..., str]
    ) -> None:
        out("network", "create", "front")
        for name in ("front", "host", "none"):
            outcome = qd("network", "create", name)
            assert (outcome.code, name in outcome.err) == (125, True), outcome
        for name in ("host", "none"):
            assert qd("network", "rm", name).code == 125
        assert len(out("network", "ls", "-q").split()) == 4

    def test_rm_refuses_a_network_that_somebody_is_on_and_names_them(
        self, boxes: Boxes, qd: Callable[..., Outcome], out: Callable[..., str]
    ) -> None:
        out("network", "create", "front")
        boxes.idle("box", "--network", "front")
        outcome = qd("network", "rm", "front")
        assert outcome.code == 125
        assert "box" in outcome.err
        out("rm", "-f", "box")
        assert out("network", "rm", "front") == "front\n"

    def test_prune_removes_those_that_nobody_is_on(self, boxes: Boxes, deck: Deck, out: Callable[..., str]) -> None:
        out("network", "create", "used")
        out("network", "create", "unused")
        deck.out("create", "--name", "box", "--network", "used", BASE, "true")
        assert "unused" in out("network", "prune", "--force")
        assert {line.split()[1] for line in out("network", "ls").splitlines()[1:]} == {"bridge", "host", "none", "used"}

    def test_a_missing_network_is_named(self, qd: Callable[..., Outcome]) -> None:
        outcome = qd("run", "--rm", "--network", "nowhere", BASE, "true")
        assert (outcome.code, "nowhere" in outcome.err) == (125, True)


class TestApart:
    """Who reaches whom."""

    @pytest.fixture
    def two(self, boxes: Boxes, out: Callable[..., str]) -> dict[str, str]:
        """Addresses of containers on two networks and on the default one."""
        out("network", "create", "red")
        out("network", "create", "blue")
        places = {"red1": "red", "red2": "red", "blue1": "blue"}
        return {name: boxes.serve(name, "--network", network) for name, network in places.items()} | {
            "plain": boxes.serve("plain")
        }

    def test_neighbours_reach_each_other_and_networks_do_not(self, boxes: Boxes, two: dict[str, str]) -> None:
        assert boxes.ask("red1", "tcp", two["red2"], 80).startswith(f"red2 {two['red1']} ")
        for source, target in (("red1", "blue1"), ("blue1", "red1"), ("red1", "plain"), ("plain", "red1")):
            for protocol in ("tcp", "udp"):
                assert boxes.ask(source, protocol, two[target], 80, seconds=1).startswith("no: "), (source, target)

    def test_the_host_and_the_outside_are_reached_from_each(self, lab: Lab, boxes: Boxes, two: dict[str, str]) -> None:
        lab.other.serve("tcp", 80)
        for name, address in two.items():
            assert boxes.ask(name, "tcp", INTERNET, 80).startswith(f"other {HOST} ")
            assert lab.host.ask("tcp", address, 80).startswith(f"{name} ")

    def test_the_gateway_of_another_network_answers_no_less_than_the_host(
        self, lab: Lab, boxes: Boxes, two: dict[str, str], inspect: Callable[[str], dict]
    ) -> None:
        """It is an address of the host, and no container's."""
        gateway = inspect("blue")["IPAM"]["Config"][0]["Gateway"]
        lab.host.serve("tcp", 81)
        assert boxes.ask("red1", "tcp", gateway, 81).startswith("host ")

    def test_without_isolation_the_network_is_reached_by_others(self, boxes: Boxes, out: Callable[..., str]) -> None:
        out("network", "create", "--isolate=false", "open")
        out("network", "create", "--isolate=false", "public")
        web, box = boxes.serve("web", "--network", "open"), boxes.idle("box", "--network", "public")
        assert boxes.ask("box", "tcp", web, 80).startswith(f"web {box} ")

    def test_an_internal_network_has_no_way_out_and_none_in_but_from_the_host(
        self, lab: Lab, boxes: Boxes, out: Callable[..., str]
    ) -> None:
        lab.other.serve("tcp", 80)
        out("network", "create", "--internal", "--subnet", "10.99.0.0/24", "inner")
        web = boxes.serve("web", "--network", "inner")
        boxes.idle("box", "--network", "inner")
        assert boxes.ask("box", "tcp", web, 80).startswith("web ")
        assert boxes.ask("box", "tcp", OTHER, 80, seconds=1).startswith("no: ")
        assert lab.host.ask("tcp", web, 80).startswith("web ")
        lab.other.ip("route add 10.99.0.0/24 via 10.77.0.1")
        try:
            assert lab.other.ask("tcp", web, 80, seconds=1).startswith("no: ")
        finally:
            lab.other.ip("route delete 10.99.0.0/24")

    def test_a_container_that_makes_a_route_out_of_an_internal_network_gets_no_further(
        self, lab: Lab, boxes: Boxes, out: Callable[..., str], inspect: Callable[[str], dict]
    ) -> None:
        lab.other.serve("tcp", 80)
        out("network", "create", "--internal", "inner")
        boxes.idle("box", "--network", "inner", "--cap-add", "NET_ADMIN")
        gateway = inspect("inner")["IPAM"]["Config"][0]["Gateway"]
        boxes.run("box", "ip", "route", "replace", "default", "via", gateway)
        assert boxes.ask("box", "tcp", OTHER, 80, seconds=1).startswith("no: ")


class TestSeveralNetworks:
    """One container on more than one."""

    @pytest.fixture
    def networks(self, out: Callable[..., str]) -> None:
        for name in ("red", "blue"):
            out("network", "create", name)

    @pytest.mark.usefixtures("networks")
    def test_run_takes_several_and_each_is_an_interface(self, boxes: Boxes) -> None:
        boxes.serve("both", "--network", "red", "--network", "blue")
        boxes.idle("red1", "--network", "red")
        boxes.idle("blue1", "--network", "blue")
        for number, name in enumerate(("red1", "blue1")):
            address = boxes.address("both", number)
            assert address in boxes.run("both", "ip", "-o", "-4", "address", "show", f"eth{number}")
            assert boxes.ask(name, "tcp", address, 80).startswith("both ")
        assert len(boxes.run("both", "ip", "-4", "route", "show", "default").splitlines()) == 1

    @pytest.mark.usefixtures("networks")
    def test_connect_and_disconnect_a_running_container(self, boxes: Boxes, out: Callable[..., str]) -> None:
        boxes.serve("web", "--network", "red")
        boxes.idle("blue1", "--network", "blue")
        out("network", "connect", "--alias", "shop", "blue", "web")
        address = boxes.address("web", 1)
        assert boxes.ask("blue1", "tcp", address, 80).startswith("web ")
        assert boxes.run("blue1", "getent", "hosts", "shop").split()[0] == address
        out("network", "disconnect", "blue", "web")
        assert boxes.ask("blue1", "tcp", address, 80, seconds=1).startswith("no: ")
        assert boxes.run("web", "ls", "/sys/class/net").split() == ["eth0", "lo"]

    @pytest.mark.usefixtures("networks")
    def test_connect_a_stopped_container_and_it_is_there_when_it_starts(
        self, boxes: Boxes, deck: Deck, out: Callable[..., str]
    ) -> None:
        deck.out("create", "--name", "late", "--network", "red", BASE, "sleep", "1000")
        out("network", "connect", "--ip", boxes_address(deck, "blue"), "blue", "late")
        out("start", "late")
        assert sorted(boxes.run("late", "ls", "/sys/class/net").split()) == ["eth0", "eth1", "lo"]

    @pytest.mark.usefixtures("networks")
    def test_a_disconnected_first_network_leaves_the_second_its_way_out(
        self, lab: Lab, boxes: Boxes, out: Callable[..., str]
    ) -> None:
        lab.other.serve("tcp", 80)
        boxes.idle("both", "--network", "red", "--network", "blue")
        out("network", "disconnect", "red", "both")
        assert boxes.ask("both", "tcp", OTHER, 80).startswith(f"other {HOST} ")

    @pytest.mark.usefixtures("networks")
    def test_a_published_port_is_there_as_long_as_one_network_leads_to_it(
        self, lab: Lab, boxes: Boxes, out: Callable[..., str]
    ) -> None:
        boxes.serve("web", "--network", "red", "-p", "8080:80")
        out("network", "connect", "blue", "web")
        out("network", "disconnect", "red", "web")
        assert lab.other.ask("tcp", HOST, 8080).startswith("web ")


def boxes_address(deck: Deck, network: str) -> str:
    """An address of that network that nobody has."""
    (shown,) = json.loads(deck.out("network", "inspect", network))
    return str(ip_network(shown["IPAM"]["Config"][0]["Subnet"])[77])


class TestAnotherContainersNetwork:
    """--network container:NAME."""

    def test_both_have_one_address_and_one_loopback(self, lab: Lab, boxes: Boxes, deck: Deck) -> None:
        address = boxes.idle("first", "-p", "8080:80")
        boxes.serve("second", "--network", "container:first")
        assert lab.host.ask("tcp", address, 80).startswith("second ")
        assert lab.other.ask("tcp", HOST, 8080).startswith("second ")
        assert boxes.ask("first", "tcp", "127.0.0.1", 80).startswith("second ")
        assert deck.out("exec", "second", "cat", "/etc/hosts") == deck.out("exec", "first", "cat", "/etc/hosts")

    def test_it_cannot_publish_or_be_on_another_network(self, boxes: Boxes, qd: Callable[..., Outcome]) -> None:
        boxes.idle("first")
        for flag in (("-p", "8080:80"), ("--network", "bridge"), ("--ip", "172.17.0.9"), ("--dns", "192.0.2.1")):
            assert qd("run", "--rm", "--network", "container:first", *flag, BASE, "true").code in (1, 2, 125)

    def test_the_first_one_s_end_leaves_the_second_running(self, boxes: Boxes, deck: Deck) -> None:
        boxes.idle("first")
        boxes.serve("second", "--network", "container:first")
        deck.out("rm", "-f", "first")
        assert deck.engine.container("second").state.status == Status.RUNNING
        assert boxes.ask("second", "tcp", "127.0.0.1", 80).startswith("second ")


class TestMacvlan:
    """Containers with addresses of the host's own network."""

    @pytest.fixture
    def network(self, out: Callable[..., str]) -> Iterator[str]:
        options = ("--subnet", "10.77.0.0/24", "--ip-range", "10.77.0.128/25", "--gateway", OTHER)
        out("network", "create", "--driver", "macvlan", "--opt", "parent=uplink", *options, "street")
        yield "street"

    def test_another_machine_reaches_it_as_its_neighbour(self, lab: Lab, boxes: Boxes, network: str) -> None:
        lab.other.serve("tcp", 80)
        address = boxes.serve("web", "--network", network)
        assert ip_address(address) in ip_network("10.77.0.128/25")
        assert lab.other.ask("tcp", address, 80).startswith("web ")
        assert boxes.ask("web", "tcp", INTERNET, 80).startswith(f"other {address} ")

    def test_two_of_them_reach_each_other_and_restart_with_their_addresses(
        self, boxes: Boxes, out: Callable[..., str], network: str
    ) -> None:
        web, box = boxes.serve("web", "--network", network), boxes.idle("box", "--network", network)
        assert boxes.ask("box", "tcp", web, 80).startswith(f"web {box} ")
        out("restart", "-t", "0", "web")
        boxes.until_ready("web")
        assert boxes.address("web") == web
        assert boxes.ask("box", "tcp", web, 80).startswith(f"web {box} ")

    def test_ipvlan_works_or_names_what_the_kernel_has_not(
        self, lab: Lab, boxes: Boxes, qd: Callable[..., Outcome], out: Callable[..., str]
    ) -> None:
        options = ("--subnet", "10.77.0.0/24", "--ip-range", "10.77.0.128/25", "--gateway", OTHER)
        made = qd("network", "create", "--driver", "ipvlan", "--opt", "parent=uplink", *options, "lane")
        outcome = (
            qd("run", "-d", "--name", "box", "--network", "lane", BASE, "sleep", "1000") if not made.code else made
        )
        assert outcome.code == 0 or "ipvlan" in outcome.err, outcome


def test_ipv6_alone_is_a_network_too(lab: Lab, boxes: Boxes, out: Callable[..., str]) -> None:
    out("network", "create", "--ipv4=false", "--ipv6", "six")
    boxes.idle("box", "--network", "six")
    assert boxes.address("box") == ""
    lab.other.serve("tcp", 80)
    assert boxes.ask("box", "tcp", "fd77::2", 80).startswith(f"other {HOST6} ")

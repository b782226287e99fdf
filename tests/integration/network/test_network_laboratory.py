"""The small network that tests of containers' networks are done on is what it says it is."""

import os
from collections.abc import Iterator

import pytest
from support import netlab
from support.netlab import HOST, HOST6, HOST_SECOND, INTERNET, INTERNET6, OTHER, OTHER6, Lab

pytestmark = [pytest.mark.root, pytest.mark.requires("ip", "nft", "ss")]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(mtu=1400) as lab:
        yield lab


@pytest.fixture(autouse=True)
def _settled(lab: Lab) -> Iterator[None]:
    yield
    lab.settle()


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_the_host_reaches_its_router_and_what_is_behind_it(lab: Lab, protocol: str) -> None:
    lab.other.serve(protocol, 80)
    answers = [lab.host.ask(protocol, address, 80).split()[:2] for address in (OTHER, INTERNET, OTHER6, INTERNET6)]
    assert answers == [["other", HOST], ["other", HOST], ["other", HOST6], ["other", HOST6]]


def test_a_refused_connection_is_told_from_one_without_an_answer(lab: Lab) -> None:
    assert lab.host.ask("tcp", OTHER, 80) == "no: ECONNREFUSED"
    assert lab.third.ask("tcp", INTERNET, 80, seconds=0.2) == "no: ETIMEDOUT"


def test_machines_are_reached_by_the_host_s_second_address(lab: Lab) -> None:
    lab.host.serve("tcp", 80)
    assert lab.other.ask("tcp", HOST_SECOND, 80).startswith(f"host {OTHER} ")
    assert lab.third.ask("tcp", HOST, 80).startswith("host 10.78.0.2 ")


def test_one_port_is_two_servers_on_two_addresses(lab: Lab) -> None:
    lab.host.serve("tcp", 80, HOST)
    assert lab.other.ask("tcp", HOST_SECOND, 80) == "no: ECONNREFUSED"
    assert lab.other.ask("tcp", HOST, 80).startswith("host ")


def test_nothing_of_it_is_on_the_machine_that_runs_the_tests(lab: Lab) -> None:
    outside = set(os.listdir("/sys/class/net"))
    assert not outside & {"uplink", "second"}
    with lab.host.enter():
        assert "uplink" in netlab.take(lab.host).links


def test_links_tables_routes_and_listeners_that_stay_are_seen(lab: Lab) -> None:
    before = netlab.take(lab.host)
    lab.host.ip("link add left type bridge")
    lab.host.run("nft", "add", "table", "bridge", "left")
    lab.host.ip("route add 192.0.2.0/24 via 10.77.0.2")
    lab.host.serve("udp", 4000)
    lines = netlab.difference(before, netlab.take(lab.host))
    assert [line.split(":")[0] for line in lines] == ["links", "tables", "routes", "listeners"]
    lab.host.ip("link delete left")
    lab.host.run("nft", "delete", "table", "bridge", "left")
    lab.host.ip("route delete 192.0.2.0/24")
    lab.settle()
    assert netlab.difference(before, netlab.take(lab.host)) == []

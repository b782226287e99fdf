"""Who reaches whom: bridges, the outside, the host."""

from collections.abc import Iterator

import pytest
from support.netlab import HOST, HOST6, INTERNET, INTERNET6, Machine
from support.ruled import Ruled

pytestmark = [pytest.mark.root, pytest.mark.requires("ip", "nft")]

UNANSWERED = 0.3
"""Seconds; an answer that must not come would come at once."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Ruled]:
    with Ruled() as made:
        made.serve_all()
        yield made


@pytest.fixture(autouse=True)
def _settled(lab: Ruled) -> Iterator[None]:
    yield
    lab.settle()


@pytest.fixture(params=[4, 6], ids=["IPv4", "IPv6"])
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def is_reached(machine: Machine, protocol: str, address: str, port: int = 80) -> bool:
    return not machine.ask(protocol, address, port, UNANSWERED).startswith("no: ")


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("pair", ["ab", "ij", "de", "ed"])
def test_one_bridge_and_open_bridges_reach_each_other(lab: Ruled, version: int, protocol: str, pair: str) -> None:
    answer = lab[pair[0]].ask(protocol, lab.address(pair[1], version), 80)
    assert answer.split()[:2] == [pair[1], lab.address(pair[0], version)]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("pair", ["ac", "ca", "ad", "da", "ai", "ia", "di", "id"])
def test_other_bridges_do_not(lab: Ruled, version: int, protocol: str, pair: str) -> None:
    assert not is_reached(lab[pair[0]], protocol, lab.address(pair[1], version))


@pytest.mark.parametrize("name", ["a", "c", "d", "i"])
def test_the_host_reaches_every_container_and_they_reach_it(lab: Ruled, version: int, name: str) -> None:
    lab.host.serve("tcp", 9000)
    gateway = next(text for text in lab.plugs[name].gateways if (":" in text) == (version == 6))
    assert lab.host.ask("tcp", lab.address(name, version), 80).startswith(f"{name} ")
    for address in (gateway, (HOST, HOST6)[version == 6]):
        assert lab[name].ask("tcp", address, 9000).startswith(f"host {lab.address(name, version)} ")


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_the_outside_sees_the_host(lab: Ruled, version: int, protocol: str) -> None:
    lab.other.serve(protocol, 7000)
    answer = lab["a"].ask(protocol, (INTERNET, INTERNET6)[version == 6], 7000)
    assert answer.split()[:2] == ["other", (HOST, HOST6)[version == 6]]


def test_an_internal_bridge_has_no_outside(lab: Ruled, version: int) -> None:
    for protocol in ("tcp", "udp"):
        lab.other.serve(protocol, 7000)
        assert not is_reached(lab["i"], protocol, (INTERNET, INTERNET6)[version == 6], 7000)


def test_a_refusal_from_outside_reaches_the_container(lab: Ruled, version: int) -> None:
    """As what belongs to a connection does, so also news that a packet was too big."""
    assert lab["a"].ask("udp", (INTERNET, INTERNET6)[version == 6], 7001) == "no: ECONNREFUSED"


class Between:
    """Two links of the host's of a kind that stands on hardware, and whether it forwards between them."""

    def __init__(self, lab: Ruled) -> None:
        self._lab = lab
        for machine, link, number in ((lab.other, "uplink", 91), (lab.third, "second", 92)):
            for end, digit in ((lab.host, 1), (machine, 2)):
                end.ip(f"link add link {link} name up{number} type macvlan mode bridge")
                end.ip(f"address add 10.{number}.0.{digit}/24 dev up{number}")
                end.ip(f"link set up{number} up")
        lab.other.ip("route add 10.92.0.0/24 via 10.91.0.1")
        lab.third.ip("route add 10.91.0.0/24 via 10.92.0.1")
        lab.third.serve("tcp", 9100)

    def forwards(self) -> bool:
        return is_reached(self._lab.other, "tcp", "10.92.0.2", 9100)

    def close(self) -> None:
        for machine in self._lab.machines:
            for number in (91, 92):
                if f"up{number}" in machine.links():
                    machine.ip(f"link del up{number}")


@pytest.fixture
def between(lab: Ruled) -> Iterator[Between]:
    made = Between(lab)
    yield made
    made.close()


def test_while_guarded_the_host_forwards_nothing_that_it_would_not_without_us(lab: Ruled, between: Between) -> None:
    assert between.forwards()
    with lab.host.enter():
        lab.table.guard(True)
        assert not between.forwards()
        lab.other.serve("tcp", 7000)
        assert is_reached(lab["a"], "tcp", INTERNET, 7000)
        lab.table.restore(lab.bridges, list(lab.plugs.values()), [])
        assert not between.forwards()
        lab.table.guard(False)
    assert between.forwards()


def test_forwarding_of_others_is_not_guarded(lab: Ruled) -> None:
    """Programs make links of kinds, such as the bridges and pairs of another engine."""
    lab.third.serve("tcp", 9100)
    with lab.host.enter():
        lab.table.guard(True)
        try:
            assert is_reached(lab.other, "tcp", "10.78.0.2", 9100)
        finally:
            lab.table.guard(False)

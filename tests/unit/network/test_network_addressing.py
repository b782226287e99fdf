"""Which address a container gets: never twice, never one that means something else."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import model
from engine.errors import Conflict, InvalidInput
from engine.network.addressing import allocate, allocate6, check_address, mac_of


def network(subnet: str = "172.30.0.0/24", **fields: str) -> model.Network:
    gateway = str(ip_network(subnet)[1]) if subnet else ""
    return model.Network(**{"id": "a" * 64, "name": "net", "subnet": subnet, "gateway": gateway, **fields})


SIX = network("", subnet6="fd00::/64", gateway6="fd00::1")


def test_the_first_address_is_the_one_behind_the_gateway() -> None:
    assert allocate(network(), set()) == "172.30.0.2"
    assert allocate6(SIX, set()) == "fd00::2"


def test_an_address_that_was_given_back_is_not_at_once_another_s() -> None:
    assert allocate(network(), set(), after="172.30.0.7") == "172.30.0.8"
    assert allocate(network(), {"172.30.0.8"}, after="172.30.0.7") == "172.30.0.9"


def test_behind_the_end_it_begins_anew() -> None:
    assert allocate(network(), {"172.30.0.2"}, after="172.30.0.254") == "172.30.0.3"
    assert allocate(network(), set(), after="10.9.9.9") == "172.30.0.2"


def test_a_gateway_anywhere_is_passed_over() -> None:
    assert allocate(network(gateway="172.30.0.2"), set()) == "172.30.0.1"
    assert allocate(network(gateway="172.30.0.9"), set(), after="172.30.0.8") == "172.30.0.10"


def test_a_range_limits_what_is_chosen_and_not_what_is_asked_for() -> None:
    ranged = network(ip_range="172.30.0.64/30")
    found: set[str] = set()
    for _ in range(4):
        found.add(allocate(ranged, found))
    assert found == {"172.30.0.64", "172.30.0.65", "172.30.0.66", "172.30.0.67"}
    with pytest.raises(Conflict, match="no free address") as caught:
        allocate(ranged, found)
    assert caught.value.hint
    assert check_address(ranged, "172.30.0.9", found) == "172.30.0.9"


PREFIXES = st.tuples(st.integers(0, 255), st.integers(24, 30)).map(
    lambda pair: ip_network((int(ip_address("10.1.0.0")) + pair[0] * 256, pair[1]))
)


@settings(max_examples=60)
@given(PREFIXES, st.data())
def test_every_address_is_given_once_and_none_that_is_reserved(subnet, data: st.DataObject) -> None:  # type: ignore[no-untyped-def]
    hosts = [str(host) for host in subnet.hosts()]
    gateway = data.draw(st.sampled_from(hosts))
    taken = data.draw(st.sets(st.sampled_from(hosts)))
    after = data.draw(st.sampled_from(["", *hosts]))
    one = network(str(subnet), gateway=gateway)
    given_out: list[str] = []
    used = set(taken)
    while len(used | {gateway}) < len(hosts):
        after = allocate(one, used, after)
        given_out.append(after)
        used.add(after)
    assert len(set(given_out)) == len(given_out)
    assert not set(given_out) & ({gateway, str(subnet[0]), str(subnet[-1])} | taken)
    assert set(given_out) | taken | {gateway} == set(hosts)
    with pytest.raises(Conflict):
        allocate(one, used, after)


def test_many_used_addresses_are_walked_once_and_not_each_time() -> None:
    """Work is counted, not time: who has the last address given needs a look or two for the next."""

    class Counted(set[str]):
        looks = 0

        def __contains__(self, item: object) -> bool:
            self.looks += 1
            return super().__contains__(item)

    wide = network("10.0.0.0/16")
    used = Counted(f"10.0.{number >> 8}.{number & 255}" for number in range(2, 60_002))
    after = "10.0.234.97"
    for _ in range(1000):
        after = allocate(wide, used, after)
        used.add(after)
    assert used.looks == 1000
    assert len(used) == 61_000


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("172.30.0.0", "no container's address"),
        ("172.30.0.255", "no container's address"),
        ("172.30.0.1", "no container's address"),
        ("172.31.0.9", "not in the subnet"),
        ("fd00::9", "no IPv6 subnet"),
        ("172.30.0.9/24", "is no address"),
        ("172.30.0.09", "is no address"),
        ("eth0", "is no address"),
        ("", "is no address"),
        ("fe80::1%eth0", "is no address"),
    ],
)
def test_an_address_that_cannot_be_is_refused(address: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        check_address(network(), address, set())


def test_an_address_that_is_taken_is_refused_naming_who_has_it() -> None:
    with pytest.raises(Conflict, match="taken by container web"):
        check_address(network(), "172.30.0.9", {"172.30.0.9": "web"})
    with pytest.raises(Conflict, match="taken by another container"):
        check_address(network(), "172.30.0.9", {"172.30.0.9"})


def test_one_address_is_one_however_it_is_written() -> None:
    assert check_address(SIX, "FD00:0::00A", set()) == "fd00::a"
    with pytest.raises(Conflict):
        check_address(SIX, "FD00:0::00A", {"fd00::a": "web"})
    with pytest.raises(InvalidInput):
        check_address(SIX, "FD00:0:0::1", set())


def test_a_network_without_a_family_gives_none_of_it() -> None:
    with pytest.raises(InvalidInput):
        allocate(SIX, set())
    with pytest.raises(InvalidInput):
        allocate6(network(), set())


def test_a_mac_follows_from_the_address() -> None:
    assert mac_of("172.30.0.9") == "f2:71:ac:1e:00:09"
    assert mac_of("fd00::1:2") == "f2:72:00:01:00:02"


@given(st.ip_addresses())
def test_a_mac_is_of_one_station_and_locally_administered(address: object) -> None:
    first = int(mac_of(str(address).partition("%")[0])[:2], 16)
    assert first & 3 == 2


@settings(max_examples=50)
@given(st.sets(st.integers(2, 65_000), max_size=200))
def test_addresses_of_one_subnet_have_different_macs(numbers: set[int]) -> None:
    addresses = [str(ip_network("172.30.0.0/16")[number]) for number in numbers]
    assert len({mac_of(address) for address in addresses}) == len(addresses)

"""Networks on record: names, ids, the default one and its subnet, leases."""

import json
from ipaddress import IPv4Network, ip_network
from pathlib import Path

import pytest

from engine.errors import Conflict, InvalidInput, NotFound
from engine.supervise.networks.requests import NewNetwork
from engine.supervise.networks.store import Networks, check


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "networks"


@pytest.fixture
def networks(folder: Path) -> Networks:
    return Networks(str(folder), "")


def made(networks: Networks, name: str, *taken: str, **fields: object) -> str:
    request = NewNetwork(name=name, **fields)  # type: ignore[arg-type]
    return networks.create(request, [ip_network(text) for text in taken]).id


def test_three_networks_are_there_always(networks: Networks, folder: Path) -> None:
    assert [(one.name, one.driver) for one in networks.all()] == [
        ("bridge", "bridge"),
        ("host", "host"),
        ("none", "none"),
    ]
    assert networks.find("default").id == "bridge"
    assert not folder.exists()


def test_a_network_is_found_by_name_id_and_prefix_also_after_a_restart(networks: Networks, folder: Path) -> None:
    network_id = made(networks, "app", ipv6=True, labels={"a": "1"})
    for known in (networks, Networks(str(folder), "")):
        for ref in ("app", network_id, network_id[:9]):
            assert known.find(ref).id == network_id
        assert known.find("app").labels == {"a": "1"}
    assert networks.find("app") == Networks(str(folder), "").find("app")
    assert networks.find("app").link == f"qd{network_id[:10]}"


def test_what_is_not_there_is_not_found(networks: Networks) -> None:
    made(networks, "app")
    for ref in ("", "ap", "zzz", "brid", "../bridge"):
        with pytest.raises(NotFound):
            networks.find(ref)


def test_a_prefix_of_two_is_refused_and_a_name_comes_before_a_prefix(
    networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter((b"\xab" * 32, b"\xab\xcd" * 16))
    monkeypatch.setattr("engine.supervise.networks.store.os.urandom", lambda _n: next(ids, b"\x01" * 32))
    first = made(networks, "one")
    monkeypatch.setattr("engine.supervise.networks.store.os.urandom", lambda _n: b"\xab\xcd" * 16)
    made(networks, "two")
    with pytest.raises(Conflict):
        networks.find("ab")
    monkeypatch.setattr("engine.supervise.networks.store.os.urandom", lambda _n: b"\x02" * 32)
    named = made(networks, "ab")
    assert networks.find("ab").id == named
    assert networks.find("abab").id == first


@pytest.mark.parametrize("name", ["default", "host", "none", "app", "private"])
def test_a_name_is_given_once(name: str, networks: Networks) -> None:
    made(networks, "app")
    with pytest.raises(Conflict) as caught:
        made(networks, name)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["", ".", "a/b", "-a", "a\n", "a" * 129, "ä", "container:x", "a b"])
def test_a_name_is_a_word(name: str, networks: Networks, folder: Path) -> None:
    with pytest.raises(InvalidInput):
        check(name)
    with pytest.raises(InvalidInput):
        made(networks, name)
    assert not folder.exists()


def test_two_networks_never_overlap_whether_chosen_or_named(networks: Networks) -> None:
    for number in range(20):
        made(networks, f"n{number}", "172.20.0.0/16")
    found = [IPv4Network(one.subnet) for one in networks.all() if one.subnet]
    assert len(found) == 20
    assert not any(a.overlaps(b) for a in found for b in found if a != b)
    assert IPv4Network("172.20.0.0/16") not in found
    with pytest.raises(Conflict, match="of the network n0"):
        made(networks, "named", subnets=(str(found[0]),))
    with pytest.raises(Conflict, match="of this host"):
        made(networks, "named", "10.99.0.0/16", subnets=("10.99.3.0/24",))


def test_a_removed_network_frees_name_and_subnet(networks: Networks, folder: Path) -> None:
    network_id = made(networks, "app", subnets=("10.8.0.0/24",))
    networks.remove(network_id)
    networks.remove(network_id)
    assert list(folder.iterdir()) == []
    made(networks, "app", subnets=("10.8.0.0/24",))
    for name in ("bridge", "host", "none"):
        with pytest.raises(Conflict):
            networks.remove(name)


def test_a_broken_record_hides_no_other_and_what_was_not_finished_goes(networks: Networks, folder: Path) -> None:
    network_id = made(networks, "app")
    whole = json.loads((folder / f"{network_id}.json").read_text())
    broken = {
        "b" * 64: b"{",
        "c" * 64: json.dumps(whole).encode(),
        "d" * 64: json.dumps({**whole, "id": "d" * 64, "subnet": "10.0.0.0/99"}).encode(),
        "e" * 64: json.dumps({**whole, "id": "e" * 64, "name": "../x"}).encode(),
        "host": json.dumps({**whole, "id": "host", "name": "host"}).encode(),
        "f" * 64: b"\xff\xfe",
        "0" * 64: b"",
    }
    for name, text in broken.items():
        (folder / f"{name}.json").write_bytes(text)
    (folder / f"{'9' * 64}.json.77.new").write_text("half")
    (folder / f"{'8' * 64}.json").mkdir()
    again = Networks(str(folder), "")
    assert [one.name for one in again.all()] == ["app", "bridge", "host", "none"]
    assert again.find("host").driver == "host"
    assert not list(folder.glob("*.new"))


def test_the_default_network_gets_its_subnet_when_it_is_needed_and_keeps_it(networks: Networks, folder: Path) -> None:
    bridge = networks.find("bridge")
    assert (bridge.subnet, bridge.link) == ("", "qd0")
    settled = networks.settled(bridge, [ip_network("172.17.0.0/16")], held=False)
    assert (settled.subnet, settled.gateway) == ("172.18.0.0/16", "172.18.0.1")
    assert networks.settled(bridge, [], held=True) == settled
    assert Networks(str(folder), "").find("bridge") == settled


def test_it_gets_another_one_where_that_is_taken_and_nobody_has_a_lease(networks: Networks) -> None:
    bridge = networks.find("bridge")
    assert networks.settled(bridge, [], held=False).subnet == "172.17.0.0/16"
    clash = [ip_network("172.17.3.0/24")]
    assert networks.settled(bridge, clash, held=True).subnet == "172.17.0.0/16"
    assert networks.settled(bridge, clash, held=False).subnet == "172.18.0.0/16"
    made(networks, "app", "172.17.3.0/24")
    assert networks.find("app").subnet == "172.19.0.0/16"


def test_other_networks_leave_the_default_one_s_first_choice_alone(networks: Networks) -> None:
    made(networks, "app")
    assert networks.settled(networks.find("bridge"), [], held=False).subnet == "172.17.0.0/16"


def test_the_default_network_can_be_made_as_it_is_to_be(networks: Networks, folder: Path) -> None:
    made(networks, "bridge", ipv6=True, subnets=("10.8.0.0/24",), mtu=1400)
    found = networks.find("bridge")
    assert (found.id, found.link, found.subnet, found.mtu) == ("bridge", "qd0", "10.8.0.0/24", 1400)
    assert found.subnet6.startswith("fd")
    assert networks.settled(found, [ip_network("10.8.0.0/16")], held=False) == found
    assert Networks(str(folder), "").find("bridge") == found
    made(networks, "bridge")
    again = networks.find("bridge")
    assert (again.subnet, again.subnet6, again.mtu) == ("172.17.0.0/16", "", 0)
    with pytest.raises(InvalidInput):
        made(networks, "bridge", driver="macvlan", parent="eth0")


def test_ipv6_of_the_default_network_is_added_once(networks: Networks) -> None:
    settled = networks.settled(networks.find("bridge"), [], held=False, ipv6=True)
    assert ip_network(settled.subnet6).prefixlen == 64
    assert networks.settled(settled, [], held=True, ipv6=True) == settled


def test_two_engines_have_different_bridges(folder: Path) -> None:
    one, two = Networks(str(folder / "a"), ""), Networks(str(folder / "b"), "0123ab")
    assert {one.find("bridge").link, two.find("bridge").link} == {"qd0", "qd0-0123ab"}


def test_leases_go_on_behind_the_last_and_of_each_family(networks: Networks) -> None:
    made(networks, "app", subnets=("10.8.0.0/24", "fd12::/64"))
    app = networks.find("app")
    assert networks.lease(app, {}) == ("10.8.0.2", "fd12::2")
    assert networks.lease(app, {}) == ("10.8.0.3", "fd12::3")
    assert networks.lease(app, {"10.8.0.4": "web"}) == ("10.8.0.5", "fd12::4")
    assert networks.lease(app, {}, "10.8.0.99") == ("10.8.0.99", "fd12::5")
    assert networks.lease(app, {}) == ("10.8.0.6", "fd12::6")
    with pytest.raises(Conflict, match="web"):
        networks.lease(app, {"10.8.0.4": "web"}, "10.8.0.4")


def test_an_address_of_one_family_does_not_stand_for_the_other(networks: Networks) -> None:
    made(networks, "app", subnets=("10.8.0.0/24", "fd12::/64"))
    app = networks.find("app")
    with pytest.raises(InvalidInput):
        networks.lease(app, {}, "fd12::9")
    with pytest.raises(InvalidInput):
        networks.lease(app, {}, "", "10.8.0.9")

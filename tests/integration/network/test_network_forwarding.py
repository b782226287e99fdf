"""A host becomes a router for its first bridge, and is none any more when it was one because of us alone."""

import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.netlab import Machine
from support.waiting import until

from engine import errors
from engine.network.host import bridging, missing, routers, sysctls, trial
from engine.network.host.forwarding import IPV4, IPV6, Forwarding
from engine.state import files

pytestmark = [pytest.mark.root, pytest.mark.requires("ip", "nft")]


@pytest.fixture
def host() -> Iterator[Machine]:
    """A machine that forwards nothing."""
    machine = Machine("host")
    machine.sysctl("net/ipv4/ip_forward", "0")
    machine.sysctl("net/ipv6/conf/all/forwarding", "0")
    with machine.enter():
        yield machine
    machine.close()


@pytest.fixture
def note(tmp_path: Path) -> str:
    return str(tmp_path / "forwarding")


def state() -> tuple[str, str]:
    return sysctls.read(IPV4), sysctls.read(IPV6)


def test_forwarding_is_switched_on_and_back(host: Machine, note: str) -> None:
    forwarding = Forwarding(note)
    assert not forwarding.ours
    forwarding.enable()
    assert state() == ("1", "0")
    assert forwarding.ours
    assert forwarding.give_back()
    assert state() == ("0", "0")
    assert not forwarding.ours


def test_ipv6_is_forwarded_only_where_it_is_asked_for(host: Machine, note: str) -> None:
    forwarding = Forwarding(note)
    forwarding.enable()
    forwarding.enable(ipv6=True)
    assert state() == ("1", "1")
    assert forwarding.give_back()
    assert state() == ("0", "0")


def test_a_router_stays_one(host: Machine, note: str) -> None:
    host.sysctl("net/ipv4/ip_forward", "1")
    forwarding = Forwarding(note)
    forwarding.enable()
    assert not forwarding.ours
    assert forwarding.give_back()
    assert state() == ("1", "0")


def test_what_was_switched_on_before_a_crash_is_still_given_back(host: Machine, note: str) -> None:
    Forwarding(note).enable(ipv6=True)
    later = Forwarding(note)
    later.enable(ipv6=True)
    assert later.ours
    assert later.give_back()
    assert state() == ("0", "0")


def test_a_crash_between_the_note_and_the_switch_does_no_harm(
    host: Machine, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(path: str, value: str) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sysctls, "ensure", crash)
        with pytest.raises(KeyboardInterrupt):
            Forwarding(note).enable()
    assert Forwarding(note).give_back()
    assert state() == ("0", "0")


def test_what_an_operator_has_switched_off_meanwhile_is_left_alone(host: Machine, note: str) -> None:
    forwarding = Forwarding(note)
    forwarding.enable(ipv6=True)
    host.sysctl("net/ipv4/ip_forward", "0")
    assert forwarding.give_back()
    assert state() == ("0", "0")


def test_forwarding_stays_for_anybody_s_bridge_and_goes_after_it(host: Machine, note: str) -> None:
    forwarding = Forwarding(note)
    forwarding.enable()
    host.ip("link add virbr0 type bridge")
    assert routers.bridges() == ["virbr0"]
    assert not forwarding.give_back()
    assert state() == ("1", "0")
    assert forwarding.ours
    host.ip("link delete virbr0")
    assert forwarding.give_back()
    assert state() == ("0", "0")


def test_forwarding_stays_for_another_engine_but_not_for_our_own_table(host: Machine, note: str) -> None:
    forwarding = Forwarding(note, table="quarterdeck-abcdef")
    forwarding.enable()
    host.run("nft", "add table inet quarterdeck-abcdef; add table inet quarterdeck; add table ip filter")
    assert not forwarding.give_back()
    host.run("nft", "delete table inet quarterdeck")
    assert forwarding.give_back()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"accept_ra": 7}', '{"accept_ra": ["../all"], "ipv6": true}'])
def test_a_broken_note_breaks_nothing(host: Machine, note: str, text: str) -> None:
    files.replace(note, text.encode())
    forwarding = Forwarding(note)
    forwarding.enable()
    assert state() == ("1", "0")
    assert forwarding.give_back()
    assert state() == ("0", "0")


def advertise(router: Machine, link: str) -> None:
    """A router's advertisement, as RFC 4861, 4.2 has it: hop limit 64, half an hour; the kernel sums it up."""
    with router.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        with router.enter():
            index = socket.if_nametoindex(link)
        sock.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0), ("ff02::1", 0, 0, index))


def has_heard(host: Machine, router: Machine) -> bool:
    advertise(router, "wan1")
    return "proto ra" in host.ip("-6 route show default")


@pytest.fixture
def router(host: Machine) -> Iterator[Machine]:
    """A neighbour that says by which link it is a router."""
    machine = Machine("router")
    host.ip("link add lan0 type veth peer name lan1")
    host.ip(f"link add wan0 type veth peer name wan1 netns {machine.path}")
    for end, link in ((host, "wan0"), (machine, "wan1")):
        end.sysctl(f"net/ipv6/conf/{link}/accept_dad", "0")
        end.ip(f"link set {link} up")
    until(lambda: "fe80" in machine.ip("-6 address show dev wan1 -tentative"), "the router's address")
    until(lambda: has_heard(host, machine), "the route")
    yield machine
    machine.close()


def test_a_host_that_has_its_routes_from_advertisements_goes_on_listening(
    host: Machine, router: Machine, note: str
) -> None:
    assert routers.links_that_listen() == ["wan0"]
    forwarding = Forwarding(note)
    forwarding.enable(ipv6=True)
    assert sysctls.read("ipv6/conf/wan0/accept_ra") == "2"
    assert sysctls.read("ipv6/conf/lan0/accept_ra") == "1"
    assert json.loads(Path(note).read_text())["accept_ra"] == ["wan0"]
    assert "proto ra" in host.ip("-6 route show default")
    assert forwarding.give_back()
    assert sysctls.read("ipv6/conf/wan0/accept_ra") == "1"
    assert "proto ra" in host.ip("-6 route show default")


def test_a_bridge_is_settled_with_ipv6_and_without(host: Machine) -> None:
    host.ip("link add qd0 type bridge")
    bridging.settle("qd0")
    assert sysctls.read("ipv4/conf/qd0/route_localnet") == "1"
    assert sysctls.read("ipv4/conf/qd0/forwarding") == "1"
    assert sysctls.read("ipv4/conf/qd0/accept_redirects") == "0"
    assert sysctls.read("ipv6/conf/qd0/disable_ipv6") == "1"
    bridging.settle("qd0", ipv6=True)
    assert sysctls.read("ipv6/conf/qd0/disable_ipv6") == "0"
    assert sysctls.read("ipv6/conf/qd0/accept_ra") == "0"
    assert sysctls.read("ipv4/conf/all/route_localnet") == "0"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "a" * 16, "a\n"])
def test_a_name_that_no_link_has_leads_to_no_file(host: Machine, name: str) -> None:
    with pytest.raises(errors.InvalidInput):
        bridging.settle(name)


def test_a_missing_bridge_is_an_error(host: Machine) -> None:
    with pytest.raises(FileNotFoundError):
        bridging.settle("qd0")


def test_this_host_lacks_nothing(host: Machine) -> None:
    assert missing.missing() == []
    missing.require()


def test_a_kind_of_link_that_is_not_there_is_told(host: Machine) -> None:
    assert trial.refused(("bridge", "nosuchkind")) == {"nosuchkind": "Operation not supported"}
    assert routers.bridges() == []

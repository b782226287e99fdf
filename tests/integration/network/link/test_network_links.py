"""Links of containers on a host that is a network namespace: made, found again, repaired, undone, counted."""

import errno
import os
import socket
from collections.abc import Iterator
from ipaddress import ip_interface, ip_network

import pytest
from support import waiting
from support.wired import Box, Wired, end, wired

from engine import errors
from engine.network import namespace
from engine.network.link import inside, linkmessages, loopback, routes
from engine.network.link.links import Links
from engine.network.link.transport import Refused, Transport
from engine.network.values import Bridge, Plug

# Those marked cgroup2 also run in the virtual machine because of its kernels, which are Debian's.
pytestmark = [pytest.mark.root, pytest.mark.requires("ip")]

BRIDGE = Bridge("qd0-abc123", (ip_interface("172.30.0.1/16"), ip_interface("fd30::1/64")), mtu=1400)


@pytest.fixture
def net() -> Iterator[Wired]:
    with wired() as net:
        net.links.make_bridge(BRIDGE)
        yield net


def plug(number: int, *, ipv6: bool = True, interface: str = "eth0", run: str = "a", **more: object) -> Plug:
    """The interface of the container with this number."""
    addresses = [ip_interface(f"172.30.{number // 250}.{number % 250 + 2}/16")]
    gateways = ["172.30.0.1"]
    if ipv6:
        addresses.append(ip_interface(f"fd30::{number + 2:x}/64"))
        gateways.append("fd30::1")
    made = Plug(
        link=f"qd{number:07x}{run}0",
        interface=interface,
        mac=f"02:42:ac:1e:{number // 250:02x}:{number % 250 + 2:02x}",
        addresses=tuple(addresses),
        gateways=tuple(gateways),
        mtu=1400,
        bridge=BRIDGE.name,
    )
    return made._replace(**more)  # type: ignore[arg-type]


def plugged(net: Wired, number: int, **more: object) -> Box:
    """A container with one interface."""
    box = net.box(f"box{number}")
    net.links.plug(box.pid, [plug(number, **more)])  # type: ignore[arg-type]
    return box


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_two_containers_and_the_host_reach_each_other_by_both_families(net: Wired, protocol: str) -> None:
    first, second = plugged(net, 0), plugged(net, 1)
    second.machine.serve(protocol, 80)
    net.host.serve(protocol, 81)
    for address in ("172.30.0.3", "fd30::3"):
        assert first.machine.ask(protocol, address, 80).startswith("box1 ")
        assert net.host.ask(protocol, address, 80).startswith("box1 ")
    for address in ("172.30.0.1", "fd30::1"):
        assert first.machine.ask(protocol, address, 81).startswith("host ")
    second.machine.stop_servers()
    net.host.stop_servers()


def test_two_containers_listen_on_one_port(net: Wired) -> None:
    boxes = [plugged(net, number) for number in range(2)]
    for box in boxes:
        box.machine.serve("tcp", 80)
    answers = [net.host.ask("tcp", f"172.30.0.{number + 2}", 80).split()[0] for number in range(2)]
    assert answers == ["box0", "box1"]
    for box in boxes:
        box.machine.stop_servers()


@pytest.mark.cgroup2
def test_an_interface_is_what_it_was_settled_to_be(net: Wired) -> None:
    box = plugged(net, 0)
    text = box.machine.ip("-o addr show dev eth0")
    assert "172.30.0.2/16 brd 172.30.255.255" in text
    assert "fd30::2/64 scope global nodad" in text
    assert "tentative" not in text, "a duplicate is not looked for, so that the address can be used at once"
    link = box.machine.ip("link show dev eth0")
    assert "02:42:ac:1e:00:02" in link and "mtu 1400" in link
    assert box.machine.ip("route show default").split()[:5] == ["default", "via", "172.30.0.1", "dev", "eth0"]
    assert "via fd30::1" in box.machine.ip("-6 route show default")
    assert box.machine.ip("-br link show dev lo").split()[1] == "UNKNOWN"


def test_a_container_without_an_ipv6_address_has_no_ipv6_but_on_loopback(net: Wired) -> None:
    box = plugged(net, 0, ipv6=False)
    assert "inet6" not in box.machine.ip("addr show dev eth0")
    assert "::1/128" in box.machine.ip("addr show dev lo")


@pytest.mark.cgroup2
def test_a_container_with_a_user_namespace_of_its_own_is_plugged_like_any_other(net: Wired) -> None:
    pid = net.rootless()
    net.links.plug(pid, [plug(0, bits_into=10_000_000, bits_out_of=10_000_000)])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answered:
        answered.bind(("172.30.0.1", 0))
        answered.settimeout(10)
        with namespace.inside(pid):
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sender:
            sender.sendto(b"hello", answered.getsockname())
        data, source = answered.recvfrom(10)
    assert (data, source[0]) == (b"hello", "172.30.0.2")


def test_one_interface_with_ipv6_and_one_without_are_told_apart(net: Wired) -> None:
    box = net.box()
    net.links.plug(box.pid, [plug(0), plug(1, ipv6=False, interface="eth1", gateways=())])
    disabled = [box.machine.sysctl(f"net/ipv6/conf/eth{number}/disable_ipv6") for number in range(2)]
    assert disabled == ["0", "1"]


def test_a_container_takes_no_router_s_word(net: Wired) -> None:
    box = plugged(net, 0)
    for scope in ("all", "default", "eth0"):
        for name in ("ipv6/conf/{}/accept_ra", "ipv6/conf/{}/accept_redirects", "ipv4/conf/{}/accept_redirects"):
            assert box.machine.sysctl("net/" + name.format(scope)) == "0", (scope, name)


def test_a_container_on_two_networks_does_not_connect_them_unless_told_to(net: Wired) -> None:
    box = net.box()
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        box.machine.sysctl(f"net/{name}", "1")
    net.links.plug(box.pid, [plug(0)])
    assert box.machine.sysctl("net/ipv4/ip_forward") == box.machine.sysctl("net/ipv6/conf/eth0/forwarding") == "0"
    box.machine.sysctl("net/ipv4/ip_forward", "1")
    net.links.plug(box.pid, [plug(1, interface="eth1", gateways=())], loopback=False)
    assert box.machine.sysctl("net/ipv4/ip_forward") == "1", "the operator's own setting stays"


def test_the_host_s_end_has_no_address_and_reflects_frames(net: Wired) -> None:
    plugged(net, 0)
    text = net.host.ip("-d addr show dev qd0000000a0")
    assert "inet" not in text
    assert "hairpin on" in text and "isolated off" in text and "quarterdeck:abc123" in text


def test_the_reflection_makes_no_address_a_duplicate(net: Wired) -> None:
    box = plugged(net, 0)
    peer = plugged(net, 1)
    peer.machine.serve("udp", 80)
    assert box.machine.ask("udp", "fd30::3", 80).startswith("box1 ")
    assert "dadfailed" not in box.machine.ip("addr show") + peer.machine.ip("addr show")
    peer.machine.stop_servers()


def test_a_bridge_is_made_again_without_harm_and_gets_the_addresses_of_today(net: Wired) -> None:
    box = plugged(net, 0)
    net.links.make_bridge(BRIDGE._replace(addresses=(ip_interface("172.31.0.1/16"), BRIDGE.addresses[1])))
    text = net.host.ip("addr show dev qd0-abc123")
    assert "172.31.0.1/16" in text and "172.30.0.1" not in text and "fd30::1/64" in text
    net.links.make_bridge(BRIDGE)
    box.machine.serve("tcp", 80)
    assert net.host.ask("tcp", "172.30.0.2", 80).split()[0] == "box0"
    box.machine.stop_servers()


def test_a_bridge_s_settings_are_what_they_were_made_after_somebody_changed_them(net: Wired) -> None:
    wanted = ("stp_state 0", "mcast_snooping 0", "no_linklocal_learn 1", "mtu 1400")
    before = net.host.ip("-d link show qd0-abc123")
    assert "forward_delay 0 " in before
    net.host.ip("link set qd0-abc123 mtu 1280 type bridge stp_state 1 mcast_snooping 1 no_linklocal_learn 0")
    net.links.make_bridge(BRIDGE)
    after = net.host.ip("-d link show qd0-abc123")
    for text in wanted:
        assert f"{text} " in before and f"{text} " in after, text


def test_a_bridge_without_ipv6_has_no_link_local_address_either(net: Wired) -> None:
    net.links.make_bridge(Bridge("qd0123456789", (ip_interface("172.29.0.1/16"),)))
    assert "inet6" not in net.host.ip("addr show dev qd0123456789")


def test_another_s_link_with_our_name_is_neither_taken_over_nor_deleted(net: Wired) -> None:
    net.host.ip("link add qd0000000a0 type bridge")
    box = net.box()
    with pytest.raises(errors.Conflict, match="qd0000000a0"):
        net.links.plug(box.pid, [plug(0)])
    for act in (net.links.delete, net.links.unplug):
        with pytest.raises(errors.Conflict, match="not of this engine"):
            act("qd0000000a0")
    with pytest.raises(errors.Conflict):
        net.links.make_bridge(BRIDGE._replace(name="qd0000000a0"))
    assert "alias" not in net.host.ip("-d link show qd0000000a0")
    assert net.kinds() == {"qd0-abc123": "bridge"}


def test_two_engines_on_one_host_know_their_own(net: Wired) -> None:
    other = Links("")
    other.make_bridge(Bridge("qd0", (ip_interface("172.28.0.1/16"),)))
    plugged(net, 0)
    assert other.own() == {"qd0": "bridge"}
    assert net.links.own() == {"qd0-abc123": "bridge", "qd0000000a0": "veth"}
    assert other.counters() == {}
    with pytest.raises(errors.Conflict):
        other.delete("qd0000000a0")


def test_what_is_gone_is_deleted_with_success(net: Wired) -> None:
    net.links.delete("qd9999999a0")
    net.links.unplug("qd9999999a0")
    net.links.delete(BRIDGE.name)
    net.links.delete(BRIDGE.name)
    assert net.kinds() == {}


def test_what_nobody_claims_is_swept_and_nothing_of_others(net: Wired) -> None:
    boxes = [plugged(net, number) for number in range(3)]
    Links("").make_bridge(Bridge("qd0", ()))
    net.host.ip("link add mine type bridge")
    assert net.links.sweep({BRIDGE.name, "qd0000001a0"}) == ["qd0000000a0", "qd0000002a0"]
    assert [len(box.machine.links()) for box in boxes] == [1, 2, 1]
    assert net.host.links() >= {"qd0", "mine", BRIDGE.name, "qd0000001a0"}


def test_unplugging_takes_both_ends(net: Wired) -> None:
    box = plugged(net, 0)
    net.links.unplug("qd0000000a0")
    assert box.machine.links() == {"lo"}
    assert net.kinds() == {BRIDGE.name: "bridge"}


def test_a_running_container_is_given_one_more_interface_and_another_way_out(net: Wired) -> None:
    box = plugged(net, 0)
    second = plug(1, interface="eth1", gateways=())
    net.links.plug(box.pid, [second], loopback=False)
    assert box.machine.links() == {"lo", "eth0", "eth1"}
    net.links.unplug("qd0000000a0")
    assert box.machine.ip("route show default") == ""
    net.links.reroute(box.pid, second._replace(gateways=("172.30.0.1", "fd30::1")))
    assert "dev eth1" in box.machine.ip("route show default")
    assert "dev eth1" in box.machine.ip("-6 route show default")


def test_loopback_alone_comes_up_without_any_network(net: Wired) -> None:
    boxes = [net.box() for _ in range(3)]
    net.links.plug(boxes[0].pid, [])
    loopback.loopback_up(boxes[1].pid)
    states = [box.machine.ip("-br link show dev lo").split()[1] for box in boxes]
    assert states == ["UNKNOWN", "UNKNOWN", "DOWN"]


def test_the_next_run_has_the_same_address_while_the_last_one_s_link_may_still_be_there(net: Wired) -> None:
    first = plugged(net, 0)
    second = plugged(net, 0, run="b")
    end(first.pid)
    second.machine.serve("tcp", 80)
    net.links.unplug("qd0000000a0")
    assert net.host.ask("tcp", "172.30.0.2", 80).startswith("box0 ")
    second.machine.stop_servers()


def test_links_go_with_the_container_that_they_belong_to(net: Wired) -> None:
    pid = net.process()
    net.links.plug(pid, [plug(0)])
    assert len(net.kinds()) == 2
    end(pid)
    waiting.until(lambda: net.kinds() == {BRIDGE.name: "bridge"}, "the kernel to remove the pair", show=net.kinds)


def test_a_missing_bridge_is_named(net: Wired) -> None:
    box = net.box()
    with pytest.raises(errors.NotFound, match="nobridge"):
        net.links.plug(box.pid, [plug(0, bridge="nobridge")])
    assert box.machine.links() == {"lo"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"addresses": (ip_interface("127.0.0.1/8"), ip_interface("ff02::1/64"))},
        {"gateways": ("10.99.0.1",)},
        {"mtu": 10},
        {"mac": "01:00:00:00:00:01"},
        {"link": "a/b"},
        {"interface": ".."},
    ],
)
def test_after_any_failure_nothing_of_it_is_left(net: Wired, wrong: dict[str, object]) -> None:
    box = net.box()
    good = plug(0, bits_out_of=1_000_000)
    with pytest.raises(OSError, match="netlink: could not"):
        net.links.plug(box.pid, [good, plug(1, **({"interface": "eth1"} | wrong))])  # type: ignore[arg-type]
    assert net.kinds() == {BRIDGE.name: "bridge"}
    assert box.machine.links() == {"lo"}
    net.links.plug(box.pid, [good])


def test_each_send_may_fail_and_nothing_is_left(net: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    box = net.box()
    wanted = [plug(0, bits_into=1_000_000, bits_out_of=1_000_000), plug(1, interface="eth1", gateways=())]
    send = Transport.send
    for failing in range(20):
        calls = 0

        def fail(transport: Transport, requests: object, failing: int = failing) -> None:
            nonlocal calls
            calls += 1
            if calls == failing + 1:
                raise OSError(errno.EIO, "netlink: made to fail")
            send(transport, requests)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(Transport, "send", fail)
            try:
                net.links.plug(box.pid, wanted)
            except OSError as error:
                assert error.errno == errno.EIO
            else:
                break
        assert net.kinds() == {BRIDGE.name: "bridge"}, failing
        assert box.machine.links() == {"lo"}, failing
    assert failing >= 4, "the undo was tried after every send"
    assert len(box.machine.links()) == 3


def test_a_crash_leaves_no_link_that_is_not_known(net: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    box = net.box()
    send = Transport.send
    for deaths in range(8):
        pid = os.fork()
        if not pid:
            _plug_and_die(net, box, deaths, send)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        names = net.host.links() - {"lo"}
        assert names == net.kinds().keys(), "every link has the mark by which it is found"
        for name in names - {BRIDGE.name}:
            net.links.delete(name)
        if status == 0:
            break
    assert status == 0 and deaths >= 3
    assert box.machine.links() == {"lo"}


def _plug_and_die(net: Wired, box: Box, deaths: int, send: object) -> None:
    """In a child: end without any undo after so many sends."""
    calls = 0

    def counted(transport: Transport, requests: object) -> None:
        nonlocal calls
        send(transport, requests)  # type: ignore[operator]
        if (calls := calls + 1) > deaths:
            os._exit(1)

    Transport.send = counted  # type: ignore[assignment, method-assign]
    try:
        net.links.plug(box.pid, [plug(0, bits_into=1_000_000, bits_out_of=1_000_000)])
    finally:
        os._exit(0)


def test_two_hundred_containers_are_plugged_listed_and_counted(net: Wired) -> None:
    boxes = [net.box() for _ in range(200)]
    for number, box in enumerate(boxes):
        net.links.plug(box.pid, [plug(number, ipv6=number % 2 == 0)])
    assert sum(kind == "veth" for kind in net.kinds().values()) == 200
    assert len(net.links.counters()) == 200
    boxes[199].machine.serve("tcp", 80)
    assert boxes[0].machine.ask("tcp", "172.30.0.201", 80).startswith("box ")
    boxes[199].machine.stop_servers()


def test_a_container_s_counters_are_its_own_view(net: Wired) -> None:
    box = plugged(net, 0, ipv6=False)
    assert net.links.counters()["qd0000000a0"].rx_errors == 0
    with net.host.enter():
        sock = net.host.socket(2, 2)
    before = net.links.counters()["qd0000000a0"]
    with sock:
        for _ in range(50):
            sock.sendto(bytes(1000), ("172.30.0.2", 9))
    after = net.links.counters()["qd0000000a0"]
    assert after.rx_packets - before.rx_packets >= 50
    assert after.rx_bytes - before.rx_bytes >= 50_000
    assert after.tx_bytes - before.tx_bytes < 50_000

    def inside_says_the_same() -> bool:
        """Once nothing comes any more: the kernel sends a word of its own now and then."""
        inside = box.machine.run("cat", "/proc/net/dev").split("eth0:")[1].split()
        return int(inside[0]) == net.links.counters()["qd0000000a0"].rx_bytes

    waiting.until(inside_says_the_same, "both ends to say the same")


def test_counters_of_a_new_link_are_not_those_of_one_that_is_gone(net: Wired) -> None:
    plugged(net, 0)
    assert list(net.links.counters()) == ["qd0000000a0"]
    net.links.unplug("qd0000000a0")
    plugged(net, 1)
    assert list(net.links.counters()) == ["qd0000001a0"]


def test_the_subnets_of_routes_and_addresses_are_taken_and_a_default_route_is_none(net: Wired) -> None:
    net.host.ip("link set lo up")
    net.host.ip("route add 10.50.0.0/16 via 172.30.0.9")
    net.host.ip("route add default via 172.30.0.9")
    net.host.ip("route add blackhole 10.60.0.0/16")
    net.host.ip("route add 10.70.0.0/16 via 172.30.0.9 table 77")
    found = routes.taken()
    wanted = "172.30.0.0/16 10.50.0.0/16 10.60.0.0/16 10.70.0.0/16 fd30::/64"
    assert {ip_network(text) for text in wanted.split()} <= set(found)
    assert all(subnet.prefixlen for subnet in found)


def test_the_uplink_is_the_link_of_the_default_route(net: Wired) -> None:
    assert routes.uplink() == ("", 1500)
    net.host.ip("-6 route add default via fd30::9")
    assert routes.uplink() == (BRIDGE.name, 1400)
    net.host.ip("link add up0 mtu 1300 type bridge")
    net.host.ip("link set up0 up")
    net.host.ip("address add 10.9.0.1/24 dev up0")
    net.host.ip("route add default via 10.9.0.2")
    assert routes.uplink() == ("up0", 1300)


@pytest.mark.cgroup2
def test_a_macvlan_has_its_address_on_the_parent_s_network(net: Wired) -> None:
    box = net.box()
    wanted = plug(0, kind="macvlan", bridge="", parent=BRIDGE.name)
    net.links.plug(box.pid, [wanted])
    assert "macvlan mode bridge" in box.machine.ip("-d link show dev eth0")
    assert net.kinds() == {BRIDGE.name: "bridge"}, "the host never has it"
    neighbour = plugged(net, 1)
    neighbour.machine.serve("tcp", 80)
    assert box.machine.ask("tcp", "172.30.0.3", 80).startswith("box1 ")
    neighbour.machine.stop_servers()
    net.links.unplug_inside(box.pid, "eth0")
    net.links.unplug_inside(box.pid, "eth0")
    assert box.machine.links() == {"lo"}


def test_a_macvlan_that_fails_is_removed_from_within(net: Wired) -> None:
    box = net.box()
    wanted = plug(0, kind="macvlan", bridge="", parent=BRIDGE.name, gateways=("10.99.0.1",))
    with pytest.raises(Refused):
        net.links.plug(box.pid, [wanted])
    assert box.machine.links() == {"lo"}


def test_a_driver_that_the_kernel_lacks_is_an_error_in_words(net: Wired) -> None:
    box = net.box()
    wanted = plug(0, kind="ipvlan", mode="l3", bridge="", parent=BRIDGE.name, gateways=())
    try:
        net.links.plug(box.pid, [wanted])
    except errors.MissingFeature as missing:
        assert "ipvlan" in missing.message and "modprobe ipvlan" in missing.hint
        assert box.machine.links() == {"lo"}
    else:
        assert "ipvlan" in box.machine.ip("-d link show dev eth0")


def test_a_link_that_is_asked_for_by_name_is_not_there(net: Wired) -> None:
    with Transport() as transport, pytest.raises(Refused) as caught:
        transport.send([linkmessages.delete(9999, "nothing"), inside.loopback()])
    assert caught.value.failures == {0}

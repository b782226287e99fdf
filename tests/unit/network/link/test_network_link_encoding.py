"""Messages of ours are what pyroute2 reads in them, and hostile bytes are read without harm."""

import errno
import struct
from ipaddress import ip_interface
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg
from pyroute2.netlink.rtnl.tcmsg import tcmsg

from engine import errors
from engine.network.link import addressmessages, counters, encoding, linkmessages, lookups, numbers, shaping
from engine.network.link.encoding import Request
from engine.network.link.transport import Refused
from engine.network.values import Plug

PLUG = Plug(
    link="qd1234567a0",
    interface="eth0",
    mac="02:42:ac:11:00:02",
    addresses=(ip_interface("172.17.0.2/16"),),
    gateways=("172.17.0.1",),
    mtu=1400,
    bridge="qd0",
)


def read(kind: Any, request: Request) -> Any:
    """The message as pyroute2 understands it."""
    message = kind(request.encoded(numbers.NLM_F_REQUEST, 7))
    message.decode()
    assert message["header"]["type"] == request.kind
    assert message["header"]["length"] == len(request.body) + encoding.HEADER.size
    return message


def test_a_pair_is_made_as_it_was_asked_for() -> None:
    message = read(ifinfmsg, linkmessages.make_veth(PLUG, "", 5, 9))
    assert message.get_attr("IFLA_IFNAME") == "qd1234567a0"
    assert message.get_attr("IFLA_MASTER") == 5
    assert message.get_attr("IFLA_MTU") == 1400
    info = message.get_attr("IFLA_LINKINFO")
    assert info.get_attr("IFLA_INFO_KIND") == "veth"
    peer = info.get_attr("IFLA_INFO_DATA").get_attr("VETH_INFO_PEER")
    assert peer.get_attr("IFLA_IFNAME") == "eth0"
    assert peer.get_attr("IFLA_ADDRESS") == "02:42:ac:11:00:02"
    assert peer.get_attr("IFLA_NET_NS_FD") == 9


def test_the_host_s_end_gets_its_mark_hairpin_and_no_address_of_its_own() -> None:
    message = read(ifinfmsg, linkmessages.set_veth("qd1234567a0", "quarterdeck:", has_ipv6=True))
    assert message.get_attr("IFLA_IFALIAS") == "quarterdeck:"
    assert message["flags"] & message["change"] & numbers.IFF_UP
    slave = message.get_attr("IFLA_LINKINFO").get_attr("IFLA_INFO_SLAVE_DATA")
    assert slave.get_attr("IFLA_BRPORT_MODE") == 1
    mode = message.get_nested("IFLA_AF_SPEC", "AF_INET6", "IFLA_INET6_ADDR_GEN_MODE")
    assert mode == numbers.IN6_ADDR_GEN_MODE_NONE


def test_a_kernel_without_ipv6_is_not_told_of_it() -> None:
    message = read(ifinfmsg, linkmessages.set_veth("qd1234567a0", "quarterdeck:", has_ipv6=False))
    assert message.get_attr("IFLA_AF_SPEC") is None


def test_a_bridge_has_neither_spanning_tree_nor_snooping() -> None:
    data = read(ifinfmsg, linkmessages.set_bridge("qd0", "quarterdeck:", 1500, True)).get_nested(
        "IFLA_LINKINFO", "IFLA_INFO_DATA"
    )
    assert data.get_attr("IFLA_BR_STP_STATE") == 0
    assert data.get_attr("IFLA_BR_MCAST_SNOOPING") == 0


@pytest.mark.parametrize(("mode", "number"), [("", 4), ("bridge", 4), ("private", 1), ("vepa", 2), ("passthru", 8)])
def test_a_macvlan_has_the_mode_that_was_asked_for(mode: str, number: int) -> None:
    plug = PLUG._replace(kind="macvlan", parent="uplink", mode=mode)
    info = read(ifinfmsg, linkmessages.make_child(plug, 3, 9)).get_attr("IFLA_LINKINFO")
    assert struct.unpack("=I", bytes.fromhex(_raw_mode(info)))[0] == number


def _raw_mode(info: Any) -> str:
    """The library has names for modes; the number is what the kernel sees."""
    value = info.get_attr("IFLA_INFO_DATA").get_attr("IFLA_MACVLAN_MODE")
    names = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}
    return struct.pack("=I", names.get(value, value)).hex()


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(errors.InvalidInput, match="l2"):
        linkmessages.make_child(PLUG._replace(kind="macvlan", mode="l2"), 3, 9)


@pytest.mark.parametrize("text", ["172.17.0.2/16", "10.0.0.1/31", "fd00::2/64", "fe80::1/64"])
def test_an_address_is_given_with_its_prefix(text: str) -> None:
    wanted = ip_interface(text)
    request = addressmessages.add(wanted, 3)
    message = read(ifaddrmsg, request)
    assert (message["index"], message["prefixlen"]) == (3, wanted.network.prefixlen)
    assert message.get_attr("IFA_LOCAL") == str(wanted.ip)
    assert bool(message["flags"] & numbers.IFA_F_NODAD) == (wanted.version == 6)
    assert addressmessages.parse(request.body, 3) == wanted
    assert addressmessages.parse(request.body, 4) is None


def test_the_broadcast_address_is_that_of_the_subnet_where_there_is_one() -> None:
    wide, pair = (addressmessages.add(ip_interface(text), 1) for text in ("172.17.0.2/16", "10.0.0.1/31"))
    assert read(ifaddrmsg, wide).get_attr("IFA_BROADCAST") == "172.17.255.255"
    assert read(ifaddrmsg, pair).get_attr("IFA_BROADCAST") is None


@pytest.mark.parametrize("gateway", ["172.17.0.1", "fd00::1"])
def test_a_default_route_is_one_of_the_gateway_s_family(gateway: str) -> None:
    message = read(rtmsg, addressmessages.default_route(gateway, 3))
    assert message["dst_len"] == 0
    assert (message.get_attr("RTA_GATEWAY"), message.get_attr("RTA_OIF")) == (gateway, 3)


@pytest.mark.parametrize("bits", [1, 8_000, 10_000_000, 40_000_000_000])
def test_a_bucket_always_holds_a_packet_and_queues_some(bits: int) -> None:
    message = read(tcmsg, shaping.bucket(3, bits, 1500))
    assert message.get_attr("TCA_KIND") == "tbf"
    parameters = message.get_attr("TCA_OPTIONS").get_attr("TCA_TBF_PARMS")
    assert parameters["rate"] == min(max(1, bits // 8), 0xFFFF_FFFF)
    options = encoding.attributes(shaping.bucket(3, bits, 1500).body, 20)[numbers.TCA_OPTIONS]
    burst = encoding.u32_of(encoding.attributes(options)[numbers.TCA_TBF_BURST])
    assert 1514 <= burst < parameters["limit"] <= 0xFFFF_FFFF


def test_what_comes_in_is_redirected_whatever_it_is() -> None:
    message = read(tcmsg, shaping.through(3, 4))
    assert (message["index"], message["parent"]) == (3, numbers.TC_INGRESS_HANDLE)
    action = message.get_attr("TCA_OPTIONS").get_attr("TCA_U32_ACT").get_attr("TCA_ACT_PRIO_1")
    assert action.get_attr("TCA_ACT_KIND") == "mirred"
    parameters = action.get_attr("TCA_ACT_OPTIONS").get_attr("TCA_MIRRED_PARMS")
    assert (parameters["eaction"], parameters["ifindex"]) == (numbers.TCA_EGRESS_REDIR, 4)


def test_the_link_local_address_is_the_one_of_the_standard() -> None:
    """RFC 2464, section 4."""
    assert str(addressmessages.link_local("34:56:78:9a:bc:de")) == "fe80::3656:78ff:fe9a:bcde/64"


def test_a_link_of_the_host_has_the_same_hardware_address_each_time_and_another_engine_s_has_not() -> None:
    first = linkmessages.stable_mac("", "qd0")
    assert first == linkmessages.stable_mac("", "qd0") != linkmessages.stable_mac("abc123", "qd0")
    assert int(first[:2], 16) & 0x03 == 0x02, "unicast, locally administered"


def test_the_link_of_a_limit_has_a_name_as_long_as_the_one_that_it_belongs_to() -> None:
    assert shaping.ifb_name("qd1234567a0") == "qi1234567a0"


def test_a_container_received_what_the_host_s_end_sent() -> None:
    value = struct.pack("=8Q", 1, 2, 3, 4, 5, 6, 7, 8)
    body = struct.pack("=BxxxII", 0, 3, 1) + encoding.attribute(numbers.IFLA_STATS_LINK_64, value)
    assert counters.swapped(body) == counters.Counters(
        rx_packets=2, tx_packets=1, rx_bytes=4, tx_bytes=3, rx_errors=6, tx_errors=5, rx_drops=8, tx_drops=7
    )


def test_missing_counters_are_zeros() -> None:
    assert set(counters.swapped(struct.pack("=BxxxII", 0, 3, 1))) == {0}


def test_a_refusal_says_which_request_and_why() -> None:
    requests = [linkmessages.up(1), linkmessages.make_bridge("qd0", "")]
    refused = Refused({1: (errno.EEXIST, "name not unique")}, requests)
    assert str(refused) == "[Errno 17] netlink: could not make the bridge qd0: File exists (name not unique)"
    assert (refused.errno, refused.failures) == (errno.EEXIST, {1})


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_messages_and_attributes(data: bytes) -> None:
    total = sum(len(body) + encoding.HEADER.size for _kind, _flags, _sequence, body in encoding.messages(data))
    assert total <= len(data)
    assert all(number <= 0x3FFF for number in encoding.attributes(data))


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=40)), unique_by=lambda pair: pair[0]))
def test_attributes_come_back_as_they_were(pairs: list[tuple[int, bytes]]) -> None:
    data = b"".join(encoding.attribute(number, value) for number, value in pairs)
    assert len(data) % 4 == 0
    assert encoding.attributes(data) == dict(pairs)


@given(st.binary(min_size=16, max_size=200))
def test_any_description_of_a_link_is_read(body: bytes) -> None:
    assert lookups.parse(body).name.count("\0") == 0

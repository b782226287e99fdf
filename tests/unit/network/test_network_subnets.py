"""Which subnets a network may have, and which is chosen where none is named."""

from ipaddress import IPv4Network, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Conflict, InvalidInput
from engine.network import subnets
from engine.network.subnets import Subnet, check_subnet, choose_subnet, choose_subnet6, clash, parse_subnet


def nets(*texts: str) -> list[Subnet]:
    return [ip_network(text) for text in texts]


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ((), "172.17.0.0/16"),
        (("0.0.0.0/0", "::/0"), "172.17.0.0/16"),
        (("0.0.0.0/1", "128.0.0.0/1"), "172.17.0.0/16"),
        (("172.17.0.0/16",), "172.18.0.0/16"),
        (("172.17.255.255/32", "172.18.3.0/24"), "172.19.0.0/16"),
        (("172.16.0.0/12",), "192.168.0.0/20"),
        (("172.16.0.0/12", "192.168.1.0/24"), "192.168.16.0/20"),
        (("172.16.0.0/12", "192.168.0.0/16"), "10.0.0.0/20"),
        (("172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/9", "10.128.0.0/19"), "10.128.32.0/20"),
    ],
)
def test_the_first_subnet_that_is_free_is_chosen(taken: tuple[str, ...], expected: str) -> None:
    assert str(choose_subnet(nets(*taken))) == expected


def test_where_every_private_subnet_is_taken_that_is_said() -> None:
    with pytest.raises(Conflict, match="no private subnet") as caught:
        choose_subnet(nets("172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8"))
    assert "--subnet" in caught.value.hint


BLOCKS = st.tuples(
    st.sampled_from(["172.16.0.0", "192.168.0.0", "10.0.0.0"]), st.integers(0, 1 << 20), st.integers(12, 32)
).map(lambda three: ip_network((int(ip_address(three[0])) + three[1], three[2]), strict=False))


@settings(max_examples=200)
@given(st.lists(BLOCKS, max_size=30))
def test_what_is_chosen_overlaps_nothing_taken_and_is_the_first_such(taken: list[IPv4Network]) -> None:
    found = choose_subnet(taken)
    assert clash(found, taken) is None
    for block, prefix in subnets.DEFAULT_POOL:
        for candidate in block.subnets(new_prefix=prefix):
            if candidate == found:
                return
            assert clash(candidate, taken) is not None
    raise AssertionError(f"{found} is not of the pool")


def test_an_ipv6_subnet_is_local_random_and_always_the_same_for_one_seed() -> None:
    found = choose_subnet6(b"a")
    assert found == choose_subnet6(b"a") != choose_subnet6(b"b")
    assert found.prefixlen == 64
    assert found.subnet_of(ip_network("fd00::/8"))  # type: ignore[arg-type]
    assert choose_subnet6(b"a", [found]) != found


@pytest.mark.parametrize("text", ["172.30.0.0/16", "10.0.0.0/8", "203.0.113.0/24", "192.0.2.4/30", "fd12::/64"])
def test_a_subnet_is_read_and_allowed(text: str) -> None:
    assert str(check_subnet(parse_subnet(text))) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "172.30.0.0",
        "172.30.0.0/",
        "172.30.0.0/33",
        "172.30.0.0/255.255.0.0",
        "172.30.0/16",
        "172.30.0.0/16 ",
        "172.30.0.0/1\uff16",
        "1" * 5000 + "/8",
        "fd00::/129",
        "fe80::%eth0/64",
        "::ffff:1.2.3.4.5/96",
        "a/b",
    ],
)
def test_what_is_no_subnet_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_subnet(text)
    assert caught.value.hint
    assert len(caught.value.message) < 200


def test_a_subnet_with_bits_of_a_host_names_what_may_be_meant() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_subnet("172.30.4.5/16")
    assert "172.30.0.0/16" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.0/16",
        "0.0.0.0/8",
        "224.0.0.0/8",
        "240.0.0.0/8",
        "169.254.0.0/16",
        "10.0.0.0/7",
        "0.0.0.0/0",
        "10.0.0.0/31",
        "10.0.0.0/32",
        "::/0",
        "::1/128",
        "::ffff:0:0/96",
        "fe80::/64",
        "ff00::/16",
        "fd00::/127",
        "fc00::/7",
    ],
)
def test_what_containers_cannot_have_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        check_subnet(parse_subnet(text))

"""Who is called what."""

import pytest

from engine.network.dns.zone import Names, Union, address_of

WEB = "aaaabbbbcccc" + "0" * 52
DB = "ddddeeeeffff" + "0" * 52


@pytest.fixture
def names() -> Names:
    names = Names()
    names.set(WEB, ["Web", "site"], ["172.18.0.2", "fd00:0::2"])
    names.set(DB, ["db", "site"], ["172.18.0.3"])
    return names


def test_a_container_is_found_by_its_name_its_aliases_and_its_short_id_in_lower_case(names: Names) -> None:
    for name in ("web", "aaaabbbbcccc"):
        assert names.addresses(name) == ["172.18.0.2", "fd00::2"]
    assert names.addresses(WEB) is None
    assert names.addresses("elsewhere") is None


def test_an_alias_of_several_containers_has_the_addresses_of_each(names: Names) -> None:
    assert names.addresses("site") == ["172.18.0.2", "fd00::2", "172.18.0.3"]


def test_an_address_has_the_name_of_its_container(names: Names) -> None:
    assert names.name_of("172.18.0.3") == "db"
    assert names.name_of("fd00::2") == "web"
    assert names.name_of("172.18.0.4") is None


def test_what_is_dropped_is_not_ours_any_more_and_nothing_else(names: Names) -> None:
    names.drop(WEB)
    names.drop(WEB)
    assert names.addresses("web") is None
    assert names.addresses("site") == ["172.18.0.3"]
    assert names.name_of("172.18.0.2") is None


def test_what_is_said_anew_replaces_what_was_said(names: Names) -> None:
    names.set(WEB, ["www"], ["172.18.0.9"])
    assert names.addresses("web") is None
    assert names.addresses("www") == ["172.18.0.9"]
    assert names.name_of("172.18.0.2") is None


def test_who_has_an_address_after_another_keeps_it_when_that_one_goes(names: Names) -> None:
    names.set(DB, ["db"], ["172.18.0.2"])
    names.drop(WEB)
    assert names.name_of("172.18.0.2") == "db"


def test_a_container_without_an_address_has_a_name_all_the_same(names: Names) -> None:
    names.set(WEB, ["web"], [])
    assert names.addresses("web") == []


def test_on_several_networks_all_of_them_are_seen(names: Names) -> None:
    other = Names()
    other.set(WEB, ["web"], ["10.0.0.2", "172.18.0.2"])
    other.set("9" * 64, ["mail"], ["10.0.0.3"])
    both = Union([names, other])
    assert both.addresses("web") == ["172.18.0.2", "fd00::2", "10.0.0.2"]
    assert both.addresses("mail") == ["10.0.0.3"]
    assert both.addresses("nobody") is None
    assert both.name_of("10.0.0.3") == "mail"
    assert both.name_of("10.9.9.9") is None
    both.zones = (names,)
    assert both.addresses("mail") is None


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("4.3.2.1.in-addr.arpa", "1.2.3.4"),
        (f"{'2' + '.0' * 29}.d.f.ip6.arpa", "fd00::2"),
        ("3.2.1.in-addr.arpa", None),
        ("5.4.3.2.1.in-addr.arpa", None),
        ("256.3.2.1.in-addr.arpa", None),
        ("04.3.2.1.in-addr.arpa", None),
        ("-1.3.2.1.in-addr.arpa", None),
        ("in-addr.arpa", None),
        (f"{'_' + '.0' * 29}.d.f.ip6.arpa", None),
        (f"{'2' + '.0' * 28}.d.f.ip6.arpa", None),
        ("ip6.arpa", None),
        ("web", None),
        ("", None),
    ],
)
def test_a_reverse_name_is_that_of_one_address_or_of_none(name: str, address: str | None) -> None:
    assert address_of(name) == address

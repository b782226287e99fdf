"""What questions about names of ours are answered."""

import pytest
from support import dns_messages as dns

from engine.network.dns import answering, message
from engine.network.dns.zone import Names


@pytest.fixture
def names() -> Names:
    names = Names()
    names.set("a" * 64, ["web", "site"], ["172.18.0.2", "fd00::2"])
    names.set("b" * 64, ["db", "site"], ["172.18.0.3"])
    return names


def values(names: Names, name: str, kind: int) -> list[str] | None:
    query = message.parse(dns.query(name, kind))
    records = answering.records(query, names)
    return None if records is None else dns.read(message.answer(query, records, 4096)).values


def test_each_family_is_answered_by_itself(names: Names) -> None:
    assert values(names, "web", dns.A) == ["172.18.0.2"]
    assert values(names, "wEB", dns.AAAA) == ["fd00::2"]


def test_a_name_of_ours_without_what_is_asked_for_has_nothing_and_is_never_asked_elsewhere(names: Names) -> None:
    assert values(names, "db", dns.AAAA) == []
    for kind in (dns.MX, dns.TXT, dns.SOA, dns.NS, dns.CNAME, dns.PTR, 33, 65):
        assert values(names, "web", kind) == []


def test_any_is_answered_with_one_kind(names: Names) -> None:
    assert values(names, "web", dns.ANY) == ["172.18.0.2"]
    names.set("c" * 64, ["six"], ["fd00::9"])
    assert values(names, "six", dns.ANY) == ["fd00::9"]
    names.set("c" * 64, ["six"], [])
    assert values(names, "six", dns.ANY) == []


def test_an_alias_of_several_is_answered_in_changing_order(names: Names) -> None:
    seen = {tuple(values(names, "site", dns.A) or ()) for _ in range(100)}
    assert seen == {("172.18.0.2", "172.18.0.3"), ("172.18.0.3", "172.18.0.2")}


def test_addresses_of_ours_have_names_and_others_are_asked_elsewhere(names: Names) -> None:
    assert values(names, "2.0.18.172.in-addr.arpa", dns.PTR) == ["web"]
    assert values(names, f"2{'.0' * 29}.D.F.IP6.ARPA", dns.PTR) == ["web"]
    assert values(names, "2.0.18.172.in-addr.arpa", dns.A) == []
    assert values(names, "9.0.18.172.in-addr.arpa", dns.PTR) is None


def test_other_names_are_asked_elsewhere(names: Names) -> None:
    for name in ("web.example.org", "example.org", "webb", "we", "", "web\\046x"):
        assert values(names, name, dns.A) is None


def test_a_name_that_no_host_can_have_is_kept_to_ourselves(names: Names) -> None:
    names.set("c" * 64, ["x" * 64], ["172.18.0.4"])
    assert values(names, "4.0.18.172.in-addr.arpa", dns.PTR) == []


@pytest.mark.parametrize(
    ("query", "rcode"),
    [
        (dns.query("version.bind", dns.TXT, category=dns.CHAOS), message.REFUSED),
        (dns.query("web", category=255), message.REFUSED),
        (dns.query("web", dns.AXFR), message.REFUSED),
        (dns.query("web", dns.IXFR), message.REFUSED),
        (dns.query("web", edns=1232, version=1), message.BADVERS),
        (dns.query("web", edns=1232), None),
    ],
)
def test_what_is_neither_answered_nor_passed_on_is_refused(query: bytes, rcode: int | None) -> None:
    assert answering.refusal(message.parse(query)) == rcode

"""resolv.conf, read and written."""

import os
from pathlib import Path

import pytest

from engine.network.dns import configuration
from engine.network.dns.configuration import Configuration, Host, parse, text, with_own_options

RESOLVED = """# This is /run/systemd/resolve/stub-resolv.conf managed by man:systemd-resolved(8).

nameserver 127.0.0.53
options edns0 trust-ad
search lan example.org
"""


def test_a_file_of_systemd_resolved_is_read() -> None:
    found = parse(RESOLVED)
    assert found == Configuration(("127.0.0.53",), ("lan", "example.org"), ("edns0", "trust-ad"))
    assert found.reachable == ()


def test_name_servers_are_addresses_three_at_most_and_each_once() -> None:
    lines = [
        "10.0.0.1",
        "10.0.0.1",
        "ns.example",
        "fe80::1%eth0",
        "",
        "300.1.1.1",
        "ff02::1",
        "2001:db8::1",
        "10.0.0.2",
    ]
    found = parse("\n".join(f"nameserver {line}" for line in lines))
    assert found.nameservers == ("10.0.0.1", "fe80::1%eth0", "2001:db8::1")
    assert found.reachable == ("10.0.0.1", "2001:db8::1")


def test_the_last_search_or_domain_counts() -> None:
    assert parse("search a b\ndomain c\n").search == ("c",)
    assert parse("domain c\nsearch a b\n").search == ("a", "b")
    assert parse("search a\nsearch\n").search == ()


def test_what_is_not_understood_is_passed_over() -> None:
    assert parse("; nameserver 1.1.1.1\n#x\nsortlist 1.2.3.4\nnameserver\n  \nsearch \x1b[2J é ok\n") == Configuration(
        (), ("ok",), ()
    )


@pytest.mark.parametrize(
    ("address", "is_private"),
    [
        ("127.0.0.53", True),
        ("::1", True),
        ("0.0.0.0", True),
        ("::ffff:127.0.0.1", True),
        ("fe80::1%eth0", True),
        ("10.0.0.1", False),
        ("fd00::1", False),
    ],
)
def test_an_address_of_the_host_alone_is_known(address: str, is_private: bool) -> None:
    assert configuration.is_private_to_host(address) == is_private


def test_what_is_written_is_read_back() -> None:
    said = Configuration(("127.0.0.11",), ("lan",), ("ndots:0",))
    assert parse(text(*said)) == said
    assert text(["10.0.0.1"]) == "nameserver 10.0.0.1\n"


def test_our_resolver_is_asked_for_a_name_as_it_is_unless_an_operator_says_otherwise() -> None:
    assert with_own_options(["rotate"]) == ("rotate", "ndots:0")
    assert with_own_options(["ndots:2"]) == ("ndots:2",)


def test_the_hosts_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    host = Host(str(path))
    assert host.nameservers() == ("127.0.0.1",)
    path.write_text("nameserver 10.0.0.1\n")
    assert host.nameservers() == ("10.0.0.1",)
    path.write_text("nameserver 10.0.0.2\n")
    os.utime(path, ns=(1, 1))
    assert host.nameservers() == ("10.0.0.2",)
    other = tmp_path / "new"
    other.write_text("nameserver 10.0.0.3\n")
    os.utime(other, ns=(1, 1))
    other.rename(path)
    assert host.nameservers() == ("10.0.0.3",)
    path.unlink()
    assert host.configuration() == Configuration()


def test_a_file_that_is_no_file_or_too_long_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "long").write_text("nameserver 10.0.0.1\n" * 10_000)
    (tmp_path / "bytes").write_bytes(b"\xff\nnameserver 10.0.0.1\n")
    assert configuration.read(str(tmp_path / "long")) == Configuration()
    assert configuration.read(str(tmp_path)) == Configuration()
    assert configuration.read(str(tmp_path / "bytes")).nameservers == ("10.0.0.1",)

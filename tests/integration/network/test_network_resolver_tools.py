"""The programs that people use ask the resolver of a container."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import name_servers as servers
from support.resolving import Box, Side

from engine.network.dns import configuration
from engine.network.dns.sockets import ADDRESS

pytestmark = [pytest.mark.root, pytest.mark.requires("unshare", "ip")]


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    box = Box()
    for address in ("172.18.0.9/16", "fd00::9/64"):  # the library of C does not ask in a family that has none
        assert box.run("ip", "address", "add", address, "dev", "lo").returncode == 0
    side = Side([box])
    yield box
    side.close()
    box.close()


@pytest.fixture
def resolv_conf(tmp_path: Path) -> Path:
    path = tmp_path / "resolv.conf"
    path.write_text(configuration.text([ADDRESS], ["lan.example"], configuration.with_own_options(())))
    return path


@pytest.mark.requires("getent")
class TestLibraryOfC:
    """getent asks as every program does that is linked with it."""

    def test_a_name_has_its_addresses(self, box: Box, resolv_conf: Path) -> None:
        found = box.run("getent", "ahostsv4", "web", resolv_conf=resolv_conf)
        assert found.stdout.startswith("172.18.0.2 "), found
        found = box.run("getent", "ahostsv6", "web", resolv_conf=resolv_conf)
        assert found.stdout.startswith("fd00::2 "), found

    def test_a_name_without_ipv6_has_its_other_address(self, box: Box, resolv_conf: Path) -> None:
        found = box.run("getent", "hosts", "db", resolv_conf=resolv_conf)
        assert found.stdout.split() == ["172.18.0.3", "db"], found

    def test_an_address_has_its_name(self, box: Box, resolv_conf: Path) -> None:
        for address in ("172.18.0.2", "fd00::2"):
            found = box.run("getent", "hosts", address, resolv_conf=resolv_conf)
            assert found.stdout.split() == [address, "web"], found

    def test_another_name_is_asked_elsewhere(self, box: Box, resolv_conf: Path) -> None:
        found = box.run("getent", "ahostsv4", "www.example.org", resolv_conf=resolv_conf)
        assert found.stdout.startswith(f"{servers.ELSEWHERE} "), found

    def test_a_long_answer_is_had_by_tcp(self, box: Box, resolv_conf: Path) -> None:
        found = box.run("getent", "ahostsv4", "many.example", resolv_conf=resolv_conf)
        assert found.stdout.startswith(f"{servers.ELSEWHERE} "), found


@pytest.mark.requires("busybox")
def test_busybox_finds_names_and_addresses(box: Box, resolv_conf: Path) -> None:
    found = box.run("busybox", "nslookup", "web", ADDRESS, resolv_conf=resolv_conf)
    assert {"172.18.0.2", "fd00::2"} <= set(found.stdout.split()), found
    found = box.run("busybox", "nslookup", "172.18.0.2", resolv_conf=resolv_conf)
    assert "web" in found.stdout, found


@pytest.mark.requires("dig")
@pytest.mark.parametrize("way", ["+notcp", "+tcp", "+noedns", "+bufsize=512", "+dnssec", "+cookie", "+nsid"])
def test_dig_is_content_by_every_way(box: Box, way: str) -> None:
    for words, value in ((["web"], "172.18.0.2"), (["-x", "fd00::2"], "web."), (["example.org"], servers.ELSEWHERE)):
        found = box.run("dig", f"@{ADDRESS}", way, "+tries=1", *words)
        assert found.returncode == 0, found
        assert "status: NOERROR" in found.stdout, found
        assert value in found.stdout.split(), found
        assert "WARNING" not in found.stdout, found
        assert "malformed" not in found.stdout, found


@pytest.mark.requires("dig")
def test_dig_is_told_which_version_of_edns_we_know(box: Box) -> None:
    found = box.run("dig", f"@{ADDRESS}", "+edns=7", "+noednsneg", "+tries=1", "web")
    assert "status: BADVERS" in found.stdout, found

"""`-p`, `--network` and what goes with them: as an operator types them, as the engine gets them."""

from typing import Any

import pytest
from support.memory_engine import MemoryEngine

from engine import model
from engine.cli.container import network_flags
from engine.cli.main import main
from engine.cli.parse import network, port
from engine.errors import InvalidInput

BASE = "localhost/base"


def published(text: str) -> list[tuple[str, int, int, int, str]]:
    return [(one.address, one.host, one.last, one.container, one.protocol) for one in port.parse_publish(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80", [("", 0, 0, 80, "tcp")]),
        (":80", [("", 0, 0, 80, "tcp")]),
        ("0:80", [("", 0, 0, 80, "tcp")]),
        ("8080:80", [("", 8080, 0, 80, "tcp")]),
        ("53:53/UDP", [("", 53, 0, 53, "udp")]),
        ("127.0.0.1:8080:80/sctp", [("127.0.0.1", 8080, 0, 80, "sctp")]),
        ("127.0.0.1::80", [("127.0.0.1", 0, 0, 80, "tcp")]),
        ("0.0.0.0:80:80", [("0.0.0.0", 80, 0, 80, "tcp")]),
        ("[::1]:8080:80", [("::1", 8080, 0, 80, "tcp")]),
        ("[0:0::1]::80", [("::1", 0, 0, 80, "tcp")]),
        ("[::ffff:10.0.0.1]:80:80", [("10.0.0.1", 80, 0, 80, "tcp")]),
        ("8000-8010:80", [("", 8000, 8010, 80, "tcp")]),
        ("8000-8001:80-81", [("", 8000, 0, 80, "tcp"), ("", 8001, 0, 81, "tcp")]),
        ("80-81/udp", [("", 0, 0, 80, "udp"), ("", 0, 0, 81, "udp")]),
        ("10.0.0.1:9-9:80", [("10.0.0.1", 9, 0, 80, "tcp")]),
    ],
)
def test_a_port_to_publish_is_read(text: str, expected: list[Any]) -> None:
    assert published(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a port"),
        (":", "not a port"),
        ("80:", "not a port"),
        ("::1:80:80", "not a port"),
        ("1:2:3:4", "not a port"),
        ("[::]:80", "not a port"),
        ("[::1]80", "not a port"),
        ("[]:80:80", "brackets"),
        ("[10.0.0.1]:80:80", "brackets"),
        ("a:80", "'a'"),
        ("+5:80", "'+5'"),
        ("\u0663:80", "\u0663"),
        ("127.0.0.1:80", "'127.0.0.1'"),
        ("localhost:80:80", "'localhost'"),
        ("300.0.0.1:80:80", "300.0.0.1"),
        ("224.0.0.1:80:80", "224.0.0.1"),
        ("[fe80::1%eth0]:80:80", "fe80::1%eth0"),
        ("80:0", "'0'"),
        ("0-5:80", "'0-5'"),
        ("80:65536", "65536"),
        ("99999999999999999999:80", "not a port"),
        ("9-8:80", "'9-8'"),
        ("80-81:80-82", "equally long"),
        ("80:80-81", "equally long"),
        ("1-65535", "more than"),
        ("80/", "protocol"),
        ("80/tcp/udp", "protocol"),
    ],
)
def test_what_is_no_port_is_refused_with_a_hint(text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        port.parse_publish(text)
    assert words in caught.value.message
    assert caught.value.hint


def test_an_address_of_ipv6_without_brackets_is_told_of_them() -> None:
    with pytest.raises(InvalidInput) as caught:
        port.parse_publish("::1:80:80")
    assert "[::1]" in caught.value.hint


def test_ports_to_expose_are_one_word_each() -> None:
    assert port.parse_expose("80") == ("80/tcp",)
    assert port.parse_expose("80-82/udp") == ("80/udp", "81/udp", "82/udp")
    for text in ("", "x", "80:80", "0", "82-80", "70000", "80/x"):
        with pytest.raises(InvalidInput):
            port.parse_expose(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", network.Wish("none")),
        ("container:web", network.Wish("container:web")),
        ("default", network.Wish("bridge")),
        ("front", network.Wish("front")),
        ("front:ip=10.0.0.2", network.Wish("front", "10.0.0.2")),
        ("front:ip=10.0.0.2,ip=fd00::2", network.Wish("front", "10.0.0.2", "fd00::2")),
        (
            "front:mac=02:42:0A:00:00:02,alias=a,alias=b",
            network.Wish("front", mac="02:42:0a:00:00:02", aliases=("a", "b")),
        ),
        (
            "name=front,ip6=fd00::2,mac-address=02:42:0a:00:00:02",
            network.Wish("front", "", "fd00::2", "02:42:0a:00:00:02"),
        ),
        ("alias=db,name=front", network.Wish("front", aliases=("db",))),
    ],
)
def test_a_network_is_named_as_docker_or_podman_do(text: str, expected: network.Wish) -> None:
    assert network.parse_network(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "front:", "-x", "a/b", "a b", "container:", "host:ip=10.0.0.2x", "name=", "ip=10.0.0.2"),
        *("front:ip=10.0.0.2,ip=10.0.0.3", "front:ip=x", "front:ip=0.0.0.0", "front:ip6=10.0.0.2", "front:name=b"),
        *("front:mac=01:00:5e:00:00:01", "front:mac=02", "front:fly=1", "front:alias=", "name=a,name=b", "a" * 129),
    ],
)
def test_what_is_no_network_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        network.parse_network(text)
    assert caught.value.hint


def test_the_other_words_of_a_network_are_checked() -> None:
    assert network.parse_host("db=[fd00::1]") == network.parse_host("db:fd00::1") == "db:fd00::1"
    assert network.parse_search(".") == "."
    assert network.parse_search("example.org.") == "example.org"
    assert network.parse_bandwidth("out=1g") == model.Bandwidth(out_of=1_000_000_000)
    refused = {
        network.parse_host: ("db", ":1.2.3.4", "db:1.2.3", "db:", "a b:1.2.3.4", "db:1.2.3.4\n5.6.7.8 bank"),
        network.parse_any_address: ("dns", "0.0.0.0", "ff02::1", "fe80::1%eth0", "1.2.3.4\n"),
        network.parse_search: ("a b", "", "x\noptions y"),
        network.parse_dns_option: ("", "a b", "x\ny"),
        network.parse_bandwidth: ("", "10m", "in=0", "in=10q", "in=1m,in=2m", "up=1m", "in=9999999g"),
        network.parse_alias: ("", "a b", "-a", "a\n"),
    }
    for parse, texts in refused.items():
        for text in texts:
            with pytest.raises(InvalidInput):
                parse(text)


def create(*flags: str) -> model.CreateOptions:
    engine = MemoryEngine()
    assert main(["create", *flags, BASE], engine=engine) == 0  # type: ignore[arg-type]  # the fake has the same methods
    return engine.made[0]


def test_without_a_word_a_container_is_on_the_usual_network() -> None:
    assert create() == model.CreateOptions(image=BASE, network=network_flags.DEFAULT_NETWORK)


def test_a_plain_name_is_all_that_is_said_of_one_network() -> None:
    assert create("--network", "front") == model.CreateOptions(image=BASE, network="front")
    assert create("--net=bridge", "-p", "80:80", "-p", "80:80").ports == (model.Port(container=80, host=80),)


def test_flags_without_a_network_s_name_are_the_first_one_s() -> None:
    made = create("--network", "a", "--network", "b:alias=y", "--network-alias", "x")
    assert made.network == "a"
    assert made.joins == (model.Joining(network="a", aliases=("x",)), model.Joining(network="b", aliases=("y",)))


@pytest.mark.parametrize("alone", ["none", "host", "container:web"])
@pytest.mark.parametrize(
    "flags",
    ["-p 80:80", "-P", "--ip 10.0.0.2", "--ip6 fd00::2", "--mac-address 02:00:00:00:00:01", "--network-alias a",
     "--network-bandwidth in=1m", "--network front"],
)  # fmt: skip
def test_what_needs_an_interface_is_refused_where_there_is_none(
    alone: str, flags: str, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = MemoryEngine()
    assert main(["create", "--network", alone, *flags.split(), BASE], engine=engine) == 125  # type: ignore[arg-type]
    assert not engine.made
    assert f"--network {alone}" in (err := capsys.readouterr().err)
    assert "hint: " in err


@pytest.mark.parametrize(
    "flags", ["--dns 10.0.0.1", "--dns-search x", "--dns-option edns0", "--add-host a:1.2.3.4", "--expose 80"]
)
def test_another_container_s_files_are_not_changed(flags: str, capsys: pytest.CaptureFixture[str]) -> None:
    engine = MemoryEngine()
    assert main(["create", "--network", "container:web", *flags.split(), BASE], engine=engine) == 125  # type: ignore[arg-type]
    assert "container:web" in capsys.readouterr().err
    assert create("--network", "host", *flags.split())


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--network a --network a", "twice"),
        ("--network a:ip=10.0.0.2 --ip 10.0.0.3", "--ip"),
        ("--network a:alias=x --network-alias y", "--network-alias"),
        ("--network bridge --network-alias y", "names"),
        ("--network a -p 1-1000 -p 2001-3000", "2000 ports"),
    ],
)
def test_contradictions_are_refused(flags: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    engine = MemoryEngine()
    assert main(["create", *flags.split(), BASE], engine=engine) == 125  # type: ignore[arg-type]
    assert words in capsys.readouterr().err

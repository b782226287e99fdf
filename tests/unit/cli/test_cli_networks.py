"""`qd network`, as an operator types it."""

import json
from typing import Any

import pytest
from support.memory_engine import MemoryEngine

from engine import errors, model
from engine.cli import main
from engine.cli.network.options import DriverOptions, driver_options
from engine.errors import InvalidInput

APP = model.Network(
    id="ab12" * 16,
    name="app",
    created_ns=1_777_630_000_000_000_000,
    subnet="172.18.0.0/16",
    gateway="172.18.0.1",
    ip_range="172.18.4.0/24",
    subnet6="fd12::/64",
    gateway6="fd12::1",
    mtu=1400,
    link="qdab12ab12ab",
    labels={"team": "blue"},
    containers={
        "web": model.Endpoint(
            network="ab12" * 16, interface="eth0", mac="f2:71:ac:12:00:02", address="172.18.0.2", address6="fd12::2"
        )
    },
)
LAN = model.Network(
    id="cd34" * 16, name="lan", driver="macvlan", parent="eth0", mode="private", subnet="10.8.0.0/24", internal=True
)


@pytest.fixture
def engine() -> MemoryEngine:
    found = MemoryEngine()
    found.wired = (
        APP,
        model.Network(id="bridge", name="bridge", link="qd0"),
        model.Network(id="host", name="host", driver="host"),
        LAN,
        model.Network(id="none", name="none", driver="none"),
    )
    return found


def qd(engine: MemoryEngine, *words: str) -> int:
    return main.main(["network", *words], engine=engine)  # type: ignore[arg-type]  # the same methods


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["app", "bridge", "host", "lan", "none"]),
        (("-f", "name=a"), ["app", "lan"]),
        (("-f", "name=app", "-f", "name=lan"), ["app", "lan"]),
        (("-f", "id=ab12"), ["app"]),
        (("-f", "driver=macvlan"), ["lan"]),
        (("-f", "driver=null"), ["none"]),
        (("-f", "type=custom"), ["app", "lan"]),
        (("-f", "type=builtin", "-f", "driver=bridge"), ["bridge"]),
        (("-f", "dangling=true"), ["lan"]),
        (("-f", "scope=swarm"), []),
        (("-f", "label=team"), ["app"]),
        (("-f", "label=team=red"), []),
    ],
)
def test_networks_are_listed(
    words: tuple[str, ...], names: list[str], engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert qd(engine, "ls", "--format", "{{.Name}}", *words) == 0
    assert capsys.readouterr().out.split() == names


@pytest.mark.parametrize("words", [("-f", "type=mine"), ("-f", "dangling=perhaps"), ("-f", "colour=blue")])
def test_a_filter_that_is_none_is_refused(words: tuple[str, ...], engine: MemoryEngine) -> None:
    assert qd(engine, "ls", *words) == 125


def test_the_list_has_docker_s_columns_and_ids(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NETWORK", "ID", "NAME", "DRIVER", "SCOPE"]
    assert lines[1].split() == ["ab12ab12ab12", "app", "bridge", "local"]
    assert lines[-1].split() == ["none", "none", "null", "local"]
    qd(engine, "ls", "-q", "-f", "name=app")
    qd(engine, "ls", "-q", "--no-trunc", "-f", "name=app")
    assert capsys.readouterr().out.split() == ["ab12ab12ab12", "ab12" * 16]
    qd(engine, "ls", "--format", "json", "-f", "name=app")
    row = json.loads(capsys.readouterr().out)
    assert (row["IPv6"], row["Internal"], row["Labels"]) == ("true", "false", "team=blue")


def test_a_network_is_inspected_in_docker_s_form(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "inspect", "app", "lan", "nothing") == 1
    out, err = capsys.readouterr()
    app, lan = json.loads(out)
    assert "no such network: nothing" in err
    assert app["IPAM"]["Config"] == [
        {"Subnet": "172.18.0.0/16", "IPRange": "172.18.4.0/24", "Gateway": "172.18.0.1"},
        {"Subnet": "fd12::/64", "Gateway": "fd12::1"},
    ]
    assert app["Containers"]["web"] == {
        "Name": "web",
        "Interface": "eth0",
        "MacAddress": "f2:71:ac:12:00:02",
        "IPv4Address": "172.18.0.2/16",
        "IPv6Address": "fd12::2/64",
    }
    assert app["Options"] == {
        "com.docker.network.bridge.name": "qdab12ab12ab",
        "com.docker.network.driver.mtu": "1400",
    }
    assert (app["EnableIPv6"], app["Created"][:4]) == (True, "2026")
    assert lan["Options"] == {"parent": "eth0", "macvlan_mode": "private"}
    assert (lan["Internal"], lan["Created"][:4], lan["Containers"]) == (True, "0001", {})


def test_a_template_picks_from_it(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "inspect", "-f", "{{.Driver}} {{.Labels.team}}", "app") == 0
    assert capsys.readouterr().out == "bridge blue\n"


CREATED: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    ((), {}),
    (
        ("-d", "macvlan", "-o", "parent=eth0", "-o", "macvlan_mode=vepa"),
        {"driver": "macvlan", "parent": "eth0", "mode": "vepa"},
    ),
    (
        ("--driver", "ipvlan", "--opt", "parent=eth0", "--opt", "mode=l3"),
        {"driver": "ipvlan", "parent": "eth0", "mode": "l3"},
    ),
    (
        ("--subnet", "10.8.0.0/24", "--subnet", "fd12::/64", "--gateway", "10.8.0.9", "--ip-range", "10.8.0.64/26"),
        {"subnets": ("10.8.0.0/24", "fd12::/64"), "gateways": ("10.8.0.9",), "ip_ranges": ("10.8.0.64/26",)},
    ),
    (("--subnet", "10.8.0.0/24,fd12::/64"), {"subnets": ("10.8.0.0/24", "fd12::/64")}),
    (("--ipv6", "--internal"), {"ipv6": True, "internal": True}),
    (("--ipv6", "--ipv4=false"), {"ipv6": True, "ipv4": False}),
    (("--isolate=false", "--mtu", "1400"), {"isolate": False, "mtu": 1400}),
    (("-o", "com.docker.network.driver.mtu=1300", "-o", "isolate=false"), {"mtu": 1300, "isolate": False}),
    (("--label", "a=b", "--attachable"), {"labels": {"a": "b"}}),
]


@pytest.mark.parametrize(("words", "asked"), CREATED)
def test_a_network_is_made_as_it_was_asked_for(
    words: tuple[str, ...], asked: dict[str, Any], engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert qd(engine, "create", *words, "net") == 0
    wanted = {"driver": "bridge", "ipv4": True, "isolate": True, **asked}
    assert engine.calls == [("create_network", "net", {key: value for key, value in wanted.items() if value})]
    assert capsys.readouterr().out == "f" * 64 + "\n"


@pytest.mark.parametrize(
    "words",
    [
        ("-o", "colour=blue"),
        ("-o", "com.docker.network.bridge.name=br7"),
        ("-o", "macvlan_mode=vepa"),
        ("-o", "mtu=big"),
        ("-o", "isolate=perhaps"),
        ("--mtu", "-4"),
        ("--scope", "swarm"),
        ("--ipam-driver", "dhcp"),
    ],
)
def test_what_a_network_cannot_be_is_said_before_anything_is_asked(
    words: tuple[str, ...], engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert qd(engine, "create", *words, "net") == 125
    assert engine.calls == []
    assert "hint: " in capsys.readouterr().err


def test_containers_are_put_on_networks_and_taken_off(engine: MemoryEngine) -> None:
    words = ("--ip", "172.18.0.9", "--ip6", "fd12::9", "--mac-address", "f2:00:00:00:00:01", "--alias", "a")
    assert qd(engine, "connect", *words, "--alias", "b", "app", "web") == 0
    assert qd(engine, "disconnect", "-f", "app", "web") == 0
    assert engine.calls == [
        ("connect_network", "app", "web", "172.18.0.9", "fd12::9", "f2:00:00:00:00:01", ("a", "b")),
        ("disconnect_network", "app", "web", True),
    ]


def test_a_connection_needs_no_more_than_two_names(engine: MemoryEngine) -> None:
    assert qd(engine, "connect", "app", "web") == 0
    assert engine.calls == [("connect_network", "app", "web", "", "", "", ())]


@pytest.mark.parametrize(
    "words",
    [
        ("--driver-opt", "x=y"),
        ("--link", "db"),
        ("--ip", "fd12::9"),
        ("--ip6", "10.8.0.9"),
        ("--mac-address", "01:00:00:00:00:01"),
        ("--alias", "a b"),
    ],
)
def test_what_no_connection_can_be_is_said(words: tuple[str, ...], engine: MemoryEngine) -> None:
    assert qd(engine, "connect", *words, "app", "web") == 125
    assert engine.calls == []


def test_removing_goes_on_past_one_that_is_in_use(
    engine: MemoryEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove(ref: str, *, force: bool = False) -> None:
        if ref == "app":
            raise errors.Conflict("network app is in use by web", hint="qd network disconnect app web")

    monkeypatch.setattr(engine, "remove_network", remove)
    assert qd(engine, "rm", "app", "lan") == 125
    out, err = capsys.readouterr()
    assert out == "lan\n"
    assert "in use by web" in err


def test_a_prune_says_what_went(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "prune", "-f", "--filter", "label=a", "--filter", "label!=b", "--filter", "until=1777630000") == 0
    filters = {"label": ["a"], "label!": ["b"], "until": ["1777630000000000000"]}
    assert engine.calls == [("prune_networks", filters)]
    assert capsys.readouterr().out == "Deleted Networks:\nidle\n\n"


def test_options_are_read_in_short_and_in_long() -> None:
    assert driver_options([], "bridge") == DriverOptions()
    assert driver_options(["internal", "ipv6=true", "isolate=strict"], "bridge") == DriverOptions(
        internal=True, ipv6=True
    )
    with pytest.raises(InvalidInput):
        driver_options(["mtu=9999999999"], "bridge")

"""What is published, as `qd ps`, `qd port` and `qd inspect` show it."""

import json
from typing import Any

import pytest
from support.memory_engine import MemoryEngine

from engine import errors, model
from engine.cli.container.network_view import network_settings
from engine.cli.main import main
from engine.supervise import published

BASE = "localhost/base"
RUNNING = model.ContainerState(status=model.Status.RUNNING, run=1)
NETWORK = model.Network(id="f" * 64, name="front", subnet="10.1.0.0/24", gateway="10.1.0.1")


def container(*ports: model.Port, state: model.ContainerState = RUNNING, **options: Any) -> model.Container:
    places = (model.Endpoint(network="f" * 64, interface="eth0", mac="02:42:0a:01:00:02", address="10.1.0.2"),)
    return model.Container(
        id="a" * 64,
        name="web",
        image=BASE,
        image_id="sha256:" + "1" * 64,
        command=("sh",),
        created_ns=0,
        options=model.CreateOptions(image=BASE, name="web", **options),
        state=state,
        endpoints=places if options.get("network") == "front" else (),
        ports=ports,
    )


def port(inside: int, host: int, address: str = "", protocol: str = "tcp") -> model.Port:
    return model.Port(container=inside, host=host, address=address, protocol=protocol)


def shown(*ports: model.Port, **options: Any) -> str:
    return column(container(*ports, **options))


def column(one: model.Container) -> str:
    from engine.cli.render.ports import ports_column

    return ports_column(one)


@pytest.mark.parametrize(
    ("ports", "expose", "expected"),
    [
        ((), (), ""),
        ((port(80, 8080),), (), "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"),
        ((port(80, 8080, "127.0.0.1"),), (), "127.0.0.1:8080->80/tcp"),
        ((port(53, 53, "::1", "udp"),), (), "[::1]:53->53/udp"),
        ((), ("80/tcp", "53/udp"), "53/udp, 80/tcp"),
        ((), ("80/tcp", "81/tcp", "82/tcp", "84/tcp"), "80-82/tcp, 84/tcp"),
        ((port(80, 8080, "10.0.0.1"),), ("80/tcp", "90/tcp"), "10.0.0.1:8080->80/tcp, 90/tcp"),
        (
            tuple(port(80 + n, 8000 + n) for n in range(3)),
            (),
            "0.0.0.0:8000-8002->80-82/tcp, [::]:8000-8002->80-82/tcp",
        ),
        ((port(80, 8001, "10.0.0.1"), port(80, 8000, "10.0.0.1")), (), "10.0.0.1:8000->80/tcp, 10.0.0.1:8001->80/tcp"),
    ],
)
def test_the_column_of_ports_is_docker_s(ports: tuple[model.Port, ...], expose: tuple[str, ...], expected: str) -> None:
    assert shown(*ports, expose=expose) == expected


def test_what_does_not_run_publishes_nothing() -> None:
    assert column(container(port(80, 8080), state=model.ContainerState())) == ""
    assert column(container(port(80, 8080), state=model.ContainerState(status=model.Status.PAUSED)))


def test_ps_has_the_ports(capsys: pytest.CaptureFixture[str]) -> None:
    engine = MemoryEngine()
    engine.present = [container(port(80, 8080, "127.0.0.1"), network="front")]
    assert main(["ps", "--format", "{{.Ports}} {{.Networks}}"], engine=engine) == 0  # type: ignore[arg-type]
    assert capsys.readouterr().out == "127.0.0.1:8080->80/tcp front\n"


@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        (("web",), 0, "53/udp -> 127.0.0.1:53\n80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n", ""),
        (("web", "80"), 0, "0.0.0.0:8080\n[::]:8080\n", ""),
        (("web", "53/UDP"), 0, "127.0.0.1:53\n", ""),
        (("web", "53"), 1, "", "port 53/tcp of web is not published"),
        (("web", "x"), 125, "", "'x' is not a port"),
        (("none", "80"), 125, "", "no such container"),
    ],
)
def test_port_lists_as_docker_does(
    arguments: tuple[str, ...], code: int, out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = MemoryEngine()
    engine.present = [container(port(80, 8080), port(53, 53, "127.0.0.1", "udp"))]
    assert main(["port", *arguments], engine=engine) == code  # type: ignore[arg-type]
    written = capsys.readouterr()
    assert written.out == out
    assert err in written.err
    assert main(["container", "port", "web"], engine=engine) == 0  # type: ignore[arg-type]


def test_inspect_has_what_was_asked_for_and_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    engine = MemoryEngine()
    asked = (model.Port(container=80), model.Port(container=81, host=8000, last=8010, address="::1"))
    engine.present = [
        container(
            port(80, 40000),
            port(81, 8003, "::1"),
            ports=asked,
            publish_all=True,
            expose=("90/udp",),
            dns=("10.0.0.1",),
            hosts=("a:1.2.3.4",),
            network="none",
        )
    ]
    assert main(["inspect", "web"], engine=engine) == 0  # type: ignore[arg-type]
    (data,) = json.loads(capsys.readouterr().out)
    host = data["HostConfig"]
    assert host["PortBindings"] == {
        "80/tcp": [{"HostIp": "", "HostPort": ""}],
        "81/tcp": [{"HostIp": "::1", "HostPort": "8000-8010"}],
    }
    assert (host["PublishAllPorts"], host["Dns"], host["ExtraHosts"]) == (True, ["10.0.0.1"], ["a:1.2.3.4"])
    assert set(data["Config"]["ExposedPorts"]) == {"80/tcp", "81/tcp", "90/udp"}
    assert data["NetworkSettings"]["Ports"] == {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "40000"}, {"HostIp": "::", "HostPort": "40000"}],
        "81/tcp": [{"HostIp": "::1", "HostPort": "8003"}],
        "90/udp": None,
    }
    assert list(data["NetworkSettings"]["Networks"]) == ["none"]


def test_each_network_is_told_with_its_gateway_and_prefix() -> None:
    joins = (model.Joining(network="front", address="10.1.0.2", aliases=("db",)),)
    view = network_settings(container(network="front", joins=joins), {NETWORK.id: NETWORK}, ["80/tcp"])
    (name, place) = next(iter(view["Networks"].items()))
    assert name == "front"
    assert (place["IPAddress"], place["IPPrefixLen"], place["Gateway"]) == ("10.1.0.2", 24, "10.1.0.1")
    assert place["IPAMConfig"] == {"IPv4Address": "10.1.0.2"}
    assert (place["GlobalIPv6Address"], place["GlobalIPv6PrefixLen"]) == ("", 0)
    assert view["Ports"] == {"80/tcp": None}
    assert view["IPAddress"] == ""


def test_the_default_network_s_address_is_at_the_top_too() -> None:
    network = model.Network(id="f" * 64, name="bridge", subnet="172.17.0.0/16", gateway="172.17.0.1")
    view = network_settings(container(network="front"), {network.id: network})
    assert (view["IPAddress"], view["IPPrefixLen"], view["Gateway"]) == ("10.1.0.2", 16, "172.17.0.1")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("publish", "8080", True),
        ("publish", "8000-8100", True),
        ("publish", "8080/udp", False),
        ("publish", "80", False),
        ("expose", "80", True),
        ("expose", "90/udp", True),
        ("expose", "90", False),
        ("network", "front", True),
        ("network", "ff", True),
        ("network", "", False),
        ("network", "back", False),
    ],
)
def test_a_list_is_filtered_by_ports_and_networks(key: str, value: str, expected: bool) -> None:
    one = container(port(80, 8080), expose=("90/udp",), network="front")
    assert published.matches(one, key, value) is expected


def test_a_filter_that_is_no_port_is_refused() -> None:
    for value in ("", "x", "80:80", "80/x"):
        with pytest.raises(errors.InvalidInput):
            published.matches(container(), "publish", value)

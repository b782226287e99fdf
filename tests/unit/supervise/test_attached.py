"""What a run has of its networks, from its record: interfaces, default routes, forwards."""

from ipaddress import ip_interface
from typing import Any

import msgspec
import pytest

from engine import model
from engine.network.values import Bridge, Forward
from engine.supervise.networks.attached import attached, bridge_of

FRONT = model.Network(
    id="f" * 64,
    name="front",
    subnet="172.18.0.0/16",
    gateway="172.18.0.1",
    subnet6="fd01::/64",
    gateway6="fd01::1",
    link="qdffffffffff",
)
BACK = model.Network(
    id="b" * 64, name="back", subnet="10.9.0.0/24", gateway="10.9.0.1", link="qdbbbbbbbbbb", internal=True, mtu=1400
)
PLAIN = model.Network(id="c" * 64, name="plain", subnet="10.8.0.0/24", gateway="10.8.0.1", link="qdcccccccccc")
NETWORKS = {network.id: network for network in (FRONT, BACK, PLAIN)}


class FakeLive:
    """The three things that are asked of a container."""

    def __init__(self, *endpoints: model.Endpoint, run: int = 1, **options: Any) -> None:
        ports = options.pop("ports", ())
        self.id = "0123456789abcdef" * 4
        self.state = model.ContainerState(run=run)
        self.options = model.CreateOptions(image="x", **options)
        self.container = model.Container(
            id=self.id,
            name="box",
            image="x",
            image_id="sha256:1",
            command=("x",),
            created_ns=1,
            options=self.options,
            state=self.state,
            endpoints=endpoints,
            ports=ports,
        )


def on(network: model.Network, interface: str, address: str, address6: str = "") -> model.Endpoint:
    return model.Endpoint(
        network=network.id, interface=interface, mac="02:42:00:00:00:01", address=address, address6=address6
    )


def made(*endpoints: model.Endpoint, **options: Any) -> Any:
    return attached(FakeLive(*endpoints, **options), NETWORKS.__getitem__, 1450)  # type: ignore[arg-type]


def test_each_place_is_one_interface_with_its_prefix_and_the_mtu_of_the_uplink_or_its_own() -> None:
    first, second = made(on(BACK, "eth0", "10.9.0.7"), on(FRONT, "eth1", "172.18.0.2", "fd01::2")).plugs
    assert (first.interface, first.bridge, first.mtu) == ("eth0", BACK.link, 1400)
    assert first.addresses == (ip_interface("10.9.0.7/24"),)
    assert (second.interface, second.bridge, second.mtu) == ("eth1", FRONT.link, 1450)
    assert second.addresses == (ip_interface("172.18.0.2/16"), ip_interface("fd01::2/64"))


def test_the_default_routes_are_those_of_the_first_network_that_leads_out_in_each_family() -> None:
    places = (on(BACK, "eth0", "10.9.0.7"), on(PLAIN, "eth1", "10.8.0.2"), on(FRONT, "eth2", "172.18.0.2", "fd01::2"))
    assert [plug.gateways for plug in made(*places).plugs] == [(), ("10.8.0.1",), ("fd01::1",)]


def test_the_hosts_end_has_another_name_in_each_run_and_for_each_interface() -> None:
    places = (on(FRONT, "eth0", "172.18.0.2"), on(PLAIN, "eth1", "10.8.0.2"))
    found = {plug.link for run in (1, 2, 999) for plug in made(*places, run=run).plugs}
    assert len(found) == 6
    assert all(len(link) <= 15 and link.startswith("qd") for link in found)


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (
            model.Port(container=80, host=8080),
            [
                Forward("tcp", "0.0.0.0", 8080, FRONT.link, "172.18.0.2", 80),
                Forward("tcp", "::", 8080, FRONT.link, "fd01::2", 80),
            ],
        ),
        (
            model.Port(container=53, host=53, protocol="udp", address="127.0.0.1"),
            [Forward("udp", "127.0.0.1", 53, FRONT.link, "172.18.0.2", 53)],
        ),
        (
            model.Port(container=80, host=8080, address="fd00::9"),
            [Forward("tcp", "fd00::9", 8080, FRONT.link, "fd01::2", 80)],
        ),
        (model.Port(container=80, host=8080, address="::1"), []),
    ],
)
def test_a_port_is_forwarded_in_the_families_that_it_is_published_in(port: model.Port, expected: list[Forward]) -> None:
    assert list(made(on(FRONT, "eth0", "172.18.0.2", "fd01::2"), ports=(port,)).forwards) == expected


def test_a_port_leads_to_the_first_network_that_is_not_internal() -> None:
    places = (on(BACK, "eth0", "10.9.0.7"), on(PLAIN, "eth1", "10.8.0.2"))
    assert [one.target for one in made(*places, ports=(model.Port(container=80, host=1),)).forwards] == ["10.8.0.2"]


def test_nothing_is_forwarded_to_an_internal_network() -> None:
    found = made(on(BACK, "eth0", "10.9.0.7"), ports=(model.Port(container=80, host=1),))
    assert (found.forwards, found.targets) == ((), ("", ""))


def test_a_relay_leads_where_ports_do() -> None:
    assert made(on(BACK, "eth0", "10.9.0.7"), on(FRONT, "eth1", "172.18.0.2", "fd01::2")).targets == (
        "172.18.0.2",
        "fd01::2",
    )
    assert made(on(PLAIN, "eth0", "10.8.0.2")).targets == ("10.8.0.2", "")


def test_limits_of_bandwidth_hold_for_each_interface() -> None:
    limit = model.Bandwidth(into=10_000_000)
    (plug,) = made(on(FRONT, "eth0", "172.18.0.2"), bandwidth=limit).plugs
    assert (plug.bits_into, plug.bits_out_of) == (10_000_000, 0)


def test_a_bridge_has_the_gateways_as_addresses() -> None:
    addresses = (ip_interface("172.18.0.1/16"), ip_interface("fd01::1/64"))
    assert bridge_of(FRONT, 1450) == Bridge(FRONT.link, addresses, 1450)
    alone = msgspec.structs.replace(BACK, isolate=False)
    assert bridge_of(alone, 1450) == Bridge(
        BACK.link, (ip_interface("10.9.0.1/24"),), 1400, internal=True, isolate=False
    )

"""Names of the far ends of connections."""

from engine import model
from engine.network.sight import naming

NET = model.Network(id="1" * 64, name="one", gateway="172.18.0.1", gateway6="fd18::1")
LAN = model.Network(id="2" * 64, name="lan", driver="macvlan", gateway="192.168.0.1")


def container(name: str, *ends: tuple[model.Network, str, str]) -> model.Container:
    endpoints = tuple(
        model.Endpoint(network=network.id, interface=f"eth{number}", address=address, address6=address6)
        for number, (network, address, address6) in enumerate(ends)
    )
    return model.Container(
        id=name * 64,
        name=name,
        image="base",
        image_id="i",
        command=(),
        created_ns=0,
        options=model.CreateOptions(image="base"),
        state=model.ContainerState(),
        endpoints=endpoints,
    )


def test_containers_have_names_and_the_gateways_of_bridges_are_the_host() -> None:
    a, b = container("a", (NET, "172.18.0.2", "")), container("b", (NET, "172.18.0.3", "fd18::3"))
    names = naming.directory([a, b], [NET, LAN], a)
    assert names == {
        "172.18.0.1": "host",
        "fd18::1": "host",
        "172.18.0.2": "a",
        "172.18.0.3": "b",
        "fd18::3": "b",
        "127.0.0.11": "resolver",
    }


def test_where_two_networks_have_one_address_the_containers_own_network_is_meant() -> None:
    other = model.Network(id="3" * 64, name="other", driver="macvlan")
    a = container("a", (LAN, "192.168.0.9", ""))
    here, there = container("h", (LAN, "192.168.0.5", "")), container("t", (other, "192.168.0.5", ""))
    for order in ([a, here, there], [there, here, a]):
        assert naming.directory(order, [LAN, other], a)["192.168.0.5"] == "h"


def test_the_engine_s_own_socket_in_there_is_named() -> None:
    own = model.Connection(protocol="udp", state="UNCONN", address="127.0.0.11", port=40001)
    theirs = model.Connection(protocol="udp", state="UNCONN", address="127.0.0.1", port=40001)
    assert [one.far_name for one in naming.named([own, theirs], {})] == ["", "resolver"]


def test_what_listens_comes_after_what_is_connected() -> None:
    def connection(port: int, far: str = "") -> model.Connection:
        return model.Connection(
            protocol="tcp", state="X", address="172.18.0.2", port=port, far_address=far, far_port=9 if far else 0
        )

    found = naming.named(
        [connection(80), connection(8080, "1.2.3.4"), connection(80, "172.18.0.3")], {"172.18.0.3": "b"}
    )
    assert [(one.port, one.far_address, one.far_name) for one in found] == [
        (80, "172.18.0.3", "b"),
        (8080, "1.2.3.4", ""),
        (80, "", ""),
    ]

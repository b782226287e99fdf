"""Which port of the host each published one gets."""

from collections.abc import Callable

import pytest

from engine.errors import Conflict
from engine.model import Port
from engine.network.ports import holding, settling
from engine.network.ports.relayed import relayed


def port(inside: int, host: int = 0, last: int = 0, address: str = "", protocol: str = "tcp") -> Port:
    return Port(container=inside, host=host, last=last, address=address, protocol=protocol)


def free(*numbers: int) -> Callable[[Port], bool]:
    return lambda one: not numbers or one.host in numbers


def test_what_is_named_is_kept_in_the_order_of_the_container_s_ports() -> None:
    wanted = [port(81, 8081), port(80, 8080), port(80, 8080)]
    assert settling.settle(wanted, (), free()) == (port(80, 8080), port(81, 8081))


def test_a_range_gives_its_first_free_one() -> None:
    taken = {port(1, 8000): "web"}
    assert settling.settle([port(80, 8000, 8002)], taken, free(8000, 8002)) == (port(80, 8002),)


def test_what_leaves_no_choice_goes_before_what_does() -> None:
    wanted = [port(80, 8000, 8001), port(81, 8000)]
    assert settling.settle(wanted, (), free()) == (port(80, 8001), port(81, 8000))


def test_a_free_port_is_one_that_the_kernel_would_give(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {settling._RANGE_FILE: "40000\t40003\n", settling._RESERVED_FILE: "40000-40001,5\n"}
    monkeypatch.setattr(settling, "_read", texts.__getitem__)
    found = {settling.settle([port(80)], (), free())[0].host for _ in range(50)}
    assert found == {40002, 40003}
    with pytest.raises(Conflict, match="every port"):
        settling.settle([port(80), port(81), port(82)], (), free())


def test_no_two_get_one() -> None:
    settled = settling.settle([port(80 + n) for n in range(100)], (), free())
    assert len({one.host for one in settled}) == 100


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (port(80, 8080), port(81, 8080), True),
        (port(80, 8080), port(81, 8081), False),
        (port(80, 8080), port(81, 8080, protocol="udp"), False),
        (port(80, 8080), port(81, 8080, address="::1"), True),
        (port(80, 8080, address="127.0.0.1"), port(81, 8080, address="127.0.0.2"), False),
        (port(80, 8080, address="0.0.0.0"), port(81, 8080, address="127.0.0.2"), True),
        (port(80, 8080, address="0.0.0.0"), port(81, 8080, address="::1"), False),
        (port(80, 8080, address="0.0.0.0"), port(81, 8080, address="::"), False),
        (port(80, 8080, address="::"), port(81, 8080, address="::1"), True),
    ],
)
def test_two_clash_where_they_have_an_address_in_common(one: Port, other: Port, clash: bool) -> None:
    for first, second in ((one, other), (other, one)):
        assert (settling.clash(first, [second]) is not None) is clash
        if clash:
            with pytest.raises(Conflict, match="taken by the container web") as caught:
                settling.settle([first], {second: "web"}, free())
            assert "-p 8081:" in caught.value.hint
            with pytest.raises(Conflict, match="another container"):
                settling.settle([first], [second], free())


def test_one_port_of_the_host_for_two_of_the_container_is_refused() -> None:
    with pytest.raises(Conflict, match="8080 on the host is published twice, for"):
        settling.settle([port(80, 8080), port(81, 8080)], (), free())
    assert len(settling.settle([port(80, 8080), port(80, 8081)], (), free())) == 2


def test_a_range_that_is_taken_is_refused() -> None:
    with pytest.raises(Conflict, match="from 8000 to 8001"):
        settling.settle([port(80, 8000, 8001)], (), lambda _: False)


def test_ports_are_told_as_people_write_them() -> None:
    assert [holding.told(one) for one in (port(1, 80), port(1, 53, address="::1", protocol="udp"))] == [
        "80",
        "[::1]:53/udp",
    ]
    assert holding.another(port(80, 65535)) == "publish another one: -p 65534:80"


@pytest.mark.parametrize(
    ("host", "address", "address6", "target"),
    [
        ("0.0.0.0", "10.0.0.2", "", ""),
        ("0.0.0.0", "10.0.0.2", "fd00::2", ""),
        ("127.0.0.1", "", "fd00::2", "fd00::2"),
        ("::", "10.0.0.2", "", "10.0.0.2"),
        ("::", "10.0.0.2", "fd00::2", "fd00::2"),
        ("::1", "", "fd00::2", "fd00::2"),
        ("fd01::1", "10.0.0.2", "fd00::2", ""),
        ("fd01::1", "10.0.0.2", "", "10.0.0.2"),
        ("::", "", "", ""),
    ],
)
def test_the_relay_takes_what_the_kernel_cannot(host: str, address: str, address6: str, target: str) -> None:
    bound = holding.Bound(port(80, 8080), host, None)  # type: ignore[arg-type]  # nothing is done with the socket
    assert [one.target for one in relayed([bound], address, address6)] == ([target] if target else [])


def test_the_relay_knows_no_sctp() -> None:
    bound = holding.Bound(port(80, 8080, protocol="sctp"), "::", None)  # type: ignore[arg-type]
    assert relayed([bound], "10.0.0.2", "") == ()

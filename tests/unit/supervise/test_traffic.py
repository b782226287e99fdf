"""Whose interfaces are counted for which container, and how often the kernel is asked."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engine import errors, model
from engine.state.paths import Paths
from engine.supervise.metrics import Meter
from engine.supervise.registry import Live, Registry
from engine.supervise.traffic import NOTHING, Counted, Traffic

Add = Callable[..., Live]
SEEN = {"a0": Counted(rx_bytes=5, tx_packets=1), "a1": Counted(rx_bytes=7), "others": Counted(rx_bytes=1000)}


class Kernel:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def dump(self) -> Mapping[str, Counted]:
        self.asked += 1
        return SEEN


@contextmanager
def containers(folder: Path) -> Iterator[tuple[Registry, Add]]:
    registry = Registry(Paths(str(folder), str(folder)))

    def add(letter: str, network: str, *ends: str, interface: str = "eth0") -> Live:
        (folder / "containers" / (letter * 64)).mkdir(parents=True)
        made = model.Container(
            id=letter * 64,
            name=letter,
            image="base",
            image_id="sha256:1",
            command=("sh",),
            created_ns=0,
            options=model.CreateOptions(image="base", network=network),
            state=model.ContainerState(pid=os.getpid()),
            endpoints=tuple(model.Endpoint(network="n", interface=interface) for _ in ends),
        )
        live = Live(made, Meter(lambda: None))
        live.links = tuple(filter(None, ends))
        registry.add(live)
        return live

    yield registry, add


def test_what_goes_through_all_interfaces_of_a_container_is_added_up(tmp_path: Path) -> None:
    async def scene() -> None:
        with containers(tmp_path) as (registry, add):
            add("a", "bridge", "a0", "a1", "one that has just gone")
            assert Traffic(lambda: SEEN).of(registry, "a" * 64) == Counted(rx_bytes=12, tx_packets=1, interfaces=2)

    asyncio.run(scene())


def test_a_container_with_anothers_network_shows_that_ones(tmp_path: Path) -> None:
    async def scene() -> None:
        with containers(tmp_path) as (registry, add):
            add("a", "bridge", "a0")
            add("b", "container:" + "a" * 64)
            add("c", "container:" + "d" * 64)
            traffic = Traffic(lambda: SEEN)
            assert traffic.of(registry, "b" * 64).rx_bytes == 5
            assert traffic.of(registry, "c" * 64) == NOTHING

    asyncio.run(scene())


def test_interfaces_without_an_end_on_the_host_are_asked_for_inside(tmp_path: Path) -> None:
    """This process stands for the container's first one, and loopback for its macvlan."""

    async def scene() -> None:
        with containers(tmp_path) as (registry, add), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(bytes(1000), ("127.0.0.1", 9))
            add("a", "lan", "", interface="lo")
            add("b", "lan", "", interface="none of this name")
            kernel = Kernel()
            seen = Traffic(kernel.dump).of(registry, "a" * 64)
            assert (seen.rx_bytes > 1000, seen.interfaces, kernel.asked) == (True, 1, 0)
            assert Traffic(kernel.dump).of(registry, "b" * 64) == NOTHING

    asyncio.run(scene())


def test_one_dump_serves_everyone_in_one_turn_of_the_loop(tmp_path: Path) -> None:
    async def scene() -> None:
        with containers(tmp_path) as (registry, add):
            kernel = Kernel()
            traffic = Traffic(kernel.dump)
            for letter in "abc":
                add(letter, "bridge", "a0")
            for expected in (1, 2):
                for letter in "abc":
                    traffic.of(registry, letter * 64)
                await asyncio.sleep(0)
                assert kernel.asked == expected

    asyncio.run(scene())


def test_the_kernel_is_not_asked_where_nobody_has_an_interface(tmp_path: Path) -> None:
    async def scene() -> None:
        with containers(tmp_path) as (registry, add):
            kernel = Kernel()
            add("a", "none")
            add("b", "host")
            for container_id in ("a" * 64, "b" * 64, "f" * 64):
                assert Traffic(kernel.dump).of(registry, container_id) == NOTHING
            assert kernel.asked == 0

    asyncio.run(scene())


def test_figures_stand_still_while_the_kernel_refuses_them(tmp_path: Path) -> None:
    def refuse() -> Mapping[str, Counted]:
        raise errors.EngineError("netlink says no")

    async def scene() -> None:
        with containers(tmp_path) as (registry, add):
            add("a", "bridge", "a0")
            traffic = Traffic(refuse)
            assert traffic.of(registry, "a" * 64) == NOTHING
            for dump in (lambda: SEEN, refuse):
                await asyncio.sleep(0)
                traffic.dump = dump
                assert traffic.of(registry, "a" * 64) == SEEN["a0"]._replace(interfaces=1)

    asyncio.run(scene())

"""Whose connections are shown for which container; this test's own process stands for its first one."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from engine import errors, model
from engine.kernel import proc
from engine.state.paths import Paths
from engine.supervise.metrics import Meter
from engine.supervise.networks import connections
from engine.supervise.registry import Live, Registry


def add(registry: Registry, folder: Path, name: str, network: str = "bridge", *, pid: int = 0) -> Live:
    (folder / "containers" / (name * 64)).mkdir(parents=True)
    stat = proc.read_stat(os.getpid())
    assert stat is not None
    state = model.ContainerState(
        status=model.Status.RUNNING, run=1, pid=pid or os.getpid(), pid_start_ticks=stat.start_ticks
    )
    made = model.Container(
        id=name * 64,
        name=name,
        image="base",
        image_id="i",
        command=(),
        created_ns=0,
        options=model.CreateOptions(image="base", network=network),
        state=state,
        endpoints=(model.Endpoint(network="bridge", interface="eth0", address="127.0.0.1"),),
    )
    live = Live(made, Meter(lambda: None))
    registry.add(live)
    return live


def test_a_connection_is_listed_with_the_name_of_its_far_end(tmp_path: Path) -> None:
    async def scene() -> None:
        registry = Registry(Paths(str(tmp_path), str(tmp_path)))
        live = add(registry, tmp_path, "a")
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as near:
            listed = await connections.listing(registry, live, [])
            port = near.getsockname()[1]
        (found,) = [one for one in listed.found if one.port == port]
        assert (found.state, found.far_name, listed.whose) == ("ESTABLISHED", "a", "")

    asyncio.run(scene())


@pytest.mark.parametrize(("network", "whose"), [("host", "host"), ("container:" + "a" * 64, "a")])
def test_it_is_said_whose_network_a_container_has(network: str, whose: str, tmp_path: Path) -> None:
    async def scene() -> None:
        registry = Registry(Paths(str(tmp_path), str(tmp_path)))
        add(registry, tmp_path, "a")
        live = add(registry, tmp_path, "b", network)
        assert (await connections.listing(registry, live, [])).whose == whose

    asyncio.run(scene())


def test_a_network_that_was_another_s_is_shown_when_that_one_is_gone(tmp_path: Path) -> None:
    async def scene() -> None:
        registry = Registry(Paths(str(tmp_path), str(tmp_path)))
        live = add(registry, tmp_path, "b", "container:" + "c" * 64)
        assert (await connections.listing(registry, live, [])).whose == "c" * 12 + ", which is gone"

    asyncio.run(scene())


def test_what_has_another_process_at_its_pid_now_is_not_shown_that_ones_connections(tmp_path: Path) -> None:
    async def scene() -> None:
        registry = Registry(Paths(str(tmp_path), str(tmp_path)))
        for live in (add(registry, tmp_path, "a", pid=1), add(registry, tmp_path, "b", pid=2**22 + 1)):
            with pytest.raises(errors.Conflict, match="has just ended"):
                await connections.listing(registry, live, [])

    asyncio.run(scene())

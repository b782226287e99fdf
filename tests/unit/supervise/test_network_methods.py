"""What may be asked of networks: who is on one keeps it, and what happens is in the journal."""

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from engine import model
from engine.errors import Conflict, EngineError, InvalidInput, NotFound
from engine.model import Status
from engine.state.paths import Paths
from engine.supervise.events import Journal
from engine.supervise.metrics import Meter
from engine.supervise.networks.methods import NetworkMethods
from engine.supervise.networks.store import Networks
from engine.supervise.registry import Live, Registry


class Connector:
    """Changes the records alone."""

    def __init__(self, registry: Registry, networks: Networks) -> None:
        self._registry = registry
        self._networks = networks
        self.fails = False

    async def connect(self, live: Live, network: model.Network, joining: model.Joining) -> None:
        address, address6 = self._networks.lease(network, {}, joining.address, joining.address6)
        place = model.Endpoint(
            network=network.id, interface="eth0", address=address, address6=address6, aliases=joining.aliases
        )
        self._registry.change(live, endpoints=(*live.container.endpoints, place))

    async def disconnect(self, live: Live, network: model.Network, *, force: bool) -> None:
        kept = tuple(place for place in live.container.endpoints if place.network != network.id)
        self._registry.change(live, endpoints=kept)


class Scene:
    """The methods with all that they need, and what they did to the host."""

    def __init__(self, folder: Path) -> None:
        paths = Paths(str(folder), str(folder))
        (folder / "containers").mkdir()
        self._folder = folder
        self.registry = Registry(paths)
        self.journal = Journal(paths)
        self.networks = Networks(str(folder / "networks"), "")
        self.connector = Connector(self.registry, self.networks)
        self.dropped: list[str] = []
        self.at_drop: Callable[[], None] = lambda: None
        methods = NetworkMethods(
            SimpleNamespace(registry=self.registry, journal=self.journal),  # type: ignore[arg-type]
            self.networks,
            self.connector,
            lambda: [ip_network("172.18.0.0/16")],
            self._drop,
        )
        self._table = methods.looking() | methods.changing()

    async def _drop(self, network: model.Network) -> None:
        self.at_drop()
        self.dropped.append(network.name)

    async def ask(self, method: str, **params: Any) -> Any:
        answer = await self._table[method](msgspec.json.encode(params), None)  # type: ignore[arg-type]
        return msgspec.json.decode(msgspec.json.encode(answer))

    def add(self, name: str, status: Status = Status.CREATED, **options: Any) -> Live:
        container = model.Container(
            id=name * 64,
            name=name,
            image="base:latest",
            image_id="sha256:1",
            command=("sh",),
            created_ns=0,
            options=model.CreateOptions(image="base", **options),
            state=model.ContainerState(status=status),
        )
        (self._folder / "containers" / container.id).mkdir()
        live = Live(container, Meter(lambda: None))
        self.registry.add(live)
        return live

    def told(self) -> list[tuple[str, str]]:
        return [(event.action, event.name) for event in self.journal.past(None, None) if event.type == "network"]


def play(folder: Path, scene: Callable[[Scene], Awaitable[None]]) -> None:
    async def run() -> None:
        await scene(Scene(folder))

    asyncio.run(run())


def test_a_network_is_made_shown_with_who_is_on_it_and_removed(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        made = await on.ask("create_network", name="app", labels={"name": "x", "id": "y", "driver": "z", "kind": "k"})
        on.add("a")
        await on.ask("connect_network", network="app", container="a", aliases=["web"])
        shown = await on.ask("network", ref=made["id"][:12])
        assert shown["containers"] == {
            "a": {"network": made["id"], "interface": "eth0", "address": "172.19.0.2", "aliases": ["web"]}
        }
        assert [one["name"] for one in await on.ask("networks")] == ["app", "bridge", "host", "none"]
        await on.ask("disconnect_network", network="app", container="a")
        await on.ask("remove_network", ref="app")
        assert on.dropped == ["app"]
        assert on.told() == [("create", "app"), ("connect", "app"), ("disconnect", "app"), ("destroy", "app")]
        with pytest.raises(NotFound):
            await on.ask("network", ref="app")

    play(tmp_path, scene)


def test_who_is_on_a_network_keeps_it_and_force_takes_off_those_alone_that_do_not_run(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        await on.ask("create_network", name="app")
        on.add("a")
        running = on.add("b", Status.RUNNING)
        for name in ("a", "b"):
            await on.ask("connect_network", network="app", container=name)
        with pytest.raises(Conflict, match="in use by a, b"):
            await on.ask("remove_network", ref="app")
        with pytest.raises(Conflict, match="in use by b"):
            await on.ask("remove_network", ref="app", force=True)
        assert len((await on.ask("network", ref="app"))["containers"]) == 2
        on.registry.move(running, Status.EXITED)
        await on.ask("remove_network", ref="app", force=True)
        assert running.container.endpoints == ()
        assert on.dropped == ["app"]
        with pytest.raises(NotFound):
            await on.ask("remove_network", ref="app")
        assert await on.ask("remove_network", ref="app", force=True) == {}

    play(tmp_path, scene)


def test_the_record_goes_before_the_links_so_that_nobody_comes_meanwhile(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        await on.ask("create_network", name="app")

        def look() -> None:
            with pytest.raises(NotFound):
                on.networks.find("app")

        on.at_drop = look
        await on.ask("remove_network", ref="app")

    play(tmp_path, scene)


def test_a_prune_takes_what_nobody_is_on_and_what_the_filters_say(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        for name, labels in {"used": {}, "idle": {}, "kept": {"keep": "1"}, "other": {"keep": "2"}}.items():
            await on.ask("create_network", name=name, labels=labels)
        on.add("a")
        await on.ask("connect_network", network="used", container="a")
        for filters in ({"name": ["x"]}, {"until": ["yesterday"]}):
            with pytest.raises(InvalidInput):
                await on.ask("prune_networks", filters=filters)
        assert (await on.ask("prune_networks", filters={"until": ["1"]}))["networks"] == []
        assert (await on.ask("prune_networks", filters={"label": ["keep=2"]}))["networks"] == ["other"]
        assert (await on.ask("prune_networks", filters={"label!": ["keep"]}))["networks"] == ["idle"]
        assert (await on.ask("prune_networks"))["networks"] == ["kept"]
        assert on.dropped == ["other", "idle", "kept"]
        assert [one["name"] for one in await on.ask("networks")] == ["bridge", "host", "none", "used"]

    play(tmp_path, scene)


def test_what_is_built_in_stays(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        for name in ("bridge", "host", "none", "default"):
            with pytest.raises(Conflict):
                await on.ask("remove_network", ref=name, force=True)
        assert on.dropped == []

    play(tmp_path, scene)


def test_the_default_network_is_made_anew_while_nobody_is_on_it(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        await on.ask("create_network", name="bridge", ipv6=True)
        assert (await on.ask("network", ref="bridge"))["subnet6"].startswith("fd")
        assert on.dropped == ["bridge"]
        on.add("a")
        await on.ask("connect_network", network="bridge", container="a")
        with pytest.raises(Conflict, match="in use by a"):
            await on.ask("create_network", name="bridge")
        assert on.dropped == ["bridge"]

    play(tmp_path, scene)


def test_who_comes_while_the_default_network_is_made_anew_keeps_it(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        live = on.add("a")
        before = on.networks.settled(on.networks.find("bridge"), [], held=False)
        place = model.Endpoint(network="bridge", interface="eth0", address="172.17.0.2")
        on.at_drop = lambda: on.registry.change(live, endpoints=(place,))
        with pytest.raises(Conflict):
            await on.ask("create_network", name="bridge", subnets=["10.8.0.0/24"])
        assert on.networks.find("bridge") == before

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("network", "options", "kind", "words"),
    [
        ("host", {}, InvalidInput, "no container can be connected"),
        ("none", {}, InvalidInput, "no container can be connected"),
        ("app", {"network": "host"}, Conflict, "can be on no other"),
        ("app", {"network": "none"}, Conflict, "can be on no other"),
        ("app", {"network": "container:" + "b" * 64}, Conflict, "can be on no other"),
    ],
)
def test_who_shares_or_has_no_network_is_connected_to_none(
    network: str, options: dict[str, Any], kind: type[EngineError], words: str, tmp_path: Path
) -> None:
    async def scene(on: Scene) -> None:
        await on.ask("create_network", name="app")
        on.add("a", **options)
        with pytest.raises(kind, match=words):
            await on.ask("connect_network", network=network, container="a")

    play(tmp_path, scene)


def test_a_container_is_on_a_network_once_and_leaves_only_those_that_it_is_on(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        await on.ask("create_network", name="app")
        on.add("a", network="none")
        on.add("b")
        await on.ask("connect_network", network="app", container="b", address="172.19.0.77")
        with pytest.raises(Conflict, match="already"):
            await on.ask("connect_network", network="app", container="b")
        for network, container in (("app", "a"), ("none", "a"), ("bridge", "b")):
            with pytest.raises(Conflict, match="not connected"):
                await on.ask("disconnect_network", network=network, container=container, force=True)
        with pytest.raises(InvalidInput, match="no names"):
            await on.ask("connect_network", network="bridge", container="b", aliases=["x"])
        for network, container in (("app", "zzz"), ("zzz", "b")):
            with pytest.raises(NotFound):
                await on.ask("connect_network", network=network, container=container)
        assert (await on.ask("network", ref="none"))["containers"] == {"a": {"network": "none", "interface": ""}}

    play(tmp_path, scene)


def test_a_parent_that_this_host_does_not_have_is_refused(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        with pytest.raises(InvalidInput, match="no link nothing0"):
            await on.ask("create_network", name="app", driver="macvlan", parent="nothing0")
        made = await on.ask("create_network", name="app", driver="macvlan", parent="lo")
        assert (await on.ask("network", ref=made["id"]))["parent"] == "lo"

    play(tmp_path, scene)

"""Which containers share what with which, before any of them runs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import errors, model
from engine.state.paths import Paths
from engine.supervise import neighbours
from engine.supervise.metrics import Meter
from engine.supervise.registry import Live, Registry


def in_registry(folder: Path, scene: Callable[[Registry, Callable[..., Live]], None]) -> None:
    """A registry needs a running loop."""

    async def run() -> None:
        registry = Registry(Paths(str(folder), str(folder)))

        def add(letter: str, ids: tuple[int, int] | None = (1000, 10), **options: Any) -> Live:
            (folder / "containers" / (letter * 64)).mkdir(parents=True)
            made = model.Container(
                id=letter * 64,
                name=f"name-{letter}",
                image="base",
                image_id="sha256:1",
                command=("sh",),
                created_ns=0,
                options=model.CreateOptions(image="base", **options),
                state=model.ContainerState(),
                ids=ids,
            )
            live = Live(made, Meter(lambda: None))
            registry.add(live)
            return live

        scene(registry, add)

    asyncio.run(run())


def settled(registry: Registry, **options: Any) -> model.CreateOptions:
    return neighbours.settled(model.CreateOptions(image="base", **options), registry)


def test_a_name_becomes_an_id_and_brings_its_user_namespace(tmp_path: Path) -> None:
    def scene(registry: Registry, add: Callable[..., Live]) -> None:
        other = add("a")
        found = settled(registry, pid="container:name-a")
        assert (found.pid, found.userns) == (f"container:{other.id}", f"container:{other.id}")
        assert neighbours.ids_of(found, registry) == (1000, 10)
        assert settled(registry, network="container:name-a", userns="host").userns == "host"
        assert settled(registry, uts="container:name-a", privileged=True).userns == ""
        assert settled(registry).userns == ""

    in_registry(tmp_path, scene)


def test_a_container_with_the_hosts_ids_brings_those(tmp_path: Path) -> None:
    def scene(registry: Registry, add: Callable[..., Live]) -> None:
        add("a", None, userns="host")
        assert settled(registry, pid="container:name-a").userns == "host"

    in_registry(tmp_path, scene)


def test_namespaces_of_different_owners_are_refused_and_of_one_are_not(tmp_path: Path) -> None:
    def scene(registry: Registry, add: Callable[..., Live]) -> None:
        first = add("a")
        add("b", (2000, 10))
        add("c", userns=f"container:{first.id}", pid=f"container:{first.id}")
        with pytest.raises(errors.InvalidInput, match="different user namespaces"):
            settled(registry, pid="container:name-a", network="container:name-b")
        found = settled(registry, pid="container:name-a", network="container:name-c")
        assert found.userns in (f"container:{first.id}", f"container:{'c' * 64}")
        add("d", None, userns="host")
        add("e", None, privileged=True)
        assert settled(registry, pid="container:name-d", network="container:name-e").userns == "host"

    in_registry(tmp_path, scene)


def test_what_another_container_does_not_own_or_keeps_is_refused(tmp_path: Path) -> None:
    def scene(registry: Registry, add: Callable[..., Live]) -> None:
        add("a", ipc="private", pid="host")
        for options in ({"ipc": "container:name-a"}, {"pid": "container:name-a"}):
            with pytest.raises(errors.InvalidInput) as caught:
                settled(registry, **options)
            assert caught.value.hint
        with pytest.raises(errors.NotFound):
            settled(registry, uts="container:nobody")

    in_registry(tmp_path, scene)


def test_a_container_that_does_not_run_has_no_namespaces_to_give(tmp_path: Path) -> None:
    def scene(registry: Registry, add: Callable[..., Live]) -> None:
        add("a")
        found = settled(registry, pid="container:name-a")
        with pytest.raises(errors.Conflict, match="is not running") as caught:
            neighbours.paths(found, registry)
        assert "qd start name-a" in str(caught.value.hint)

    in_registry(tmp_path, scene)

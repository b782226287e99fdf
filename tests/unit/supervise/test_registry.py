"""Containers by name and prefix, their files, and the lists that show them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import errors, model
from engine.model import Status
from engine.state.paths import Paths
from engine.supervise import listing, names
from engine.supervise.metrics import Meter
from engine.supervise.registry import Live, Registry


def container(container_id: str, name: str, created: int = 0, **options: Any) -> model.Container:
    return model.Container(
        id=container_id * 64,
        name=name,
        image="base:latest",
        image_id="sha256:1",
        command=("sh",),
        created_ns=created,
        options=model.CreateOptions(image="base", **options),
        state=model.ContainerState(),
    )


def meter(_container: model.Container) -> Meter:
    return Meter(lambda: None)


def in_loop(scene: Callable[[Registry], None], folder: Path) -> None:
    """A registry needs a running loop."""

    async def run() -> None:
        paths = Paths(str(folder), str(folder))
        (folder / "containers").mkdir(exist_ok=True)
        scene(Registry(paths))

    asyncio.run(run())


def add(registry: Registry, folder: Path, *containers: model.Container) -> None:
    for one in containers:
        (folder / "containers" / one.id).mkdir()
        registry.add(Live(one, meter(one)))


def test_a_container_is_found_by_id_name_and_unambiguous_prefix(tmp_path: Path) -> None:
    def scene(registry: Registry) -> None:
        add(registry, tmp_path, container("a", "web"), container("b", "abacus"))
        assert registry.find("a" * 64).name == "web"
        assert registry.find("abacus").name == "abacus"
        assert registry.find("/web").name == "web"
        assert registry.find("aaa").name == "web"
        with pytest.raises(errors.NotFound):
            registry.find("zzz")
        with pytest.raises(errors.NotFound):
            registry.find("")

    in_loop(scene, tmp_path)


def test_a_prefix_of_two_ids_is_refused(tmp_path: Path) -> None:
    def scene(registry: Registry) -> None:
        one = container("a", "one")
        two = model.Container(
            **{**{f: getattr(one, f) for f in one.__struct_fields__}, "id": "aa" + "b" * 62, "name": "two"}
        )
        add(registry, tmp_path, one, two)
        with pytest.raises(errors.Conflict):
            registry.find("aa")
        assert registry.find("aab").name == "two"

    in_loop(scene, tmp_path)


def test_what_was_added_is_there_after_a_restart(tmp_path: Path) -> None:
    def first(registry: Registry) -> None:
        add(registry, tmp_path, container("a", "web", tty=True))
        live = registry.find("web")
        registry.note(live, run=3, exit_code=7)
        registry.change(live, name="site")

    def second(registry: Registry) -> None:
        registry.load(meter)
        live = registry.find("site")
        assert live.options.tty
        assert (live.state.run, live.state.exit_code) == (3, 7)

    in_loop(first, tmp_path)
    in_loop(second, tmp_path)


def test_a_broken_record_hides_no_other_container(tmp_path: Path) -> None:
    def first(registry: Registry) -> None:
        add(registry, tmp_path, container("a", "web"), container("b", "db"))
        record = tmp_path / "containers" / ("a" * 64) / "record.json"
        record.write_text(json.dumps({"id": 7}))

    def second(registry: Registry) -> None:
        registry.load(meter)
        assert [live.name for live in registry] == ["db"]

    in_loop(first, tmp_path)
    in_loop(second, tmp_path)


def test_only_allowed_steps_change_the_status(tmp_path: Path) -> None:
    def scene(registry: Registry) -> None:
        add(registry, tmp_path, container("a", "web"))
        live = registry.find("web")
        with pytest.raises(errors.Conflict):
            registry.move(live, Status.PAUSED)
        registry.move(live, Status.RUNNING)
        registry.move(live, Status.PAUSED)
        assert live.active

    in_loop(scene, tmp_path)


def test_a_removed_container_is_gone_from_disk(tmp_path: Path) -> None:
    def scene(registry: Registry) -> None:
        add(registry, tmp_path, container("a", "web"))
        registry.drop(registry.find("web"))
        assert list((tmp_path / "containers").iterdir()) == []
        with pytest.raises(errors.NotFound):
            registry.find("web")

    in_loop(scene, tmp_path)


def test_a_taken_name_is_refused_naming_its_holder(tmp_path: Path) -> None:
    def scene(registry: Registry) -> None:
        add(registry, tmp_path, container("a", "web"))
        with pytest.raises(errors.Conflict) as caught:
            registry.free_name("web")
        assert "a" * 12 in caught.value.message
        assert registry.free_name(None) != "web"

    in_loop(scene, tmp_path)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "../x", "a\n", "\x1b[31m", "x" * 129, "ä"])
def test_a_name_that_could_do_harm_is_refused(name: str) -> None:
    with pytest.raises(errors.InvalidInput):
        names.check(name)


def test_names_are_made_up_while_there_are_any() -> None:
    taken: set[str] = set()
    for _ in range(500):
        taken.add(names.check(names.make_up(taken)))
    assert len(taken) == 500


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["new", "old"]),
        ({"name": ["ol"]}, ["old"]),
        ({"label": ["tier=front"]}, ["new"]),
        ({"label": ["tier=front", "absent"]}, []),
        ({"status": ["running"]}, ["old"]),
        ({"status": ["running", "created"]}, ["new", "old"]),
        ({"ancestor": ["base"]}, ["new", "old"]),
        ({"before": ["new"]}, ["old"]),
        ({"since": ["old"]}, ["new"]),
        ({"id": ["aaaa"]}, ["old"]),
    ],
)
def test_lists_are_newest_first_and_filtered_as_docker_does(
    tmp_path: Path, filters: dict[str, list[str]], found: list[str]
) -> None:
    def scene(registry: Registry) -> None:
        add(registry, tmp_path, container("a", "old", 1), container("b", "new", 2, labels={"tier": "front"}))
        registry.move(registry.find("old"), Status.RUNNING)
        shown = listing.select(registry, everything=True, filters=filters)
        assert [one.name for one in shown] == found

    in_loop(scene, tmp_path)


def test_an_unknown_filter_is_refused_naming_those_there_are(tmp_path: Path) -> None:
    def scene(registry: Registry) -> None:
        with pytest.raises(errors.InvalidInput) as caught:
            listing.select(registry, everything=True, filters={"colour": ["red"]})
        assert "status" in caught.value.hint

    in_loop(scene, tmp_path)

"""`--mount` and `qd volume`, as an operator types them."""

import json
from typing import Any

import pytest
from support.memory_engine import MemoryEngine

from engine import model
from engine.cli import main
from engine.cli.parse.long_mount import parse_mount
from engine.errors import InvalidInput
from engine.model import Bind, ImageMount, VolumeMount


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type=bind,src=/a,dst=/b", {"binds": Bind(source="/a", target="/b", must_exist=True)}),
        (
            "type=bind,source=./a,target=/b,ro",
            {"binds": Bind(source="/h/a", target="/b", read_only=True, must_exist=True)},
        ),
        (
            "type=bind,src=/a,dst=/b,bind-propagation=rslave,bind-nonrecursive",
            {"binds": Bind(source="/a", target="/b", propagation="rslave", recursive=False, must_exist=True)},
        ),
        ("src=data,dst=/d", {"volumes": VolumeMount(name="data", target="/d")}),
        ("dst=/d/../e", {"volumes": VolumeMount(target="/e")}),
        (
            "type=volume,src=data,dst=/d,readonly=true,volume-nocopy,volume-subpath=x/y",
            {"volumes": VolumeMount(name="data", target="/d", read_only=True, copy=False, subpath="x/y")},
        ),
        ("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777", {"tmpfs": ("/t", "size=1048576,mode=1777")}),
        ("type=tmpfs,dst=/t,ro=false", {"tmpfs": ("/t", "")}),
        ("type=image,src=base,dst=/i", {"images": ImageMount(image="base", target="/i")}),
    ],
)
def test_a_long_mount_adds_to_one_field(text: str, expected: dict[str, Any]) -> None:
    assert parse_mount(text, "/h") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "type=bind,dst=/b",
        "type=bind,src=/a",
        "type=image,dst=/i",
        "type=cluster,dst=/x",
        "type=tmpfs,src=/a,dst=/x",
        "type=volume,dst=/x,tmpfs-size=1m",
        "dst=/x,dst=/y",
        "dst=x",
        "dst=/x,readonly=perhaps",
        "dst",
        "type=bind,src=/a,dst=/b,bind-propagation=up",
    ],
)
def test_a_long_mount_that_cannot_be_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_mount(text, "/h")
    assert caught.value.hint


@pytest.fixture
def engine() -> MemoryEngine:
    found = MemoryEngine()
    found.stored = (
        model.Volume(name="cache", path="/r/cache", created_ns=0, anonymous=True),
        model.Volume(name="data", path="/r/data", created_ns=0, labels={"a": "1"}, used_by=("web",)),
    )
    return found


def qd(engine: MemoryEngine, *words: str) -> int:
    return main.main(list(words), engine=engine)  # type: ignore[arg-type]  # the same methods


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["cache", "data"]),
        (("-f", "name=dat"), ["data"]),
        (("-f", "dangling=true"), ["cache"]),
        (("-f", "dangling=false"), ["data"]),
        (("-f", "label=a"), ["data"]),
        (("-f", "label=a=2"), []),
    ],
)
def test_volumes_are_listed(
    words: tuple[str, ...], names: list[str], engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert qd(engine, "volume", "ls", "-q", *words) == 0
    assert capsys.readouterr().out.split() == names


def test_volumes_have_docker_s_columns_and_objects(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    qd(engine, "volume", "list")
    assert capsys.readouterr().out.splitlines()[0].split() == ["DRIVER", "VOLUME", "NAME"]
    assert qd(engine, "volume", "inspect", "data", "none") == 1
    shown = json.loads(capsys.readouterr().out)
    assert (shown[0]["Mountpoint"], shown[0]["UsedBy"]) == ("/r/data", ["web"])
    qd(engine, "volume", "inspect", "-f", "{{.Name}}", "cache")
    assert capsys.readouterr().out == "cache\n"


def test_volumes_are_made_and_removed(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "volume", "create", "--label", "a=b", "mine") == 0
    assert qd(engine, "volume", "rm", "-f", "mine", "other") == 0
    assert qd(engine, "volume", "prune", "-a", "-f") == 0
    assert engine.calls == [
        ("create_volume", "mine", {"a": "b"}),
        ("remove_volume", "mine", True),
        ("remove_volume", "other", True),
        ("prune_volumes", True),
    ]
    assert "Deleted Volumes:\nold" in capsys.readouterr().out


def test_a_system_prune_takes_volumes_along_where_that_is_asked_for(
    engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert qd(engine, "system", "prune", "-f", "--volumes") == 0
    assert engine.calls == [("prune",), ("prune_networks", {}), ("prune_volumes", False)]
    shown = capsys.readouterr().out
    assert "Deleted Volumes:\nold" in shown
    assert "1.24MB" in shown


@pytest.mark.parametrize("words", [("--driver", "nfs"), ("--opt", "type=tmpfs")])
def test_what_a_volume_cannot_be_is_said(words: tuple[str, ...], engine: MemoryEngine) -> None:
    assert qd(engine, "volume", "create", *words) == 125
    assert ("create_volume", "", {}) not in engine.calls

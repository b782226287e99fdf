"""Archives that want to get out of the layer's folder, each with a canary outside."""

import os
from pathlib import Path

import pytest
from support.hostile_archives import CASES, EVIL, Case
from support.layer_members import apply, file, folder, gone, hard, link, names, opaque, untouched

from engine.errors import InvalidInput

pytestmark = pytest.mark.root


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/canary").write_text("alive")
    os.setxattr(tmp_path / "outside/canary", "user.mine", b"1")
    return tmp_path / "outside"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_outside_is_touched_by(case: Case, outside: Path, tmp_path: Path) -> None:
    fds = os.listdir("/proc/self/fd")
    with untouched(outside):
        if case.leaves is None:
            with pytest.raises(InvalidInput) as refused:
                apply(tmp_path / "l", *case.build(str(outside)))
            assert refused.value.message.isprintable()
        else:
            apply(tmp_path / "l", *case.build(str(outside)))
            assert _names(tmp_path / "l", outside) == sorted(case.leaves)
    assert os.listdir("/proc/self/fd") == fds
    assert not [path for path in _regular(tmp_path / "outside") if path.read_bytes() == EVIL]


def _names(layer: Path, outside: Path) -> list[str]:
    """The paths of the layer, those on the way to `outside` left out."""
    inside, way = str(outside).lstrip("/"), []
    for above in (inside, f"proc/self/root{outside}"):
        parts = above.split("/")
        way += ["/".join(parts[:count]) + "/" for count in range(1, len(parts) + 1)]
    keep = ("proc/", "proc/self/", "proc/self/root/")
    found = [name for name in names(layer) if name not in way or name in keep]
    return sorted(name.replace(str(outside), "OUT").replace(inside, "OUT").replace("OUT/!", "OUT!") for name in found)


def _regular(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


@pytest.fixture
def lower(outside: Path, tmp_path: Path) -> Path:
    """A layer whose links lead out, as its stranger had them."""
    apply(
        tmp_path / "lower",
        link("out", str(outside)),
        link("up", "../outside"),
        link("file", str(outside / "canary")),
        folder("d"),
        link("d/out", "../../outside"),
    )
    return tmp_path / "lower"


@pytest.mark.parametrize("way", ["out", "up", "d/out"])
def test_links_of_lower_layers_lead_nowhere_outside(way: str, lower: Path, outside: Path, tmp_path: Path) -> None:
    with untouched(outside), untouched(lower):
        done = apply(tmp_path / "l", file(f"{way}/canary", EVIL), gone(f"{way}/x"), opaque(f"{way}/o"), below=[lower])
    assert done.depends
    found = [path.relative_to(tmp_path / "l") for path in (tmp_path / "l").rglob("canary")]
    assert found == [(outside if way == "out" else Path("/outside")).relative_to("/") / "canary"]


@pytest.mark.parametrize("target", ["out/canary", "up/canary", "d/out/canary", "d", "."])
def test_no_hard_link_leads_through_a_link_of_a_lower_layer(
    target: str, lower: Path, outside: Path, tmp_path: Path
) -> None:
    with untouched(outside), untouched(lower), pytest.raises(InvalidInput):
        apply(tmp_path / "l", hard("h", target), below=[lower])


def test_a_hard_link_to_a_link_of_a_lower_layer_copies_the_link(lower: Path, outside: Path, tmp_path: Path) -> None:
    with untouched(outside), untouched(lower):
        apply(tmp_path / "l", hard("h", "file"), file("h2", EVIL), hard("h", "h2"), below=[lower])
    assert os.readlink(tmp_path / "l/file") == str(outside / "canary")
    assert (tmp_path / "l/h").read_bytes() == EVIL


def test_a_lower_layer_of_a_hundred_links_is_refused(tmp_path: Path) -> None:
    apply(tmp_path / "lower", *(link(f"l{number}", f"l{number + 1}") for number in range(100)))
    with pytest.raises(InvalidInput, match="more than 40 symbolic links"):
        apply(tmp_path / "l", file("l0/x"), below=[tmp_path / "lower"])


def test_directories_that_are_not_named_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.layers.growing.REMEMBERED_MAX", 10_000)
    with pytest.raises(InvalidInput, match="too many directories"):
        apply(tmp_path / "l", file("a/" * 101 + "x"))

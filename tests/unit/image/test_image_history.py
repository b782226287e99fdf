"""How images came to be, and which was made from which."""

from pathlib import Path

import pytest
from support import images

from engine.image import history
from engine.image.store.images import Store
from engine.model import Image

TIME_NS = 1_704_067_200_000_000_000
FIRST = {"created": images.CREATED, "created_by": "ADD root", "comment": "c", "author": "me"}
EMPTY = {"created_by": "CMD sh", "empty_layer": True}
SECOND = {"created_by": "RUN x"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"{tmp_path}/image", f"{tmp_path}/layers")


def image(layers: str, steps: list[dict[str, object]] | None = None, number: int = 1) -> Image:
    """An image of layers that are called by one letter each, and of so many bytes as their place."""
    return Image(
        id=f"sha256:{number:064d}",
        names=(),
        digest=f"sha256:{number:064x}",
        created_ns=number,
        size_bytes=0,
        layers=tuple(layers),
        layer_bytes=tuple(range(1, len(layers) + 1)),
        config={} if steps is None else {"history": steps},
    )


def test_the_last_step_comes_first_and_layers_go_to_the_steps_that_made_them(store: Store) -> None:
    made = images.add(store, "base", {"a": b"123"}, {"b": b"12345"}, history=[FIRST, EMPTY, SECOND])
    steps = store.history(made)
    assert [(step["created_by"], step["size_bytes"], step["empty_layer"]) for step in steps] == [
        ("RUN x", 5, False),
        ("CMD sh", 0, True),
        ("ADD root", 3, False),
    ]
    assert [step["id"] for step in steps] == [made.id, "", ""]
    assert (steps[2]["created_ns"], steps[2]["comment"], steps[2]["author"]) == (TIME_NS, "c", "me")


def test_a_step_that_ended_with_an_image_of_this_host_has_its_id(store: Store) -> None:
    base = images.add(store, "base", {"a": b"1"}, history=[FIRST])
    child = images.add(store, "child", {"a": b"1"}, {"b": b"2"}, history=[FIRST, SECOND])
    assert [step["id"] for step in store.history(child)] == [child.id, base.id]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (None, [("", 2), ("", 1)]),
        ([], [("", 2), ("", 1)]),
        ([FIRST], [("", 2), ("ADD root", 1)]),
        ([FIRST, EMPTY, SECOND, SECOND], [("RUN x", 0), ("RUN x", 2), ("CMD sh", 0), ("ADD root", 1)]),
        ([{"created": None, "created_by": 5}, 7, {}], [("", 2), ("", 1)]),
    ],
)
def test_a_history_that_fits_the_layers_badly_is_told_as_well_as_it_goes(
    steps: list[dict[str, object]] | None, expected: list[tuple[str, int]]
) -> None:
    assert [(step.created_by, step.size_bytes) for step in history.history(image("ab", steps))] == expected


def test_an_image_without_layers_and_history_has_no_steps() -> None:
    assert history.history(image("")) == []


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        (image("a"), image("ab"), True),
        (image("ab"), image("a"), False),
        (image("ab"), image("ab"), False),
        (image("a"), image("ba"), False),
        (image(""), image("a"), False),
        (image("a", [FIRST]), image("a", [FIRST, EMPTY]), True),
        (image("a", [SECOND]), image("a", [FIRST, EMPTY]), False),
        (image("a", [FIRST, EMPTY]), image("a", [FIRST]), False),
    ],
)
def test_an_image_was_made_from_one_that_it_begins_with(old: Image, new: Image, answer: bool) -> None:
    assert history.is_ancestor(old, new) is answer


def test_the_parent_is_the_nearest_ancestor() -> None:
    near, far, other = image("ab", number=1), image("a", number=2), image("x", number=3)
    assert history.parent(image("abc", number=4), [far, near, other]) == near
    assert history.parent(other, [far, near]) is None

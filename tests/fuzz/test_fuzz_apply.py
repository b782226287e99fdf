"""Random layers: those without links show what a plain model says, and no others get out of their folder."""

import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import layer_model
from support.layer_members import (
    Entry,
    apply,
    archive,
    device,
    fifo,
    file,
    folder,
    gone,
    hard,
    link,
    look,
    opaque,
    untouched,
)
from support.layer_model import Node, Refused, Said

from engine.archive.reader import Reader
from engine.errors import InvalidInput
from engine.layers import apply as applying
from engine.layers import copying

pytestmark = pytest.mark.root

PATHS = st.sampled_from("a b a/a a/b a/a/a a/a/b a/b/a b/a b/a/a b/a/b".split())
MEMBERS = st.one_of(
    st.builds(lambda path, mode: Said(path, ("d", mode, mode, None)), PATHS, st.integers(0o700, 0o777)),
    st.builds(lambda path, data: Said(path, ("-", 0o644, len(data), data)), PATHS, st.binary(max_size=3)),
    st.builds(lambda path: Said(path, ("p", 0o600, 5, None)), PATHS),
    st.builds(lambda path: Said(path, None), PATHS),
    st.builds(lambda path: Said(path, None, opaque=True), PATHS),
)
LAYERS = st.lists(st.lists(MEMBERS, max_size=8), min_size=1, max_size=3)


@given(LAYERS)
@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_stack_shows_what_the_model_says(layers: list[list[Said]]) -> None:
    with _place() as place:
        below: list[str] = []
        expected: dict[str, Node] = {}
        for number, members in enumerate(layers):
            try:
                expected = layer_model.over(expected, members)
            except Refused:
                with pytest.raises(InvalidInput):
                    apply(place / f"l{number}", *map(_entry, members), below=below)
                return
            apply(place / f"l{number}", *map(_entry, members), below=below)
            below.insert(0, str(place / f"l{number}"))
            assert _shown(below, place / f"copy{number}") == expected


@given(st.lists(MEMBERS, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_order_of_members_with_different_names_makes_no_difference(members: list[Said], random) -> None:
    """Where none of them is a file, in which another one may not lie."""
    once = list({(said.path, said.opaque, said.node is None): said for said in members if _is_no_file(said)}.values())
    shuffled = random.sample(once, len(once))
    with _place() as place:
        apply(place / "below", folder("a", mode=0o750), file("a/a/a", b"1"), file("a/b", b"2"), folder("b/a"))
        for name, order in (("one", once), ("other", shuffled)):
            apply(place / name, *map(_entry, order), below=[place / "below"])
        one, other = ([f"{place}/{name}", f"{place}/below"] for name in ("one", "other"))
        assert _shown(one, place / "c1") == _shown(other, place / "c2")


NAMES = st.lists(
    st.sampled_from(["a", "b", "l", "..", ".", "", "proc", ".wh.a", ".wh...", ".wh..wh..opq", ".wh..wh.x", "outside"]),
    min_size=1,
    max_size=4,
).map("/".join)
TARGETS = st.one_of(
    NAMES, st.sampled_from(["../outside", "/outside", "OUT", "OUT/canary", "/proc/self/root/OUT", ".."])
)
HOSTILE = st.one_of(
    st.builds(lambda name, _target: folder(name, mode=0o777, mtime=1), NAMES, TARGETS),
    st.builds(lambda name, _target: file(name, b"evil", mode=0o777), NAMES, TARGETS),
    st.builds(lambda name, _target: fifo(name), NAMES, TARGETS),
    st.builds(lambda name, _target: device(name, 0, 0), NAMES, TARGETS),
    st.builds(link, NAMES, TARGETS),
    st.builds(link, NAMES, TARGETS),
    st.builds(hard, NAMES, TARGETS),
)


@given(st.lists(st.lists(HOSTILE, max_size=10), min_size=1, max_size=3))
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_gets_out(layers: list[list[Entry]]) -> None:
    with _place() as place:
        (place / "outside").mkdir()
        (place / "outside/canary").write_text("alive")
        below: list[str] = []
        fds = os.listdir("/proc/self/fd")
        with untouched(place / "outside"):
            for number, members in enumerate(layers):
                with untouched(below[0]) if below else untouched(place / "outside"):
                    done = _try(place / f"l{number}", _aimed(members, place / "outside"), below)
                if done:
                    below.insert(0, str(place / f"l{number}"))
        assert os.listdir("/proc/self/fd") == fds
        assert sorted(os.listdir(place)) == sorted(["outside", *(f"l{number}" for number in range(len(layers)))])


def _try(target: Path, members: Sequence[Entry], below: list[str]) -> bool:
    """Whether it was accepted; it may be refused, and fail in no other way."""
    target.mkdir(0o755)
    try:
        applying.apply(Reader(io.BytesIO(archive(members))), str(target), below)
    except InvalidInput:
        return False
    return True


def _aimed(members: list[Entry], outside: Path) -> list[Entry]:
    for member in members:
        member.info.linkname = member.info.linkname.replace("OUT", str(outside))
    return members


def _is_no_file(said: Said) -> bool:
    return said.node is None or said.node[0] == "d"


def _entry(said: Said) -> Entry:
    if said.node is None:
        return opaque(said.path) if said.opaque else gone(said.path)
    kind, mode, mtime, data = said.node
    make = {"d": folder, "-": file, "p": fifo}[kind]
    return (
        make(said.path, data, mode=mode, mtime=mtime) if data is not None else make(said.path, mode=mode, mtime=mtime)
    )


def _shown(stack: list[str], place: Path) -> dict[str, Node]:
    copying.copy(stack, str(place))
    found = look(place)
    del found["."]
    return {path: (facts[0], facts[1], facts[3] // 10**9, facts[4]) for path, facts in found.items()}


@contextmanager
def _place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="qd-apply-") as name:
        yield Path(name)

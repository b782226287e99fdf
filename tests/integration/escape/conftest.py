"""A hostile program inside containers of `qd run`, and hostile bundles for `qd-runtime`."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import attacks, cgroupfs_left
from support.bundle import PARENT, Bundle
from support.deck import Deck
from support.requirements import requires

BASE = "localhost/base"
PROGRAM = f"{Path(attacks.__file__)}:/attacks.py:ro"


@pytest.fixture(scope="session", autouse=True)
def _ground() -> None:
    requires("root", "namespaces")


@pytest.fixture
def attack(deck: Deck) -> Callable[..., dict[str, str]]:
    """Runs attacks in a new container, `attack("bpf", options=("--privileged",))`: name -> what came of it."""

    def run(*names: str, options: tuple[str, ...] = ()) -> dict[str, str]:
        command = ("python3", "-I", "-S", "-B", "/attacks.py", *names)
        answer: dict[str, str] = json.loads(deck.out("run", "--rm", "-v", PROGRAM, *options, BASE, *command))
        return answer

    return run


@pytest.fixture
def deck_out(deck: Deck) -> Callable[..., str]:
    """What a program in a new container of the base image prints."""
    return lambda *command: deck.out("run", "--rm", BASE, *command)


@pytest.fixture
def bundle(tmp_path: Path) -> Iterator[Bundle]:
    """A bundle whose image a test makes hostile; no container and no cgroup of it is left."""
    made = Bundle(tmp_path / "hostile")
    yield made
    left = (made.containers(), cgroupfs_left.of_containers(PARENT))
    made.runtime("delete", "--force", "hostile")
    cgroupfs_left.remove_empty(PARENT)
    assert left == ([], [])

"""What all tests share: requirements by name, an end for tests that hang, engines to test on."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
from support import leaks
from support.deck import Deck, new_deck, new_paths
from support.requirements import requires
from support.waiting import SLOW

from engine.client import Engine
from engine.image.builtin import base
from engine.state.paths import Paths

HANG_SECONDS = 240.0


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of tests/support/requirements.py; ask no registry outside; end in order when told to."""
    config.addinivalue_line("markers", "requires(*names): skips naming what this machine has not")
    os.environ["CONTAINERS_REGISTRIES_CONF"] = str(Path(__file__).with_name("support") / "no_registries.conf")
    signal.signal(signal.SIGTERM, lambda _signal, _frame: pytest.exit("ended by SIGTERM", returncode=143))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip by name, before any fixture is made."""
    if item.get_closest_marker("root"):
        requires("root")
    for marker in item.iter_markers("requires"):
        requires(*marker.args)


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """A test that waits for ever fails, so that the ones behind it run."""

    def fail(_signal: int, _frame: FrameType | None) -> None:
        pytest.fail(f"the test did not end within {HANG_SECONDS * SLOW:.0f} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS * SLOW)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def base_store() -> Iterator[Paths]:
    """A store that holds the base image and nothing else, made once; engines get a copy by hard links."""
    requires("root")
    paths = new_paths()
    os.makedirs(paths.root, mode=0o700)
    base.build(paths.images, paths.layers, lambda _step, _done, _total: None)
    yield paths
    shutil.rmtree(os.path.dirname(paths.root))


@pytest.fixture(scope="session")
def shared_deck(base_store: Paths) -> Iterator[Deck]:
    """One engine for all tests that do not end it; use `deck`."""
    deck = new_deck(base_store)
    deck.engine.info()
    deck.qd("run", "--rm", base.NAME, "true")  # its default bridge is there as long as it is, and is no test's
    yield deck
    deck.end()


@pytest.fixture
def deck(shared_deck: Deck) -> Iterator[Deck]:
    """The shared engine; the test's containers are removed after it."""
    yield shared_deck
    shared_deck.remove_all()


@pytest.fixture
def own_deck(base_store: Paths) -> Iterator[Deck]:
    """An engine of this test alone, ended after it: for tests that kill, count or break."""
    deck = new_deck(base_store)
    yield deck
    deck.end()


@pytest.fixture
def engine_paths(own_deck: Deck) -> Paths:
    """The folders of an engine of this test alone, with the base image; not started yet."""
    return own_deck.paths


@pytest.fixture
def engine(deck: Deck) -> Engine:
    """The client of the shared engine."""
    return deck.engine


@pytest.fixture(scope="session", autouse=True)
def _folders() -> Iterator[None]:
    """The folder of all engines of this run goes last."""
    yield
    shutil.rmtree(f"{leaks.PREFIX}d", ignore_errors=True)

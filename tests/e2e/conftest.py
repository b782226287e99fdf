"""tmux drives the installed command as a person would; nothing may stay behind."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from support import leaks
from support.deck import Deck
from support.requirements import requires
from support.terminal import Terminal


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """The leak check of the integration tests, around what a person does."""
    before = leaks.take()
    yield
    lines = leaks.difference(before)
    assert not lines, "left behind by this test:\n" + "\n".join(lines)


@pytest.fixture
def terminal(deck: Deck) -> Iterator[Callable[..., Terminal]]:
    """Opens terminals with the shared engine's folders in their environment: `terminal(columns=120, rows=40)`."""
    requires("tmux")
    with ExitStack() as closing:

        def open_terminal(environment: dict[str, str] | None = None, *, columns: int = 80, rows: int = 24) -> Terminal:
            return closing.enter_context(Terminal(environment or deck.environment, columns=columns, rows=rows))

        yield open_terminal

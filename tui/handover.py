"""Gives the whole terminal to another `qd` for a while: a shell in a container, or a container's own terminal.

The child is started with `subprocess`, never forked from here: the dashboard has threads. The recipe is
`batch_update` round `suspend`: without it Textual draws into a driver that is stopped, and waits for ever.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from textual.app import App, SuspendNotSupported

from tui.rows import Row

if TYPE_CHECKING:
    from engine.state.paths import Paths

ERRORS_MAX: Final = 4096
"""Bytes of the child's complaints that are kept."""


class Errand(NamedTuple):
    """What the child is to do."""

    arguments: tuple[str, ...]
    """Of `qd`."""
    farewell: str
    """How to come back, said before it begins."""


class Outcome(NamedTuple):
    """How it went."""

    code: int
    words: str
    """What the child wrote on standard error."""


def shell(row: Row) -> Errand:
    """A shell in a container."""
    return Errand(("exec", "-it", row.id, "sh"), f"Shell in {row.name}. exit or ctrl-d comes back to the dashboard.")


def own_terminal(row: Row) -> Errand:
    """The terminal of a container's first process."""
    words = f"The terminal of {row.name}. ctrl-] leaves it running; ctrl-c and ctrl-d reach its program."
    return Errand(("attach", row.id), words)


def command(arguments: tuple[str, ...]) -> list[str]:
    """The installed `qd` beside this interpreter, or else the module it starts."""
    installed = os.path.join(os.path.dirname(sys.executable), "qd")
    if os.access(installed, os.X_OK):
        return [installed, *arguments]
    return [sys.executable, "-P", "-m", "engine.cli.main", *arguments]


async def hand_over(app: App[Any], paths: "Paths", errand: Errand) -> Outcome:
    """Run the errand on the terminal; whatever happens, the dashboard comes back."""
    outcome = Outcome(125, "the terminal cannot be handed over here")
    try:
        with app.batch_update(), app.suspend(), _deaf_to_interrupts():
            outcome = await _run(paths, errand)
    except SuspendNotSupported:
        return outcome
    finally:
        app.refresh(repaint=True, layout=True)
    return outcome


async def _run(paths: "Paths", errand: Errand) -> Outcome:
    """Nothing may leave this function but an outcome: an exception would leave the terminal to nobody."""
    print(f"\r\n{errand.farewell}\r\n", file=sys.__stdout__, flush=True)
    environment = os.environ | {"QUARTERDECK_ROOT": paths.root, "QUARTERDECK_RUN": paths.run}
    try:
        child = await asyncio.create_subprocess_exec(
            *command(errand.arguments), env=environment, stderr=asyncio.subprocess.PIPE
        )
    except OSError as err:
        return Outcome(125, f"qd cannot be started: {err.strerror}")
    assert child.stderr is not None
    words = await _first_bytes(child.stderr)
    return Outcome(await child.wait(), words.decode("utf-8", "replace"))


async def _first_bytes(stream: asyncio.StreamReader) -> bytes:
    """All of it is read, so that the child never waits; the beginning is kept."""
    kept = b""
    while piece := await stream.read(ERRORS_MAX):
        kept = (kept + piece)[:ERRORS_MAX]
    return kept


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Between raw modes ctrl-c is a signal to the whole foreground group; it is meant for the child.

    A handler and not SIG_IGN: exec(2) resets handlers to the default, while an ignored signal stays ignored.
    """
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

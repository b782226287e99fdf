"""Actions on containers: each call in a thread of its own, a few at a time, one report at the end."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from engine.errors import EngineError
from engine.model import Status
from tui.actions import Action, Failure
from tui.bridge.pulse import MALFORMED, Post
from tui.messages import Acted
from tui.rows import Row

if TYPE_CHECKING:
    from engine.client import Engine

HANDS: Final = 8
"""Calls at a time: stopping takes up to ten seconds each, and hundreds may be marked."""


class Crew:
    """Does what the operator asked for."""

    def __init__(self, engine: "Engine", post: Post) -> None:
        self._engine = engine
        self._post = post

    def act(self, action: Action, rows: Sequence[Row], on_change: Callable[[], None]) -> None:
        """Begin; `on_change` is called after each container, from another thread."""
        job = _Job(self._engine, action, list(rows), on_change, self._post)
        for number in range(min(HANDS, len(rows))):
            threading.Thread(target=job.run, name=f"qd-{action.name}-{number}", daemon=True).start()


class _Job:
    """One action on several containers, shared by a few threads."""

    def __init__(
        self, engine: "Engine", action: Action, rows: list[Row], on_change: Callable[[], None], post: Post
    ) -> None:
        self._engine = engine
        self._action = action
        self._waiting = rows
        self._total = len(rows)
        self._on_change = on_change
        self._post = post
        self._lock = threading.Lock()
        self._done: list[str] = []
        self._failures: list[Failure] = []

    def run(self) -> None:
        """Take containers until none waits."""
        try:
            while (row := self._next()) is not None:
                self._report(row, self._attempt(row))
        finally:
            self._engine.close()  # This thread's own connection.

    def _next(self) -> Row | None:
        with self._lock:
            return self._waiting.pop(0) if self._waiting else None

    def _attempt(self, row: Row) -> Failure | None:
        try:
            perform(self._engine, self._action, row)
        except EngineError as err:
            return Failure(row.name, err.message, err.hint)
        except (OSError, *MALFORMED) as err:
            return Failure(row.name, str(err), "")
        return None

    def _report(self, row: Row, failure: Failure | None) -> None:
        self._on_change()
        with self._lock:
            if failure is None:
                self._done.append(row.name)
            else:
                self._failures.append(failure)
            over = len(self._done) + len(self._failures) == self._total
        if over:
            self._post(Acted(self._action, tuple(self._done), tuple(self._failures)))


def perform(engine: "Engine", action: Action, row: Row) -> None:
    """One action on one container, in the state in which the operator saw it.

    Whether to thaw, and whether to kill before a removal, was decided from that state; where it changed since, the
    engine refuses. Raises `EngineError`.
    """
    match action.name:
        case "start":
            engine.start(row.id)
        case "stop":
            engine.stop(row.id)
        case "restart":
            engine.restart(row.id)
        case "kill":
            engine.kill(row.id)
        case "freeze":
            engine.pause(row.id)
        case "thaw":
            engine.unpause(row.id)
        case "delete":
            engine.remove(row.id, force=row.status not in (Status.CREATED, Status.EXITED))
        case unknown:
            raise ValueError(f"no such action: {unknown}")

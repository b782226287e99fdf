"""What an operator can do to containers, as data: whom it fits, what is asked first, what is said afterwards."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from engine.model import Status
from tui.rows import Row


class Action(NamedTuple):
    """One thing that changes a container."""

    name: str
    """A verb for a person: start, stop ..."""
    done: str
    """The same verb when it is over: started, stopped ..."""
    fits: Callable[[Row], bool]
    unfit: str
    """Why it does not fit a row: "runs already"."""
    question: str = ""
    """What is lost; empty where nothing is and nobody need be asked."""


class Failure(NamedTuple):
    """One container to which it could not be done."""

    container: str
    message: str
    hint: str


def _runs(row: Row) -> bool:
    return row.status in (Status.RUNNING, Status.PAUSED, Status.RESTARTING)


def _stays(row: Row) -> bool:
    return row.status is not Status.REMOVING


START: Final = Action("start", "started", lambda row: not row.alive, "runs already")
STOP: Final = Action(
    "stop", "stopped", _runs, "does not run", "It gets its stop signal, and is killed if it does not end in time."
)
RESTART: Final = Action("restart", "restarted", _stays, "is being removed", "What it is doing now is broken off.")
KILL: Final = Action("kill", "killed", lambda row: row.alive, "does not run", "It has no chance to save anything.")
FREEZE: Final = Action("freeze", "frozen", lambda row: row.status is Status.RUNNING, "does not run")
THAW: Final = Action("thaw", "thawed", lambda row: row.status is Status.PAUSED, "is not frozen")
DELETE: Final = Action(
    "delete",
    "deleted",
    _stays,
    "is being removed",
    "Its files and its logs are lost; the image stays.",
)


def freeze_or_thaw(rows: Iterable[Row]) -> Action:
    """Thaw where every container is frozen, else freeze those that are not."""
    return THAW if all(row.status is Status.PAUSED for row in rows) else FREEZE


def names(rows: Iterable[Row], most: int = 8) -> str:
    """The names of containers in one line: the first of them, and how many more there are."""
    listed = [row.name for row in rows]
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")


def title(action: Action, rows: Iterable[Row]) -> str:
    """What a dialog asks: names the target, or counts the targets."""
    listed = list(rows)
    target = listed[0].name if len(listed) == 1 else f"{len(listed)} containers"
    return f"{action.name.capitalize()} {target}?"

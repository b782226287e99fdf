"""How far long work has come: on stderr, since stdout is data.

On a terminal a few lines that are drawn over and over; elsewhere a line whenever a layer comes to its next step.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.cli.render.drawing import Drawing, Telling

Show = Callable[[dict[str, Any]], None]


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Show | None]:
    """A callback for the engine; None where nobody wants to know."""
    if quiet:
        yield None
        return
    shown = _Shown(terminal=os.isatty(2))
    try:
        yield shown.show
    finally:
        shown.close()


class _Shown:
    """What draws is imported with the first event, which most commands never see."""

    def __init__(self, *, terminal: bool) -> None:
        self._terminal = terminal
        self._drawing: Drawing | Telling | None = None

    def show(self, event: dict[str, Any]) -> None:
        if self._drawing is None:
            from engine.cli.render import drawing

            self._drawing = drawing.Drawing() if self._terminal else drawing.Telling()
        self._drawing.show(event)

    def close(self) -> None:
        if self._drawing is not None:
            self._drawing.close()

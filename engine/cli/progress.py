"""One line on stderr that tells how far long work has come."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from engine.cli.render.clean import printable

_CLEAR_LINE = "\r\x1b[K"


@contextmanager
def progress_line() -> Iterator[Callable[[dict[str, Any]], None] | None]:
    """A callback for the engine; None where stderr is not a terminal, since words there are for people."""
    if not os.isatty(2):
        yield None
        return
    shown = False

    def show(event: dict[str, Any]) -> None:
        nonlocal shown
        shown = True
        sys.stderr.write(_CLEAR_LINE + _words(event))
        sys.stderr.flush()

    try:
        yield show
    finally:
        if shown:
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()


def _words(event: dict[str, Any]) -> str:
    step, done, total = printable(str(event.get("step", ""))), event.get("done", 0), event.get("total", 0)
    return f"{step} {100 * done // total}%" if isinstance(total, int) and total > 0 else f"{step} ..."

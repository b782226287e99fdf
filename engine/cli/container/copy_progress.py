"""How far a copy has come, on a terminal."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.cli.progress import progress
from engine.cli.render.clean import printable
from engine.cli.render.human import decimal_size

_PAUSE_SECONDS = 0.1


@contextmanager
def copy_progress(words: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A function to be told of bytes that have passed; `words` follow "copying". Off a terminal nothing is shown."""
    total, shown_at = 0, time.monotonic()
    quiet = quiet or not os.isatty(2)
    with progress(quiet=quiet) as show:

        def passed(size: int) -> None:
            nonlocal total, shown_at
            total += size
            if show is None or time.monotonic() - shown_at < _PAUSE_SECONDS:
                return
            shown_at = time.monotonic()
            show({"step": f"copying {words}", "done": total})

        yield passed
    if not quiet:
        sys.stderr.write(f"copied {printable(words)}: {decimal_size(total)}\n")

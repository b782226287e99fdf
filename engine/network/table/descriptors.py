"""Low descriptors, kept for libnftables: it waits with select(2), and ends the process for a number of 1024 or more.

A supervisor of a few hundred containers has no low ones left when it needs one.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from engine.errors import SetupFailed

MOST: Final = 1024
"""FD_SETSIZE, which the C library checks. Source: select(2)."""
_KEPT: Final = 8

_wanted = 0
"""How many are to be kept: none in a process that has not asked for it."""

_lock = threading.Lock()
_spare: list[int] = []


def keep() -> None:
    """Keep some from now on, as early as possible; those that are kept already stay."""
    global _wanted
    with _lock:
        _wanted = _KEPT
        _refill()


def refill() -> None:
    """One may have become free again."""
    with _lock:
        _refill()


@contextmanager
def lent() -> Iterator[None]:
    """The next descriptor that this thread makes in the block is a low one. Raises: SetupFailed where none is left."""
    with _lock:
        while _spare:
            os.close(_spare.pop())
        lowest = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        os.close(lowest)
        if lowest >= MOST:
            raise SetupFailed("no low descriptor is left for the rules of the network", hint="stop some containers")
        try:
            yield
        finally:
            _refill()


def _refill() -> None:
    while len(_spare) < _wanted:
        spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)  # the lowest that is free
        if spare >= MOST:
            os.close(spare)
            return
        _spare.append(spare)

"""Waiting for something to become true, with a deadline that only a failure reaches."""

import os
import select
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
SLOW = 10.0 if os.environ.get("CGROUP2_VM") else 1.0
"""An emulated machine needs so many times as long."""
_INTERVAL_SECONDS = 0.05


def until(probe: Callable[[], T], what: str, seconds: float = 20.0, show: Callable[[], object] | None = None) -> T:
    """The first true answer of `probe`. Fails naming `what` when the deadline passes, with what `show` returns."""
    deadline = time.monotonic() + seconds * SLOW
    while not (answer := probe()):
        if time.monotonic() > deadline:
            last = show() if show else answer
            raise AssertionError(f"waited {seconds * SLOW:.0f} s in vain for {what}; the last was:\n{last}")
        time.sleep(_INTERVAL_SECONDS)
    return answer


def until_gone(pid: int, seconds: float = 20.0) -> bool:
    """Whether the process has ended by the deadline; a child of ours is reaped."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = select.select([pidfd], [], [], seconds * SLOW)
    finally:
        os.close(pidfd)
    _reap(pid)
    return bool(ready)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # somebody else's child

"""Scheduling of the engine's own processes. Standard library only."""

import os
from contextlib import suppress

_NICE = -10


def put_first() -> None:
    """Let this process run soon after it is woken, also while containers burn every core.

    A request passes through three processes, each of which works for a tenth of a millisecond: behind a busy program
    every hop waits for the end of that one's slice, some 3 ms. What is cloned from here starts at 0 again
    (SCHED_RESET_ON_FORK). Where it is refused, requests take longer under load, and that is all.

    Source: sched(7), "Autogroup" and SCHED_RESET_ON_FORK.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        os.sched_setscheduler(0, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))

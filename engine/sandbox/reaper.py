"""`--init`: pid 1 stays ours, forwards signals, reaps what nobody waits for, and ends as the program ends.

Standard library only. It holds no descriptor, has the container's user and capabilities, and is not dumpable, so that
nothing in the container looks into its memory. Its program runs in a session of its own, as with a terminal it must.
"""

import os
import signal
from collections.abc import Callable
from typing import Final, NoReturn

from engine.kernel import files, syscalls
from engine.kernel.title import set_title
from engine.sandbox import capabilities
from engine.sandbox.child import close_all_but

TITLE: Final = "qd-init"
"""What `ps` shows for it: its real arguments would name paths of the host."""


def stay(prepare: Callable[[], None]) -> None:
    """Fork. The child makes itself ready with `prepare` and returns; pid 1 reaps until it ends, and never returns."""
    pid = files.fork()
    if pid == 0:
        prepare()
        return
    set_title(TITLE)
    _keep_what_it_needs()
    close_all_but(())
    _reap_until(pid)


def _keep_what_it_needs() -> None:
    """Root may signal a program that has become another user, if the container may; another user has no capability."""
    permitted = syscalls.capget()[1]
    kept = permitted & capabilities.mask(["CAP_KILL"]) if os.getuid() == 0 else 0
    syscalls.capset(kept, kept, 0)


def _reap_until(program: int) -> NoReturn:
    """Signals are still blocked since the clone, so that none is lost before it is waited for."""
    signals = signal.valid_signals()
    while True:
        received = signal.sigwait(signals)
        if received != signal.SIGCHLD:
            _forward(program, received)
            continue
        status = _reap(program)
        if status is not None:
            os._exit(exit_code(status))


def _reap(program: int) -> int | None:
    """Reap everything that has ended; the wait status of the program if it is among it."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == program:
            found = status


def exit_code(status: int) -> int:
    """The code of a wait status, 128+n for signal n: pid 1 cannot kill itself by that signal."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _forward(program: int, number: int) -> None:
    try:
        os.kill(program, number)
    except ProcessLookupError:
        return

"""What happens to a container that is there: start, signals, end, and being forgotten. Standard library only."""

import os
import select
import signal
from typing import Final

from engine.errors import Conflict, EngineError, SetupFailed
from engine.kernel import files, proc
from engine.runtime import container, groups, host_mounts, store
from engine.runtime.report import Log
from engine.runtime.store import State, Store
from engine.sandbox import hooks, starter

_END_SECONDS: Final = 10.0


def start(found: Store, state: State) -> None:
    """Let its program run, then the poststart hooks. Raises `EngineError`; where a hook fails it is ended."""
    with files.closing(open_first(state)) as pidfd:
        starter.start(found.folder(state.id), pidfd)
    try:
        wanted = hooks.parse(found.read_spec(state.id))
        hooks.run(wanted, ("poststart",), container.for_hook(state, "running"))
    except EngineError:
        end(state, signal.SIGKILL)
        raise


def open_first(state: State) -> int:
    """A pidfd of its first process, which is no later one with the same pid. Raises `Conflict`."""
    if not state.pid:
        raise Conflict("container not running", hint="its creation has not come to an end")
    try:
        pidfd = os.pidfd_open(state.pid)
    except ProcessLookupError:
        raise Conflict("container not running") from None
    if store.is_alive(state):
        return pidfd
    os.close(pidfd)
    raise Conflict("container not running")


def signal_first(state: State, number: int) -> None:
    """Send a signal to its first process. Raises `EngineError`."""
    with files.closing(open_first(state)) as pidfd:
        try:
            signal.pidfd_send_signal(pidfd, number)
        except ProcessLookupError:
            raise Conflict("container not running") from None
        except OSError as err:
            raise SetupFailed(f"unable to signal init: {err.strerror}", errno=err.errno or 0) from err


def end(state: State, number: int) -> None:
    """Kill it with everything in it, and wait until its first process has gone. Gone already is success."""
    if state.cgroup is not None:
        groups.detect().kill(state.cgroup)
    try:
        pidfd = open_first(state)
    except Conflict:
        return
    with files.closing(pidfd):
        signal.pidfd_send_signal(pidfd, number)
        if not select.select([pidfd], [], [], _END_SECONDS)[0]:
            raise SetupFailed("container init still running: Device or resource busy")


def forget(log: Log, found: Store, state: State) -> None:
    """Remove its cgroup and its state, then run the poststop hooks, whose failures are words only."""
    if state.cgroup is not None:
        cgroups = groups.detect()
        cgroups.kill(state.cgroup)  # what a container without a pid namespace has left
        try:
            cgroups.delete(state.cgroup)
        except ExceptionGroup as err:
            log.warn(str(err))
    if state.boot_id in ("", proc.read_boot_id()):
        host_mounts.remove(state)
    try:
        wanted = hooks.parse(found.read_spec(state.id))
    except EngineError:
        wanted = {}
    found.remove(state.id)
    for failure in hooks.run_all(wanted, "poststop", container.for_hook(state, "stopped")):
        log.warn(failure)

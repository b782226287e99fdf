"""`run`: create, start, and unless detached wait and delete."""

import os
import signal

from engine.errors import EngineError, NotFound
from engine.kernel import const, syscalls
from engine.runtime import arguments, creation, foreground, lifecycle
from engine.runtime.arguments import flag
from engine.runtime.call import Call
from engine.runtime.store import Store
from engine.runtime.verbs import create

USAGE = "<container-id>\ncreate and run a container"
OPTIONS = (
    *create.OPTIONS,
    flag("detach", "leave it running and return", "d"),
    flag("keep", "do not delete the container after it exits"),
    flag("no-subreaper", "do not take in what its processes leave"),
)


def main(call: Call) -> int:
    """The exit code of the program; 0 when detached."""
    arguments.count(call.given.arguments, exactly=1, verb=call.verb)
    detached = call.has("detach")
    store = Store(call.root)
    if not detached and not call.has("no-subreaper"):
        syscalls.prctl(const.PR_SET_CHILD_SUBREAPER, 1)
    made = creation.create(call, store, stdio=(0, 1, 2), keeps_terminal=not detached)
    if detached:
        _start(call, store)
        return 0
    return _attended(call, store, made)


def _attended(call: Call, store: Store, made: creation.Made) -> int:
    """It is deleted whatever happens."""
    try:
        with foreground.attending(made.created) as session:
            _start(call, store)
            return session.wait()
    finally:
        if not call.has("keep"):
            _delete(call, store)


def _start(call: Call, store: Store) -> None:
    try:
        with store.locked(call.id) as state:
            lifecycle.start(store, state)
    except BaseException:
        if call.has("detach"):
            _delete(call, store)
        raise


def _delete(call: Call, store: Store) -> None:
    """What goes wrong is a warning: the program's exit code counts. Somebody else may have deleted it."""
    try:
        with store.locked(call.id) as state:
            lifecycle.end(state, signal.SIGKILL)
            _reap(state.pid)
            lifecycle.forget(call.log, store, state)
    except NotFound:
        return
    except EngineError as err:
        call.log.warn(err.message)


def _reap(pid: int) -> None:
    """Its cgroup goes only when the process has been waited for."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return

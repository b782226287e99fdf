"""`delete`: forget a container and remove what was made for it."""

import signal

from engine.errors import Conflict, NotFound
from engine.runtime import arguments, container, lifecycle
from engine.runtime.arguments import flag
from engine.runtime.call import Call
from engine.runtime.store import Store

USAGE = "<container-id>\ndelete any resources held by the container often used with detached container"
OPTIONS = (flag("force", "kill it first if it still runs; one that is not there is no error", "f"),)


def main(call: Call) -> int:
    """One that waits for its start is killed; one that runs only with `--force`."""
    arguments.count(call.given.arguments, exactly=1, verb=call.verb)
    store = Store(call.root)
    try:
        with store.locked(call.id) as state:
            now = container.status(store, state)
            if now in ("running", "paused") and not call.has("force"):
                raise Conflict(f"cannot delete container {call.id} that is not stopped: {now}")
            if now != "stopped":
                lifecycle.end(state, signal.SIGKILL)
            lifecycle.forget(call.log, store, state)
    except NotFound:
        if not call.has("force"):
            raise
        store.remove_begun(call.id)
    return 0

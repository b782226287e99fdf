"""`start`: let the program of a created container run."""

from engine.errors import Conflict
from engine.runtime import arguments, lifecycle
from engine.runtime.call import Call
from engine.runtime.store import Store

USAGE = "<container-id>\nexecutes the user defined process in a created container"
OPTIONS = ()
_REFUSED = {
    "stopped": "cannot start a container that has stopped",
    "running": "cannot start an already running container",
    "paused": "cannot start an already running container",
    "creating": "cannot start a container in the creating state",
}


def main(call: Call) -> int:
    """Then the poststart hooks, of which a failure ends the container."""
    from engine.runtime import container

    arguments.count(call.given.arguments, exactly=1, verb=call.verb)
    store = Store(call.root)
    with store.locked(call.id) as state:
        now = container.status(store, state)
        if now in _REFUSED:
            raise Conflict(_REFUSED[now])
        lifecycle.start(store, state)
    return 0

"""`pause`: freeze every process of a container."""

from engine.errors import Conflict, MissingFeature
from engine.runtime import arguments, container, groups
from engine.runtime.call import Call
from engine.runtime.store import Store

USAGE = "<container-id>\npause suspends all processes inside the container"
OPTIONS = ()


def main(call: Call) -> int:
    """Returns when all of them are frozen."""
    arguments.count(call.given.arguments, exactly=1, verb=call.verb)
    store = Store(call.root)
    with store.locked(call.id) as state:
        now = container.status(store, state)
        if now not in ("running", "created"):
            raise Conflict(f"container not running or created: {now}")
        if state.cgroup is None:
            raise MissingFeature("a container without a cgroup cannot be paused")
        groups.detect().freeze(state.cgroup)
    return 0

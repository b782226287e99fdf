"""`resume`: let a paused container run on."""

from engine.errors import Conflict
from engine.runtime import arguments, container, groups
from engine.runtime.call import Call
from engine.runtime.store import Store

USAGE = "<container-id>\nresumes all processes that have been previously paused"
OPTIONS = ()


def main(call: Call) -> int:
    """Only one that is paused."""
    arguments.count(call.given.arguments, exactly=1, verb=call.verb)
    store = Store(call.root)
    with store.locked(call.id) as state:
        if container.status(store, state) != "paused" or state.cgroup is None:
            raise Conflict("container not paused")
        groups.detect().thaw(state.cgroup)
    return 0

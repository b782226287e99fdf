"""`kill`: send a signal to a container's first process, or to all of its processes."""

import signal

from engine.errors import Conflict
from engine.runtime import arguments, container, groups, lifecycle, signals
from engine.runtime.arguments import flag
from engine.runtime.call import Call
from engine.runtime.store import State, Store

USAGE = "<container-id> [signal]\nkill sends the specified signal (default: SIGTERM) to the container's init process"
OPTIONS = (flag("all", "send it to every process of the container", "a"),)


def main(call: Call) -> int:
    """With `--all` also the processes that a container without a pid namespace has left."""
    arguments.count(call.given.arguments, at_least=1, verb=call.verb)
    number = signals.parse(call.given.arguments[1] if len(call.given.arguments) > 1 else "SIGTERM")
    store = Store(call.root)
    with store.locked(call.id) as state:
        if state.cgroup is not None and (call.has("all") or _lives_among_the_hosts(store, call.id, number)):
            groups.detect().signal(state.cgroup, number)
            return 0
        if container.status(store, state) == "stopped":
            raise Conflict("container not running")
        lifecycle.signal_first(state, number)
        if number == signal.SIGKILL and groups.is_frozen(state):
            _thaw(state)
    return 0


def _thaw(state: State) -> None:
    """On cgroup v1 a frozen process dies of no signal before it is thawed; runc thaws for SIGKILL alone as well."""
    if state.cgroup is not None:
        groups.detect().thaw(state.cgroup)


def _lives_among_the_hosts(store: Store, container_id: str, number: int) -> bool:
    """SIGKILL ends the whole container: without a pid namespace of its own the kernel does not see to that."""
    if number != signal.SIGKILL:
        return False
    namespaces = store.read_spec(container_id)["linux"].get("namespaces") or ()
    return not any(entry.get("type") == "pid" for entry in namespaces)

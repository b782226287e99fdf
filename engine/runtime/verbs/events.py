"""`events`: a container's figures, once or again and again, and when it runs out of memory."""

import json
import select
import sys
from typing import Any, Final

from engine.errors import Conflict, InvalidInput
from engine.kernel import files
from engine.runtime import arguments, container, groups, lifecycle
from engine.runtime.arguments import flag, value
from engine.runtime.call import Call
from engine.runtime.store import Store

USAGE = "<container-id>\ndisplay container events such as OOM notifications, cpu, memory, and IO usage statistics"
OPTIONS = (
    value("interval", "time between figures (default: 5s)"),
    flag("stats", "the figures once, and no more"),
)
_LONGEST_S: Final = 1e6
"""More than select(2) is asked to wait by anybody; infinity is above it, and what is no number too."""
_UNITS: Final = (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0))


def main(call: Call) -> int:
    """One JSON object a line, until the container stops."""
    arguments.count(call.given.arguments, exactly=1, verb=call.verb)
    interval = duration(call.given.text("interval", "5s"))
    if interval <= 0:
        raise InvalidInput("duration interval must be greater than 0")
    store = Store(call.root)
    state = store.read(call.id)
    if container.status(store, state) == "stopped":
        raise Conflict(f"container with id {call.id} is not running")
    if state.cgroup is None:
        raise Conflict("a container without a cgroup has no figures")
    if call.has("stats"):
        _print("stats", call.id, groups.detect().stats(state.cgroup))
        return 0
    with files.closing(lifecycle.open_first(state)) as pidfd:
        _follow(call.id, state.cgroup, pidfd, interval)
    return 0


def _follow(container_id: str, cgroup: str, pidfd: int, interval: float) -> None:
    cgroups = groups.detect()
    ooms = cgroups.oom_kills(cgroup)
    while not select.select([pidfd], [], [], interval)[0]:
        if (now := cgroups.oom_kills(cgroup)) != ooms:
            ooms = now
            _print("oom", container_id, None)
        _print("stats", container_id, cgroups.stats(cgroup))
    if cgroups.oom_kills(cgroup) != ooms:
        _print("oom", container_id, None)


def _print(kind: str, container_id: str, data: Any) -> None:
    event = {"type": kind, "id": container_id} | ({"data": data} if data is not None else {})
    sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def duration(text: str) -> float:
    """Seconds, of `5s`, `100ms`, `1m`. Raises `InvalidInput`."""
    seconds = next((seconds for unit, seconds in _UNITS if text.endswith(unit)), 0.0)
    try:
        found = float(text.rstrip("mhs")) * seconds
    except ValueError:
        found = _LONGEST_S
    if seconds and found < _LONGEST_S:
        return found
    raise InvalidInput(f"invalid value {text!r} for --interval", hint="such as 5s or 100ms")

"""`update`: change a container's limits while it is there."""

import sys
from typing import Any

from engine.errors import Conflict, InvalidInput
from engine.runtime import arguments, bundle, container, groups, quantities
from engine.runtime.arguments import value
from engine.runtime.call import Call
from engine.runtime.store import State, Store

USAGE = "<container-id>\nupdate container resource constraints"
NUMBERS = {
    "blkio-weight": ("blockIO", "weight"),
    "cpu-period": ("cpu", "period"),
    "cpu-quota": ("cpu", "quota"),
    "cpu-burst": ("cpu", "burst"),
    "cpu-share": ("cpu", "shares"),
    "cpu-rt-period": ("cpu", "realtimePeriod"),
    "cpu-rt-runtime": ("cpu", "realtimeRuntime"),
    "cpu-idle": ("cpu", "idle"),
    "pids-limit": ("pids", "limit"),
}
"""Option -> section and key of `linux.resources`."""
SIZES = {
    "memory": ("memory", "limit"),
    "memory-reservation": ("memory", "reservation"),
    "memory-swap": ("memory", "swap"),
}
"""Those that may have a unit."""
TEXTS = {"cpuset-cpus": ("cpu", "cpus"), "cpuset-mems": ("cpu", "mems")}
IGNORED = ("kernel-memory", "kernel-memory-tcp")
"""The kernel has no such limits any more; runc takes the options and does nothing."""
OPTIONS = (
    value("resources", "JSON file with linux.resources, - for standard input", "r"),
    *(value(name, f"{section}.{key}") for name, (section, key) in {**NUMBERS, **SIZES, **TEXTS}.items()),
    *(value(name, "ignored") for name in IGNORED),
    value("l3-cache-schema", "refused"),
    value("mem-bw-schema", "refused"),
)


def main(call: Call) -> int:
    """What is not named stays as it is."""
    arguments.count(call.given.arguments, exactly=1, verb=call.verb)
    store = Store(call.root)
    wanted = _wanted(call)
    with store.locked(call.id) as state:
        if container.status(store, state) == "stopped":
            raise Conflict("container not running")
        if state.cgroup is None:
            raise Conflict("a container without a cgroup has no limits to update")
        for ignored in groups.detect().update(state.cgroup, wanted, strict=True):
            call.log.warn(ignored)
        store.write(state._replace(resources=merged(state, wanted)))
    return 0


def _wanted(call: Call) -> dict[str, Any]:
    for name in ("l3-cache-schema", "mem-bw-schema"):
        if name in call.given.values:
            raise InvalidInput(f"--{name}: Intel RDT is not supported")
    if path := call.given.text("resources"):
        return _read(path)
    found: dict[str, Any] = {}
    for options, parse in ((NUMBERS, quantities.number), (SIZES, quantities.size), (TEXTS, str)):
        for name, (section, key) in options.items():
            if text := call.given.text(name):
                found.setdefault(section, {})[key] = parse(text)
    return found


def _read(path: str) -> dict[str, Any]:
    if path == "-":
        return bundle.parse(sys.stdin.buffer.read(bundle.CONFIG_MAX), "standard input")
    return bundle.read(path)


def merged(state: State, wanted: dict[str, Any]) -> dict[str, Any]:
    """The limits that are in force from now on."""
    found = dict(state.resources)
    for section, keys in wanted.items():
        before = found.get(section)
        found[section] = {**before, **keys} if isinstance(before, dict) and isinstance(keys, dict) else keys
    return found

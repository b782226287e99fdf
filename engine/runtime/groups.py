"""The cgroups of the runtime's containers, by their paths. Standard library only."""

from typing import Any, Final

from engine.cgroup.manager import Cgroups
from engine.cgroup.protocol import Placement
from engine.runtime.store import State
from engine.sandbox import device_rules as defaults

NOWHERE: Final = Placement((), None)


def detect() -> Cgroups:
    """What this host has."""
    return Cgroups.detect(subtree="")


def is_frozen(state: State) -> bool:
    """Whether its processes are frozen."""
    return state.cgroup is not None and detect().is_frozen(state.cgroup)


def place(state: State) -> Placement:
    """How one more process gets into its cgroup."""
    return NOWHERE if state.cgroup is None else detect().place(state.cgroup)


def device_rules(rules: Any) -> list[dict[str, Any]]:
    """The spec's rules, and after them what every container may use, as runc has it."""
    return [*(rules or ()), *defaults.allowed()]


def delegated_to(spec: dict[str, Any]) -> int | None:
    """The host's uid of a container's root who may make cgroups of its own: it sees a writable tree of which it is the
    root, as another user than ours. Source: runc, libcontainer/specconv/spec_linux.go."""
    from engine.sandbox import namespaces  # with sockets and clones, which most verbs do without

    wanted = namespaces.parse(spec["linux"])
    writable = any(
        mount.get("type") in ("cgroup", "cgroup2") and "ro" not in (mount.get("options") or ())
        for mount in spec.get("mounts") or ()
    )
    if not (writable and "cgroup" in wanted.new and "user" in wanted.new):
        return None
    return next((outside for inside, outside, _size in wanted.uids if inside == 0), None)

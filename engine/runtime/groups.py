"""The cgroups of the runtime's containers, by their paths. Standard library only."""

from typing import Any, Final

from engine.cgroup.manager import Cgroups
from engine.cgroup.protocol import Placement
from engine.runtime.store import State
from engine.sandbox import devices

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
    return [*(rules or ()), *devices.allowed()]


def without_devices(resources: dict[str, Any]) -> dict[str, Any]:
    """What `update` may change of a container that runs."""
    return {key: value for key, value in resources.items() if key != "devices"}

"""A container as the verbs see it: its state, its status, and what the specification shows of it.

Standard library only.
"""

import os
import stat
from typing import Any

from engine.kernel import proc
from engine.runtime import store
from engine.runtime.store import State, Store


def status(found: Store, state: State) -> str:
    """creating, created, running, paused or stopped.

    Source: OCI runtime-spec 1.2, runtime.md, "State"; paused is runc's.
    """
    if not state.pid:
        return "creating"
    if not store.is_alive(state):
        return "stopped"
    from engine.runtime import groups  # only what lives can be frozen

    if groups.is_frozen(state):
        return "paused"
    return "created" if is_waiting(found, state) else "running"


def is_waiting(found: Store, state: State) -> bool:
    """Whether its program has not been started yet."""
    try:
        return stat.S_ISFIFO(os.lstat(found.fifo(state.id)).st_mode)
    except FileNotFoundError:
        return False


def shown(found: Store, state: State, *, owner: bool = True) -> dict[str, Any]:
    """What `state` and `list` print, in runc's order of keys."""
    now = status(found, state)
    data: dict[str, Any] = {
        "ociVersion": state.spec_version,
        "id": state.id,
        "pid": 0 if now == "stopped" else state.pid,
        "status": now,
        "bundle": state.bundle,
        "rootfs": state.rootfs,
        "created": state.created,
    }
    if state.annotations:
        data["annotations"] = state.annotations
    return data | {"owner": name_of(state.owner)} if owner else data


def for_hook(state: State, now: str) -> dict[str, Any]:
    """The state that a hook reads. Source: OCI runtime-spec 1.2, runtime.md, "State"."""
    data: dict[str, Any] = {"ociVersion": state.spec_version, "id": state.id, "status": now}
    if state.pid and now != "stopped":
        data["pid"] = state.pid
    data |= {"bundle": state.bundle}
    return data | {"annotations": state.annotations} if state.annotations else data


def name_of(uid: int) -> str:
    """The name of a user of the host; empty for one without."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def identity(pid: int) -> dict[str, Any]:
    """The fields of a state that tell this process from a later one with the same pid."""
    found = proc.read_stat(pid)
    ticks = 0 if found is None else found.start_ticks
    return {"pid": pid, "pid_start_ticks": ticks, "boot_id": proc.read_boot_id()}

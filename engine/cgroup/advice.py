"""What does not work on this host, in words, each with how to get it."""

import os
from typing import Final

from engine.cgroup import detect
from engine.cgroup.detect import Found
from engine.cgroup.kernfs import REAL

MOUNT: Final = "mount one: mount -t cgroup2 none /sys/fs/cgroup; in a container: run it with --privileged"
_FLAGS: Final = {
    "memory": "--memory and --memory-swap are",
    "cpu": "--cpus and --cpu-shares are",
    "cpuset": "--cpuset-cpus is",
    "pids": "--pids-limit is",
    "blkio": "--blkio-weight and --device-read-bps are",
}


def warnings(found: Found) -> tuple[str, ...]:
    """A sentence on each thing that is missing."""
    if not found.seen:
        return (f"no cgroup file system is mounted, so containers run without limits: {MOUNT}",)
    return (*_locked(found), *_crowded(found), *_missing(found), *_swap(found))


def missing(controller: str) -> str:
    """That a controller cannot be used, and what that means. The name is v1's: blkio and not io."""
    way = "boot with cgroup_enable=memory" if controller == "memory" else "see /proc/cgroups"
    return f"no {controller} controller can be used here, so {_FLAGS.get(controller, 'its limits are')} ignored: {way}"


def _locked(found: Found) -> list[str]:
    usable = {mount.path for mount in (*found.hierarchies, *((found.tree,) if found.tree else ()))}
    locked = [mount.path for mount in found.seen if mount.path not in usable]
    if not locked:
        return []
    return [f"cgroups cannot be changed at {', '.join(locked)}: in a container, run it with --privileged"]


def _crowded(found: Found) -> list[str]:
    tree = found.tree
    if tree is None or not detect.is_crowded(tree.path) or not REAL.read_or(f"{tree.path}/cgroup.controllers", ""):
        return []
    return [
        "the cgroup of this container has processes, so it can give no controllers to others: "
        f"make {tree.path}/init and write each pid of {tree.path}/cgroup.procs into the cgroup.procs of that"
    ]


def _missing(found: Found) -> list[str]:
    offered = {name for mount in found.hierarchies for name in mount.controllers}
    offered |= set(found.tree.controllers) if found.tree else set()
    if "io" in offered:
        offered.add("blkio")
    return [missing(name) for name in _FLAGS if name not in offered]


def _swap(found: Found) -> list[str]:
    """v1 shows at the root already whether swap is counted; v2 only in a cgroup, so there `create` says it."""
    memory = next((mount.path for mount in found.hierarchies if "memory" in mount.controllers), None)
    if memory is None or os.path.exists(f"{memory}/memory.memsw.limit_in_bytes"):
        return []
    return ["swap is not counted, so --memory-swap is ignored: boot with swapaccount=1"]

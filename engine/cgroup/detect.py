"""What cgroup file systems this process sees, and which of their controllers it may use. Nothing is changed here."""

import os
import re
from typing import Final, NamedTuple

from engine.cgroup.kernfs import REAL, Kernfs
from engine.cgroup.protocol import Mount

USED: Final = ("cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "freezer", "blkio", "io")
"""The controllers that limits, figures and freezing need; hierarchies with none of them are left alone, so also
systemd's own (`name=systemd`), which is another's to keep."""
EVERY: Final = (*USED, "hugetlb", "net_cls", "net_prio", "perf_event", "rdma", "misc", "name=systemd")
"""Those that an OCI runtime puts a container into, so that it is in the same place everywhere."""
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def mounts(mountinfo: str, used: tuple[str, ...] = USED) -> list[Mount]:
    """The cgroup file systems of a mount table, later mounts of a place hiding earlier ones.

    Source: proc_pid_mountinfo(5): `id parent major:minor root mount-point options [tag...] - type source options`.
    """
    found: dict[str, Mount] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        before, after = left.split(), right.split()
        if len(before) < 6 or len(after) < 3:
            continue
        path = _OCTAL.sub(lambda match: chr(int(match[1], 8)), before[4])
        found.pop(path, None)
        if after[0] in ("cgroup", "cgroup2"):
            found[path] = _mount(path, before, after, used)
    return [mount for mount in found.values() if _is_seen(mount)]


def _mount(path: str, before: list[str], after: list[str], used: tuple[str, ...]) -> Mount:
    options = after[2].split(",")
    writable = "ro" not in before[5].split(",") and "ro" not in options
    version = 2 if after[0] == "cgroup2" else 1
    controllers = () if version == 2 else tuple(option for option in options if option in used)
    return Mount(path, version, controllers, writable, before[2])


def _is_seen(mount: Mount) -> bool:
    """Whether the path leads to this mount, and not to one that was put above it later."""
    try:
        device = os.stat(mount.path).st_dev
    except OSError:
        return False
    return f"{os.major(device)}:{os.minor(device)}" == mount.device


def v1_hierarchies(seen: list[Mount]) -> list[Mount]:
    """One mount for each v1 hierarchy with a controller that we use, a writable one if there is one."""
    chosen: dict[tuple[str, ...], Mount] = {}
    for mount in seen:
        if mount.version == 1 and mount.controllers:
            old = chosen.get(mount.controllers)
            if old is None or (not is_usable(old) and is_usable(mount)):
                chosen[mount.controllers] = mount
    return list(chosen.values())


def v2_tree(seen: list[Mount], used: tuple[str, ...] = USED) -> Mount | None:
    """The v2 tree with the controllers that it can give to our subtree; there is one tree, mounted anywhere."""
    candidates = [mount for mount in seen if mount.version == 2]
    mount = next((m for m in candidates if is_usable(m)), candidates[0] if candidates else None)
    return mount._replace(controllers=_v2_controllers(mount.path, used)) if mount else None


def is_usable(mount: Mount) -> bool:
    """Whether we can make cgroups there. access(2) sees what no mount option shows, such as foreign ownership."""
    return mount.writable and os.access(mount.path, os.W_OK)


def is_crowded(path: str, fs: Kernfs = REAL) -> bool:
    """Whether this v2 cgroup cannot give controllers to its children, because it has processes and is no real root.

    So it is in a container with a cgroup namespace of its own. It must not even be tried: the kernel lets a crowded
    cgroup enable some (cpu, pids), and takes no process into its children from then on.
    Source: cgroup-v2.rst, "No Internal Process Constraint" and "Threads"; the real root has no cgroup.type.
    """
    return os.path.exists(f"{path}/cgroup.type") and bool(fs.read_or(f"{path}/cgroup.procs", "").strip())


def _v2_controllers(path: str, used: tuple[str, ...]) -> tuple[str, ...]:
    file = "cgroup.subtree_control" if is_crowded(path) else "cgroup.controllers"
    available = REAL.read_or(f"{path}/{file}", "").split()
    return tuple(name for name in used if name in available)


class Found(NamedTuple):
    """What there is, and the part of it that can be used."""

    seen: tuple[Mount, ...]
    hierarchies: tuple[Mount, ...]
    """v1, usable."""
    tree: Mount | None
    """v2, usable."""


def found(mountinfo: str, used: tuple[str, ...] = USED) -> Found:
    """All of the above for one mount table."""
    seen = mounts(mountinfo, used)
    hierarchies, tree = v1_hierarchies(seen), v2_tree(seen)
    if tree and not hierarchies:
        tree = v2_tree(seen, used)  # in the hybrid the tree is for killing and freezing; its root is left as it is
    usable = tuple(mount for mount in hierarchies if is_usable(mount))
    return Found((*hierarchies, *((tree,) if tree else ())), usable, tree if tree and is_usable(tree) else None)

"""The cgroup file systems of a container, of which only the child can know what they are. Standard library only."""

import os
from typing import Final, NamedTuple

from engine.kernel import const, proc
from engine.kernel.proc import Hierarchy, Mount
from engine.sandbox import confinement
from engine.sandbox import operations as op
from engine.sandbox.binds import Bind
from engine.sandbox.links import Symlink
from engine.sandbox.options import Parsed
from engine.sandbox.sources import Source

_NOT_CONTROLLERS: Final = ("rw", "ro", "xattr", "clone_children", "noprefix")
_OF_A_BIND: Final = const.MS_RDONLY | const.MS_NOSUID | const.MS_NODEV | const.MS_NOEXEC


class Cgroups(NamedTuple):
    """Mount the hierarchies in which the container has a cgroup of its own.

    A host that refuses it, as one inside another container may, still runs the container: its limits hold all the
    same.
    """

    target: str
    flags: int
    own: bool = True
    """In a cgroup namespace of its own. Without one its cgroups are bound, each a part of the host's hierarchy."""

    def execute(self, site: op.Site) -> None:
        found = site.hierarchies if self.own else ()
        for step in steps(self.target, self.flags, found) or bound(self.target, self.flags, site.hierarchies):
            try:
                step.execute(site)
            except OSError as err:
                site.warnings.append(f"a container cannot see its cgroups: cannot {step.describe()}: {err.strerror}")
                return

    def describe(self) -> str:
        return f"mount the cgroups on {self.target}"


def steps(target: str, flags: int, hierarchies: tuple[Hierarchy, ...]) -> list[op.Operation]:
    """The container's own cgroups, whose namespace shows each as a root.

    cgroup v2 alone is mounted as such. v1, or a hybrid of both, is a tmpfs with one directory a hierarchy, and a link
    for each controller that shares one. Without a cgroup of its own a container sees none: it would see the host's.
    """
    first = [hierarchy for hierarchy in hierarchies if hierarchy.controllers]
    if not first:
        return [op.FileSystem("cgroup2", "cgroup", target, flags)] if hierarchies else []
    found: list[op.Operation] = [op.FileSystem("tmpfs", "tmpfs", target, flags & ~const.MS_RDONLY, "mode=755,size=64k")]
    for hierarchy in first:
        found += _hierarchy(target, flags, hierarchy)
    return [*found, confinement.Freeze(target)] if flags & const.MS_RDONLY else found


def _hierarchy(target: str, flags: int, hierarchy: Hierarchy) -> list[op.Operation]:
    """One v1 hierarchy: `name=systemd` lies at `systemd`, `cpu,cpuacct` at that very name."""
    name = ",".join(hierarchy.controllers).removeprefix("name=")
    data = f"none,name={name}" if hierarchy.controllers[0].startswith("name=") else name
    mount = op.FileSystem("cgroup", "cgroup", f"{target}/{name}", flags, data)
    if len(hierarchy.controllers) == 1:
        return [mount]
    return [mount, *(Symlink(name, f"{target}/{controller}") for controller in hierarchy.controllers)]


def bound(target: str, flags: int, hierarchies: tuple[Hierarchy, ...]) -> list[op.Operation]:
    """The container's own cgroups where it has the host's view: v1 by their folders, v2 whole, as runc has it."""
    mounts = {frozenset(_names(mount)): mount for mount in reversed(proc.read_mounts()) if mount.kind == "cgroup"}
    found = [pair for hierarchy in hierarchies if (pair := _folder(hierarchy, mounts)) is not None]
    if not found:
        return [op.FileSystem("cgroup2", "cgroup", target, flags)] if hierarchies else []
    places: list[op.Operation] = [
        op.FileSystem("tmpfs", "tmpfs", target, flags & ~const.MS_RDONLY, "mode=755,size=64k")
    ]
    for name, folder in found:
        parsed = Parsed(flags=flags & _OF_A_BIND, bind=True)
        places.append(Bind(Source(folder), f"{target}/{name}", parsed))
        places += [Symlink(name, f"{target}/{part}") for part in name.split(",") if part != name]
    return [*places, confinement.Freeze(target)] if flags & const.MS_RDONLY else places


def _names(mount: Mount) -> list[str]:
    """The controllers of a v1 mount; only options that are no controllers are unknown to every line of a process."""
    return [option for option in mount.super_options if option not in _NOT_CONTROLLERS]


def _folder(hierarchy: Hierarchy, mounts: dict[frozenset[str], Mount]) -> tuple[str, str] | None:
    """The name of a hierarchy, and where its cgroup is seen on the host."""
    mount = mounts.get(frozenset(hierarchy.controllers))
    if mount is None or not hierarchy.controllers:
        return None
    below = os.path.relpath(hierarchy.path, mount.root)
    return ",".join(hierarchy.controllers).removeprefix("name="), os.path.normpath(f"{mount.target}/{below}")

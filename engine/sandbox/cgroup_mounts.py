"""The cgroup file systems of a container, of which only the child can know what they are. Standard library only."""

from typing import NamedTuple

from engine.kernel import const
from engine.kernel.proc import Hierarchy
from engine.sandbox import confinement
from engine.sandbox import operations as op


class Cgroups(NamedTuple):
    """Mount the hierarchies in which the container has a cgroup of its own.

    A host that refuses it, as one inside another container may, still runs the container: its limits hold all the
    same.
    """

    target: str
    flags: int

    def execute(self, site: op.Site) -> None:
        for step in steps(self.target, self.flags, site.hierarchies):
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
    return [mount, *(op.Symlink(name, f"{target}/{controller}") for controller in hierarchy.controllers)]

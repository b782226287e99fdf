"""The plan of a container's root: from the OCI runtime-spec to a list of operations. Pure; standard library only.

The order matters: the root, the mounts of the spec in its order, what lies in /dev, kernel parameters while /proc/sys
can be written to, the working directory while the root can, then masks and read-only paths, and pivot_root last.
"""

from typing import Any, Final

from engine.kernel import const
from engine.kernel.proc import Hierarchy
from engine.sandbox import operations as op
from engine.sandbox import options
from engine.sandbox.terminal import Console

DEVICES: Final = (
    op.Device("/dev/null", "c", 1, 3),
    op.Device("/dev/zero", "c", 1, 5),
    op.Device("/dev/full", "c", 1, 7),
    op.Device("/dev/random", "c", 1, 8),
    op.Device("/dev/urandom", "c", 1, 9),
    op.Device("/dev/tty", "c", 5, 0),
)
"""Source: OCI runtime-spec 1.2, config-linux.md, "Default Devices"."""
LINKS: Final = (
    op.Symlink("pts/ptmx", "/dev/ptmx"),
    op.Symlink("/proc/self/fd", "/dev/fd"),
    op.Symlink("/proc/self/fd/0", "/dev/stdin"),
    op.Symlink("/proc/self/fd/1", "/dev/stdout"),
    op.Symlink("/proc/self/fd/2", "/dev/stderr"),
)
"""Source: OCI runtime-spec 1.2, runtime-linux.md, "Dev symbolic links"."""
_MUST_BE_REAL: Final = ("proc", "sysfs")


def plan(
    spec: dict[str, Any], root: dict[str, Any], rootfs: str, hierarchies: tuple[Hierarchy, ...] = ()
) -> list[op.Operation]:
    """Everything that turns the host's root into the container's.

    `root` is `{"kind": "overlay", "lower": [top first], "upper", "work", "options": [...]}` or
    `{"kind": "directory", "path"}`; `rootfs` is an empty directory of the host; `hierarchies` are the cgroup
    hierarchies in which the container has a cgroup of its own.
    """
    linux = spec.get("linux", {})
    steps: list[op.Operation] = [op.Isolate(_receives(spec)), _root(root, rootfs)]
    for mount in spec.get("mounts", []):
        steps += _mount(mount, hierarchies)
    if not _binds_dev(spec):
        steps += [*DEVICES, *map(_device, linux.get("devices", [])), *LINKS]
    if spec["process"].get("terminal"):
        steps.append(Console())
    steps += [op.Sysctl(name, value) for name, value in linux.get("sysctl", {}).items()]
    steps.append(op.MakeDirectory(spec["process"]["cwd"]))
    steps += [op.ReadOnly(path) for path in linux.get("readonlyPaths", [])]
    steps += [op.Mask(path) for path in linux.get("maskedPaths", [])]
    if spec.get("hostname"):
        steps.append(op.Hostname(spec["hostname"]))
    if spec["root"].get("readonly"):
        steps.append(op.Freeze("/"))
    return [*steps, op.Pivot()]


def _receives(spec: dict[str, Any]) -> bool:
    """Whether a mount of the spec follows what the host mounts later."""
    return any(options.parse(mount.get("options", [])).propagation & const.MS_SLAVE for mount in spec.get("mounts", []))


def _binds_dev(spec: dict[str, Any]) -> bool:
    """Whether /dev is the host's: nothing is made in it then."""
    return any(mount["destination"] == "/dev" and mount.get("type") == "bind" for mount in spec.get("mounts", []))


def _root(root: dict[str, Any], rootfs: str) -> op.Operation:
    if root["kind"] == "directory":
        return op.Directory(rootfs, root["path"])
    return op.Overlay(rootfs, tuple(root["lower"]), root["upper"], root["work"], tuple(root.get("options", ())))


def _mount(mount: dict[str, Any], hierarchies: tuple[Hierarchy, ...]) -> list[op.Operation]:
    kind, target = mount.get("type", "bind"), mount["destination"]
    parsed = options.parse(mount.get("options", []))
    if kind == "cgroup":
        return _cgroups(target, parsed.flags, hierarchies)
    if kind == "bind":
        return _bind(mount["source"], target, parsed)
    source = mount.get("source", kind)
    return [op.FileSystem(kind, source, target, parsed.flags, parsed.data, links=kind not in _MUST_BE_REAL)]


def _bind(source: str, target: str, parsed: options.Parsed) -> list[op.Operation]:
    return [
        op.MakeHostDirectory(source),
        op.Bind(source, target, parsed.recursive, parsed.attributes, parsed.propagation),
    ]


def _cgroups(target: str, flags: int, hierarchies: tuple[Hierarchy, ...]) -> list[op.Operation]:
    """The container's own cgroups, whose namespace shows each as a root.

    cgroup v2 alone is mounted as such. v1, or a hybrid of both, is a tmpfs with one directory a hierarchy, and a link
    for each controller that shares one. Without a cgroup of its own a container sees none: it would see the host's.
    """
    first = [hierarchy for hierarchy in hierarchies if hierarchy.controllers]
    if not first:
        return [op.FileSystem("cgroup2", "cgroup", target, flags)] if hierarchies else []
    steps: list[op.Operation] = [op.FileSystem("tmpfs", "tmpfs", target, flags & ~const.MS_RDONLY, "mode=755,size=64k")]
    for hierarchy in first:
        steps += _hierarchy(target, flags, hierarchy)
    return [*steps, op.Freeze(target)] if flags & const.MS_RDONLY else steps


def _hierarchy(target: str, flags: int, hierarchy: Hierarchy) -> list[op.Operation]:
    """One v1 hierarchy: `name=systemd` lies at `systemd`, `cpu,cpuacct` at that very name."""
    name = ",".join(hierarchy.controllers).removeprefix("name=")
    data = f"none,name={name}" if hierarchy.controllers[0].startswith("name=") else name
    mount = op.FileSystem("cgroup", "cgroup", f"{target}/{name}", flags, data)
    if len(hierarchy.controllers) == 1:
        return [mount]
    return [mount, *(op.Symlink(name, f"{target}/{controller}") for controller in hierarchy.controllers)]


def _device(device: dict[str, Any]) -> op.Device:
    return op.Device(
        device["path"],
        device["type"],
        device.get("major", 0),
        device.get("minor", 0),
        device.get("fileMode", 0o666),
        device.get("uid", 0),
        device.get("gid", 0),
    )

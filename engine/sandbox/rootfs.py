"""The plan of a container's root: from the OCI runtime-spec to a list of operations. Pure; standard library only.

The order matters: the root, the mounts of the spec in its order, what lies in /dev, kernel parameters while /proc/sys
can be written to, the working directory while the root can, then masks and read-only paths, and pivot_root last.
"""

from typing import Any, Final

from engine.kernel import const
from engine.sandbox import confinement, options
from engine.sandbox import operations as op
from engine.sandbox.cgroup_mounts import Cgroups
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


def plan(spec: dict[str, Any], root: dict[str, Any], rootfs: str) -> list[op.Operation]:
    """Everything that turns the host's root into the container's.

    `root` is `{"kind": "overlay", "lower": [top first], "upper", "work", "options": [...]}` or
    `{"kind": "directory", "path"}`; `rootfs` is an empty directory of the host.
    Raises KeyError and TypeError for what is no OCI runtime-spec.
    """
    linux = spec.get("linux", {})
    steps: list[op.Operation] = [op.Isolate(_receives(spec)), _root(root, rootfs)]
    for mount in spec.get("mounts", []):
        steps += _mount(mount)
    if not _binds_dev(spec):
        steps += [*DEVICES, *map(_device, linux.get("devices", [])), *LINKS]
    if spec["process"].get("terminal"):
        steps.append(Console())
    steps += [confinement.Sysctl(name, value) for name, value in linux.get("sysctl", {}).items()]
    steps.append(op.MakeDirectory(spec["process"]["cwd"]))
    steps += [confinement.ReadOnly(path) for path in linux.get("readonlyPaths", [])]
    steps += [confinement.Mask(path) for path in linux.get("maskedPaths", [])]
    if spec.get("hostname"):
        steps.append(confinement.Hostname(spec["hostname"]))
    if spec["root"].get("readonly"):
        steps.append(confinement.Freeze("/"))
    return [*steps, confinement.Pivot()]


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


def _mount(mount: dict[str, Any]) -> list[op.Operation]:
    kind, target = mount.get("type", "bind"), mount["destination"]
    parsed = options.parse(mount.get("options", []))
    if kind == "cgroup":
        return [Cgroups(target, parsed.flags)]
    if kind == "bind":
        return _bind(mount["source"], target, parsed)
    source = mount.get("source", kind)
    return [op.FileSystem(kind, source, target, parsed.flags, parsed.data, links=kind not in _MUST_BE_REAL)]


def _bind(source: str, target: str, parsed: options.Parsed) -> list[op.Operation]:
    """Only a source that is bound with what is below it may be missing: the engine's own files are bound alone."""
    bind = op.Bind(source, target, parsed.recursive, parsed.attributes, parsed.propagation)
    return [op.MakeHostDirectory(source), bind] if parsed.recursive else [bind]


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

"""The plan of a container's root: from the OCI runtime-spec to a list of operations. Pure; standard library only.

The order matters: the root, the mounts of the spec in its order, what lies in /dev, kernel parameters while /proc/sys
can be written to, the working directory while the root can, then masks and read-only paths, and pivot_root last.
"""

import os
from typing import Any, Final, NamedTuple

from engine.kernel import const
from engine.sandbox import confinement, options
from engine.sandbox import operations as op
from engine.sandbox.cgroup_mounts import Cgroups
from engine.sandbox.sources import Idmap, Source
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


GROUND: Final = "/dev"
"""Where the root is put together in a user namespace: every host has it, and anyone may walk there, which is not so for
the engine's own folders. Only the container's mount namespace sees it."""


class Plan(NamedTuple):
    """Everything that turns the host's root into the container's."""

    steps: list[op.Operation]
    """Up to the moment when hooks look at the finished mounts."""
    last: list[op.Operation]
    """From then on."""
    sources: list[Source]
    """What of the host the steps take, in the order in which a parent hands it over."""


def plan(
    spec: dict[str, Any], root: dict[str, Any], rootfs: str, *, isolated: bool = False, pivot: bool = True
) -> Plan:
    """The plan for a spec.

    `root` is `{"kind": "overlay", "lower": [top first], "upper", "work", "options": [...], "idmap": bool}` or
    `{"kind": "directory", "path"}`; `rootfs` is an empty directory of the host. `isolated`: in a user namespace.
    Raises KeyError and TypeError for what is no OCI runtime-spec.
    """
    linux = spec.get("linux", {})
    first = _root(root, GROUND if isolated else rootfs)
    steps: list[op.Operation] = [op.Isolate(_receives(spec)), first]
    for mount in spec.get("mounts") or ():
        steps += _mount(mount)
    if not _binds_dev(spec):
        steps += [*DEVICES, *map(_device, linux.get("devices", [])), *LINKS]
    if spec["process"].get("terminal"):
        steps.append(Console())
    return Plan(steps, _last(spec, linux, pivot), _sources(steps))


def _last(spec: dict[str, Any], linux: dict[str, Any], pivot: bool) -> list[op.Operation]:
    steps: list[op.Operation] = [confinement.Sysctl(name, value) for name, value in (linux.get("sysctl") or {}).items()]
    steps.append(op.MakeDirectory(spec["process"]["cwd"]))
    steps += [confinement.ReadOnly(path) for path in linux.get("readonlyPaths") or ()]
    steps += [confinement.Mask(path) for path in linux.get("maskedPaths") or ()]
    if spec.get("hostname"):
        steps.append(confinement.Hostname(spec["hostname"]))
    if spec["root"].get("readonly"):
        steps.append(confinement.Freeze("/"))
    return [*steps, confinement.Pivot() if pivot else confinement.Move()]


def _sources(steps: list[op.Operation]) -> list[Source]:
    found: list[Source] = []
    for step in steps:
        if isinstance(step, op.MappedOverlay):
            found += [step.workshop, *step.lower]
        elif isinstance(step, op.Bind | op.Directory):
            found.append(step.source)
        elif isinstance(step, op.Device):
            found.append(step.on_host)
    return found


def _receives(spec: dict[str, Any]) -> bool:
    """Whether a mount of the spec follows what the host mounts later."""
    return any(options.parse(mount.get("options", [])).propagation & const.MS_SLAVE for mount in spec.get("mounts", []))


def _binds_dev(spec: dict[str, Any]) -> bool:
    """Whether /dev is the host's: nothing is made in it then."""
    return any(mount["destination"] == "/dev" and mount.get("type") == "bind" for mount in spec.get("mounts", []))


def _root(root: dict[str, Any], rootfs: str) -> op.Operation:
    if root["kind"] == "directory":
        return op.Directory(rootfs, Source(root["path"], recursive=True))
    options = tuple(root.get("options", ()))
    if not root.get("idmap"):
        return op.Overlay(rootfs, tuple(root["lower"]), root["upper"], root["work"], options)
    lower = tuple(Source(path, idmap=Idmap()) for path in root["lower"])
    return op.MappedOverlay(rootfs, lower, Source(os.path.dirname(root["upper"]), idmap=Idmap()), options)


def _mount(mount: dict[str, Any]) -> list[op.Operation]:
    kind, target = mount.get("type", "bind"), mount["destination"]
    parsed = options.parse(mount.get("options", []))
    if kind == "cgroup":
        return [Cgroups(target, parsed.flags)]
    if kind == "bind":
        return [_bind(mount["source"], target, parsed)]
    source = mount.get("source", kind)
    return [op.FileSystem(kind, source, target, parsed.flags, parsed.data, links=kind not in _MUST_BE_REAL)]


def _bind(source: str, target: str, parsed: options.Parsed) -> op.Operation:
    """Only a source that is bound with what is below it may be missing: the engine's own files are bound alone."""
    found = Source(source, parsed.recursive, parsed.idmap, make=parsed.recursive)
    return op.Bind(found, target, parsed.attributes, parsed.propagation)


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

"""The plan of a container's root: from the OCI runtime-spec to a list of operations. Pure; standard library only.

The order matters: the root, the mounts of the spec in its order, what lies in /dev, kernel parameters while /proc/sys
can be written to, the working directory while the root can, then masks and read-only paths, and pivot_root last.
"""

import enum
import os
from typing import Any, Final, NamedTuple

from engine.errors import InvalidInput
from engine.kernel import const
from engine.sandbox import confinement, fields, nodes, options, sysctl
from engine.sandbox import operations as op
from engine.sandbox.binds import Bind
from engine.sandbox.mount_steps import Mounts
from engine.sandbox.pivot import Chroot, Move, Pivot, Propagate
from engine.sandbox.roots import Directory, Isolate, MappedOverlay, Overlay, Part
from engine.sandbox.sources import Idmap, Source
from engine.sandbox.terminal import Console

GROUND: Final = "/dev"
"""Where the root is put together in a user namespace: every host has it, and anyone may walk there, which is not so for
the engine's own folders. Only the container's mount namespace sees it."""


class Leave(enum.Enum):
    """How a container leaves the host's root."""

    PIVOT = enum.auto()
    MOVE = enum.auto()
    """Where pivot_root(2) cannot be; see `pivot.Move`."""
    CHROOT = enum.auto()
    """Without a mount namespace: what is mounted is the host's to see, and its caller's to unmount."""


class Plan(NamedTuple):
    """Everything that turns the host's root into the container's."""

    steps: list[op.Operation]
    """Up to the moment when hooks look at the finished mounts."""
    last: list[op.Operation]
    """From then on."""
    sources: list[Source]
    """What of the host a parent hands over, in this order: all that the steps take in a user namespace, else what shows
    other owners by a mapping of its own."""


def plan(
    spec: dict[str, Any], root: dict[str, Any], rootfs: str, *, isolated: bool = False, leave: Leave = Leave.PIVOT
) -> Plan:
    """The plan for a spec.

    `root` is `{"kind": "overlay", "lower": [top first], "upper", "work", "options": [...]}` or `{"kind": "directory",
    "path"}`. Either may have `idmap` (its files show the ids of the container's user namespace for those on disk),
    `make_sources` (a directory that is to be bound is made on the host), `bundle` (where relative sources begin),
    `beneath` (destination of a bind -> the path in its source that is seen there, which a stranger may have made).
    `rootfs` is an empty directory of the host. `isolated`: in a user namespace.
    Raises `InvalidInput`; KeyError and TypeError for what is no OCI runtime-spec.
    """
    linux = fields.an_object(spec, "linux") or {}
    mounts = Mounts(spec, root, isolated=isolated)
    propagation = _propagation(linux)
    first = _isolation(propagation, mounts.receives)
    steps: list[op.Operation] = [] if leave is Leave.CHROOT else [Isolate(first)]
    ground = GROUND if isolated else rootfs
    if first & const.MS_SHARED:
        steps.append(Part(ground))
    steps += [_root(root, ground), *mounts.steps]
    if not mounts.is_dev_bound:
        steps += [*nodes.steps(linux, bound=isolated), *nodes.LINKS]
    if spec["process"].get("terminal"):
        steps.append(Console())
    last = [*_confine(spec, linux, isolated), *mounts.last, *_leave(spec, propagation, leave)]
    return Plan(steps, last, _sources(steps, isolated))


def _isolation(propagation: int, receives: bool) -> int:
    """What the mounts that the host has now become: all of them, and never unbindable, since sources are among them."""
    kind = propagation & ~const.MS_REC
    if kind in (const.MS_SHARED, const.MS_SLAVE):
        return kind | const.MS_REC
    return (const.MS_SLAVE if receives else const.MS_PRIVATE) | const.MS_REC


def _propagation(linux: dict[str, Any]) -> int:
    """`linux.rootfsPropagation` as MS_*; 0 where there is none."""
    word = fields.text(linux, "rootfsPropagation")
    if word and word not in options.PROPAGATION:
        raise InvalidInput(
            f"rootfsPropagation={word} is not supported", hint=f"one of {', '.join(options.PROPAGATION)}"
        )
    return options.PROPAGATION[word] if word else 0


def _confine(spec: dict[str, Any], linux: dict[str, Any], isolated: bool) -> list[op.Operation]:
    steps: list[op.Operation] = [*sysctl.steps(linux)]
    steps.append(op.MakeDirectory(spec["process"]["cwd"]))
    steps += [confinement.ReadOnly(path) for path in fields.strings(linux, "readonlyPaths")]
    steps += [confinement.Mask(path, isolated) for path in fields.strings(linux, "maskedPaths")]
    return steps


def _leave(spec: dict[str, Any], propagation: int, leave: Leave) -> list[op.Operation]:
    steps = _names(spec)
    if spec["root"].get("readonly"):
        steps.append(confinement.Freeze("/"))
    pivot = Pivot(bool(propagation & const.MS_SHARED))
    ways: dict[Leave, op.Operation] = {Leave.PIVOT: pivot, Leave.MOVE: Move(), Leave.CHROOT: Chroot()}
    steps.append(ways[leave])
    if propagation and not propagation & const.MS_PRIVATE:
        steps.append(Propagate(propagation))
    return steps


def _names(spec: dict[str, Any]) -> list[op.Operation]:
    """Those of the host that the container sees, in a uts namespace that is its own."""
    hostname, domainname = fields.text(spec, "hostname"), fields.text(spec, "domainname")
    found: list[op.Operation] = []
    if hostname:
        found.append(confinement.Hostname(hostname))
    if domainname:
        found.append(confinement.Domainname(domainname))
    if found and not _has_namespace(spec, "uts"):
        what = "hostname" if hostname else "domainname"
        raise InvalidInput(f"unable to set {what} without a private UTS namespace", hint="add uts to linux.namespaces")
    return found


def _has_namespace(spec: dict[str, Any], kind: str) -> bool:
    linux = fields.an_object(spec, "linux") or {}
    return any(entry.get("type") == kind for entry in fields.objects(linux, "namespaces"))


def _root(root: dict[str, Any], ground: str) -> op.Operation:
    idmap = Idmap() if root.get("idmap") else None
    if root["kind"] == "directory":
        return Directory(ground, Source(root["path"], recursive=idmap is None, idmap=idmap))
    words = tuple(root.get("options", ()))
    if idmap is None and ground != GROUND:
        return Overlay(ground, tuple(root["lower"]), root["upper"], root["work"], words)
    lower = tuple(Source(path, idmap=idmap) for path in root["lower"])
    kept = tuple(
        word for word in words if not word.startswith("redirect_dir=")
    )  # refused beside userxattr, and implied
    return MappedOverlay(ground, lower, Source(os.path.dirname(root["upper"]), idmap=idmap), kept)


def _sources(steps: list[op.Operation], isolated: bool) -> list[Source]:
    found: list[Source] = []
    for step in steps:
        if isinstance(step, MappedOverlay):
            found += [step.workshop, *step.lower]
        elif isinstance(step, Bind | Directory):
            found.append(step.source)
        elif isinstance(step, nodes.Device):
            found.append(step.on_host)
    return [source for source in found if not source.inside and (isolated or source.idmap)]

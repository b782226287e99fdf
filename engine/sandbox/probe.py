"""Which features of the kernel this host refuses, found by a cheap real try. Standard library only.

A version number says little: a container around us, a seccomp filter, a sysctl or a build option may each refuse what
the kernel could do. So a child tries, in namespaces of its own, and nothing of it is left when it ends.
"""

import json
import os
from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn

from engine import errors
from engine.kernel import clone, const, files, syscalls
from engine.sandbox import explain, sources, userns
from engine.sandbox.child import signals_blocked
from engine.sandbox.init import UNSHARED
from engine.sandbox.mappings import Mapping
from engine.sandbox.sources import Idmap, Source

_USER: Final = "user namespaces"
"""No `NAME namespace`: containers run without one where they are told to."""
_MAPPINGS: Final = ((Mapping(0, 0x7000_0000, 1 << 16),),) * 2
_GROUND: Final = "/dev"
"""A directory that every host has; what is mounted there is seen by the trying child alone."""


class Missing(NamedTuple):
    """A feature that cannot be had here."""

    feature: str
    """`NAME namespace` with the OCI's name, one of `_MOUNTS`: overlay, tmpfs, proc ..., or `_USER`."""
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


def missing(folder: str | None = None) -> list[Missing]:
    """What is refused here, empty on a host that has everything. Leaves nothing behind. Raises OSError.

    `folder` is where images and volumes lie: what lies there must be able to show other owners.
    """
    refused = []
    try:
        text = _report(const.CLONE_NEWPID)
    except OSError as err:
        refused.append(_missing("pid namespace", explain.namespace("pid", err)))
        text = _report(0)
    return [*refused, *(Missing(*entry) for entry in json.loads(text or "[]")), *_user_namespaces(folder)]


def _user_namespaces(folder: str | None) -> list[Missing]:
    """A user namespace alone, and then the files that a container in one needs."""
    try:
        with files.closing(_one_of_its_own()):
            pass
    except OSError as err:
        return [_missing(_USER, explain.namespace("user", err))]
    try:
        if folder is not None:
            with userns.made(*_MAPPINGS) as own:
                os.close(sources.open_tree(Source(folder, idmap=Idmap()), own))
    except OSError as err:
        return [_missing(_USER, sources.unmappable(folder or "", err))]
    except errors.EngineError as err:
        return [Missing(_USER, err.message, explain.WITHOUT_USER_NAMESPACE)]
    return []


def _one_of_its_own() -> int:
    """The pidfd of a child in a user namespace, which has ended."""
    with signals_blocked():
        child = clone.clone(const.CLONE_NEWUSER)
        if child.pid == 0:
            os._exit(0)
    os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED)
    return child.pidfd


def _report(flags: int) -> str:
    """What a child in new namespaces of these flags reports."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    with files.closing(reader):
        with files.closing(writer), signals_blocked():
            child = clone.clone(flags)
            if child.pid == 0:
                _try_everything(writer)
        with files.closing(child.pidfd):
            try:
                return files.read_all(reader)
            finally:
                os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED)


def _try_everything(writer: int) -> NoReturn:
    """The child: each step in order, since mounts need the mount namespace."""
    try:
        refused = [found for name, flag in UNSHARED.items() if (found := _try_namespace(name, flag))]
        if not any(entry.feature == "mount namespace" for entry in refused):
            refused += [found for feature, what, step in _MOUNTS if (found := _try(feature, what, step))]
        os.write(writer, json.dumps(refused).encode())
    finally:
        os._exit(0)


def _try_namespace(name: str, flag: int) -> Missing | None:
    try:
        syscalls.unshare(flag)
    except OSError as err:
        return _missing(f"{name} namespace", explain.namespace(name, err))
    return None


def _try(feature: str, what: str, step: Callable[[], None]) -> Missing | None:
    try:
        step()
    except OSError as err:
        return _missing(feature, explain.step(f"use {what}", err))
    return None


def _missing(feature: str, err: errors.EngineError) -> Missing:
    return Missing(feature, err.message, err.hint)


def _separate() -> None:
    syscalls.mount(None, "/", None, const.MS_REC | const.MS_PRIVATE)


def _tmpfs() -> None:
    syscalls.mount("tmpfs", _GROUND, "tmpfs", 0, "size=64k")


def _overlay() -> None:
    for name in ("lower", "upper", "work", "merged"):
        files.make_directory(f"{_GROUND}/{name}", 0o700)
    options = f"lowerdir={_GROUND}/lower,upperdir={_GROUND}/upper,workdir={_GROUND}/work"
    syscalls.mount("overlay", f"{_GROUND}/merged", "overlay", 0, options)


def _attributes() -> None:
    """On a detached copy of a mount."""
    tree = syscalls.open_tree(const.AT_FDCWD, _GROUND, const.OPEN_TREE_CLONE)
    with files.closing(tree):
        syscalls.mount_setattr(tree, attributes=const.MOUNT_ATTR_RDONLY)


def _proc() -> None:
    syscalls.mount("proc", _GROUND, "proc", const.MS_NOSUID | const.MS_NODEV | const.MS_NOEXEC)


_MOUNTS: Final = (
    ("private mounts", "mounts of its own", _separate),
    ("tmpfs", "the tmpfs file system", _tmpfs),
    ("overlay", "the overlay file system", _overlay),
    ("mount attributes", "read-only copies of mounts", _attributes),
    ("proc", "a proc file system of its own", _proc),
)

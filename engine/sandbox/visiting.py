"""The files of a container from outside, for a process that works on them and then ends.

    running     its root as its programs see it, with volumes and all else that is mounted there. The process keeps its
                own root and mounts: nothing of the container is ever loaded. It becomes root of the container's user
                namespace, whose ids those files have
    stopped     the same root is mounted again, volumes and bind mounts with it, in a mount namespace of the process
                alone: ids are those on disk

Every path is resolved beneath the descriptor of that root; see `beneath`.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from engine import errors
from engine.kernel import const, files, proc, syscalls
from engine.sandbox import explain, userns
from engine.sandbox.beneath import Root
from engine.sandbox.mount_steps import Mounts
from engine.sandbox.operations import Site
from engine.sandbox.roots import Directory, Isolate, Overlay
from engine.sandbox.sources import Source

_UNLIKE_USERXATTR: Final = "redirect_dir="
"""An option that is refused beside userxattr, and implied by it."""


@contextmanager
def visited(place: dict[str, Any]) -> Iterator[Root]:
    """The root of a container: `{"pid", "start_ticks"}` of its pid 1, or what `mounted` takes. Raises `EngineError`."""
    if "pid" in place:
        with files.closing(enter(place["pid"], place["start_ticks"])) as root:
            yield Root(root)
    else:
        with mounted(**place) as found:
            yield found


def enter(pid: int, start_ticks: int) -> int:
    """Become root of the user namespace of a container, for good; a descriptor of the container's root.

    Whatever the process imports later must have been imported before. Raises Conflict where the container has gone.
    """
    try:
        with ExitStack() as undo:
            root = files.open_path(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY)
            undo.callback(os.close, root)
            with files.closing(userns.open_of(pid)) as namespace:
                if not proc.is_same_process(pid, start_ticks):
                    raise _gone()
                _become_root(namespace)
            undo.pop_all()
            return root
    except (FileNotFoundError, ProcessLookupError) as err:
        raise _gone() from err
    except OSError as err:
        raise explain.step("enter the container's user namespace", err) from err


def _become_root(namespace: int) -> None:
    """In there every process of the container might look at this one, were it dumpable."""
    theirs, ours = os.fstat(namespace), os.stat("/proc/self/ns/user")
    syscalls.prctl(const.PR_SET_DUMPABLE, 0)
    if (theirs.st_dev, theirs.st_ino) == (ours.st_dev, ours.st_ino):
        return
    syscalls.setgroups(())
    syscalls.setns(namespace, const.CLONE_NEWUSER)
    userns.become_root()
    syscalls.prctl(const.PR_SET_DUMPABLE, 0)


def _gone() -> errors.EngineError:
    return errors.Conflict("the container has just ended", hint="try again: its files are still there")


@contextmanager
def mounted(
    root: dict[str, Any],
    rootfs: str,
    mounts: list[dict[str, Any]],
    beneath: dict[str, str],
    *,
    ids: int | None,
    read_only: bool,
) -> Iterator[Root]:
    """The root of a container that does not run. `root` is as `rootfs.plan` takes it, `mounts` are those of the
    runtime-spec that show files of the host, `ids` is how many ids of its own the container has, None without any.

    The mounts end with this block, at the latest with the process. Raises `EngineError`.
    """
    site = Site()
    what = "separate the mounts from the host's"
    try:
        syscalls.unshare(const.CLONE_NEWNS)
        for step in (Isolate(), _root(root, rootfs, ids is not None), *_binds(root, mounts, beneath)):
            what = step.describe()
            step.execute(site)
        if read_only:
            syscalls.mount_setattr(site.root.fd, attributes=const.MOUNT_ATTR_RDONLY)
    except OSError as err:
        raise explain.step(what, err) from err
    try:
        yield site.root
    finally:
        site.leave()
        syscalls.umount(rootfs, const.MNT_DETACH)


def _root(root: dict[str, Any], rootfs: str, mapped: bool) -> Overlay | Directory:
    """With the kind of marks that the container's own overlay left in its layer."""
    if root["kind"] == "directory":
        return Directory(rootfs, Source(root["path"]))
    words = tuple(root["options"])
    if mapped:
        words = ("userxattr", *(word for word in words if not word.startswith(_UNLIKE_USERXATTR)))
    return Overlay(rootfs, tuple(root["lower"]), root["upper"], root["work"], words)


def _binds(root: dict[str, Any], mounts: list[dict[str, Any]], beneath: dict[str, str]) -> list[Any]:
    """A source that is missing is made when the container starts, and shows nothing before."""
    there = [mount for mount in mounts if mount["type"] != "bind" or os.path.exists(mount["source"])]
    return Mounts({"mounts": there}, root | {"beneath": beneath, "make_sources": False}, isolated=False).steps

"""The last steps of a root: it becomes the root of the container, and the host's is let go. Standard library only."""

import os
from typing import NamedTuple

from engine.kernel import const, files, proc, syscalls
from engine.sandbox.beneath import by_descriptor
from engine.sandbox.operations import Site

_FULL: tuple[str, ...] = ("proc", "sysfs")


class Pivot(NamedTuple):
    """Make the new root the root.

    The old root ends up mounted over the new one, from where it is unmounted with everything in it.
    Source: pivot_root(2), "pivot_root(".", ".")".
    """

    shared: bool = False
    """The host would hear of what is unmounted: it is cut off first."""

    def execute(self, site: Site) -> None:
        files.change_directory(site.root.fd)
        with files.closing(files.open_path("/", os.O_PATH | os.O_DIRECTORY)) as old:
            syscalls.pivot_root(".", ".")
            if self.shared:
                syscalls.mount_setattr(old, propagation=const.MS_SLAVE, recursive=True)
        syscalls.umount(".", const.MNT_DETACH)
        files.change_directory("/")
        site.leave()

    def describe(self) -> str:
        return "change the root"


class Move(NamedTuple):
    """Make the new root the root where pivot_root(2) cannot: the host's root is itself a ramfs.

    The host's mounts stay below. Whole proc and sysfs file systems go, which would else vouch for new ones that a
    program mounts. Source: mount_namespaces(7); `mount_too_revealing` of the kernel's fs/namespace.c.
    """

    def execute(self, site: Site) -> None:
        files.change_directory(site.root.fd)
        own = files.read_link(by_descriptor(site.root.fd))
        for mount in reversed(proc.read_mounts()):
            if mount.kind in _FULL and not f"{mount.target}/".startswith(f"{own}/"):
                _hide(mount.target)
        syscalls.mount(".", "/", None, const.MS_MOVE)
        syscalls.chroot(".")
        files.change_directory("/")
        site.leave()

    def describe(self) -> str:
        return "move the root"


class Chroot(NamedTuple):
    """Make the new root the root of this process alone."""

    def execute(self, site: Site) -> None:
        files.change_directory(site.root.fd)
        syscalls.chroot(".")
        files.change_directory("/")
        site.leave()

    def describe(self) -> str:
        return "change the root of the process"


class Propagate(NamedTuple):
    """Say how mounts of the container's root are told of; after pivot_root(2), which refuses a shared root."""

    propagation: int

    def execute(self, site: Site) -> None:
        del site
        syscalls.mount(None, "/", None, self.propagation)

    def describe(self) -> str:
        return "set the propagation of the root"


def _hide(path: str) -> None:
    try:
        syscalls.mount(None, path, None, const.MS_SLAVE | const.MS_REC)
    except FileNotFoundError:
        return  # what it lay on is gone already
    try:
        syscalls.umount(path, const.MNT_DETACH)
    except OSError:  # locked, in a user namespace
        syscalls.mount("tmpfs", path, "tmpfs", 0)

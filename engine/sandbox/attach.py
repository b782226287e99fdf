"""Where mounts go: a place beneath the root, made where nothing is, and not one that a container stands on.

Standard library only. Source for what may lie in /proc: what lxcfs provides.
"""

import os
from typing import Final

from engine import errors
from engine.kernel import const, files, mounts, syscalls
from engine.sandbox.beneath import Root, by_descriptor
from engine.sandbox.options import Parsed

IN_PROC: Final = frozenset(
    f"/proc/{name}"
    for name in (
        *("cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo"),
        *("sys/kernel/ns_last_pid", "sys/crypto/fips_enabled"),
    )
)


def place(root: Root, target: str, *, directory: bool, follow: bool = True) -> int:
    """A descriptor of the place; `follow` false takes a symbolic link itself as the place."""
    if not follow:
        with files.closing(root.directory(os.path.dirname(target))) as folder:
            try:
                return files.open_path(os.path.basename(target), os.O_PATH | os.O_NOFOLLOW, folder=folder)
            except FileNotFoundError:
                pass  # it is made below, and no link by then
    return root.directory(target) if directory else root.file(target)


def check(root: Root, where: int, *, is_proc: bool) -> None:
    """Refuse a place that would take from a container what it stands on, or uncover what is masked.

    `is_proc`: what is mounted is a proc file system. Raises `InvalidInput`.
    """
    path = inside(root, where)
    if path == "/":
        raise errors.InvalidInput("mountpoint is on the top of rootfs", hint="choose a directory in it")
    if path == "/proc" and not is_proc:
        raise errors.InvalidInput(f'"{path}" cannot be mounted because it is not of type proc')
    if path.startswith("/proc/") and path not in IN_PROC:
        raise errors.InvalidInput(f'"{path}" cannot be mounted because it is inside /proc')


def inside(root: Root, where: int) -> str:
    """The path that a descriptor has in the container."""
    top = files.read_link(by_descriptor(root.fd)).rstrip("/")
    return files.read_link(by_descriptor(where)).removeprefix(top) or "/"


def is_proc(tree: int) -> bool:
    """Whether a mount is one of a proc file system."""
    return mounts.file_system_type(tree) == const.PROC_SUPER_MAGIC


def dress(top: int, parsed: Parsed) -> None:
    """Give a mount what its options say for it and all below, by a descriptor of its root."""
    if parsed.set_below or parsed.clear_below:
        syscalls.mount_setattr(top, attributes=parsed.set_below, clear=parsed.clear_below, recursive=True)
    for kind in parsed.propagation:
        syscalls.mount_setattr(top, propagation=kind & ~const.MS_REC, recursive=bool(kind & const.MS_REC))

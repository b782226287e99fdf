"""What overlay would show of a stack of layers, found out without mounting it.

A layer says "gone" with a character device 0/0 (a whiteout) and "nothing from below" with an attribute of a
directory (opaque): `trusted.overlay.opaque`, or `user.overlay.opaque` where a user namespace has mounted the overlay.

Source: Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories", "User xattr".
"""

import os
import stat
from collections.abc import Sequence
from typing import Final, NamedTuple

LINKS_MAX: Final = 40
"""Symbolic links in one path; the kernel's own bound."""
OPAQUE: Final = ("trusted.overlay.opaque", "user.overlay.opaque")


class Found(NamedTuple):
    """One entry of a merged directory."""

    info: os.stat_result
    path: str
    """Where it lies; of a directory, its topmost part."""
    folders: tuple[str, ...]
    """The parts of a directory, top first; empty for anything else."""


def lookup(folders: Sequence[str], name: str) -> Found | None:
    """The entry of this name in directories that lie over each other, top first."""
    found: tuple[os.stat_result, str] | None = None
    parts = []
    for folder in folders:
        path = f"{folder}/{name}"
        try:
            info = os.lstat(path)
        except FileNotFoundError:
            continue
        if is_whiteout(info):
            break
        found = found or (info, path)
        if not stat.S_ISDIR(info.st_mode):
            break
        parts.append(path)
        if is_opaque(path):
            break
    return Found(*found, tuple(parts)) if found else None


def resolve(folders: Sequence[str], path: str) -> Found | None:
    """What a path leads to for a program inside, symbolic links followed; None where it leads nowhere."""
    top = Found(os.lstat(folders[0]), folders[0], tuple(folders))
    trail, waiting, budget = [top], path.split("/")[::-1], LINKS_MAX
    while waiting:
        name = waiting.pop()
        if name == "..":
            trail = trail[:-1] or [top]
        if name in ("", ".", ".."):
            continue
        found = lookup(trail[-1].folders, name)
        if found is None:
            return None
        if not stat.S_ISLNK(found.info.st_mode):
            trail.append(found)
            continue
        target = os.readlink(found.path)
        trail = [top] if target.startswith("/") else trail
        waiting += target.split("/")[::-1]
        budget -= 1
        if budget < 0:
            return None
    return trail[-1]


def names(folders: Sequence[str]) -> list[str]:
    """Every name that stands in any of the directories, whiteouts among them; sorted."""
    return sorted({name for folder in folders for name in os.listdir(folder)})


def is_whiteout(info: os.stat_result) -> bool:
    """Whether it says that what is below is gone."""
    return stat.S_ISCHR(info.st_mode) and info.st_rdev == 0


def is_opaque(folder: str | int) -> bool:
    """Whether a directory, by path or descriptor, hides what is below it."""
    return any(_has(folder, mark) for mark in OPAQUE)


def _has(folder: str | int, mark: str) -> bool:
    try:
        return os.getxattr(folder, mark) == b"y"
    except OSError:
        return False  # it has no such attribute, or its file system has none at all

"""Devices of a container: those it may use, and for `--privileged` all that the host has."""

import os
import stat
from typing import Any, Final

_SKIPPED: Final = ("pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console")
"""What a container has of its own."""
_MAX: Final = 4096

_ALLOWED: Final = (
    ("c", None, None, "m"),
    ("b", None, None, "m"),
    ("c", 1, 3, "rwm"),
    ("c", 1, 5, "rwm"),
    ("c", 1, 7, "rwm"),
    ("c", 1, 8, "rwm"),
    ("c", 1, 9, "rwm"),
    ("c", 5, 0, "rwm"),
    ("c", 5, 1, "rwm"),
    ("c", 5, 2, "rwm"),
    ("c", 136, None, "rwm"),
)
"""(type, major, minor, access): any node may be made, and null, zero, full, random, urandom, tty, console, ptmx and the
terminals of devpts be used. Source: OCI runtime-spec 1.2, config-linux.md, "Default Devices"; devices.txt."""


def rules(privileged: bool) -> list[dict[str, Any]]:
    """`linux.resources.devices`: everything denied, and what is allowed after it."""
    if privileged:
        return [{"allow": True, "access": "rwm"}]
    return [{"allow": False, "access": "rwm"}, *allowed()]


def allowed() -> list[dict[str, Any]]:
    """What every container may use."""
    return [_rule(*entry) for entry in _ALLOWED]


def _rule(kind: str, major: int | None, minor: int | None, access: str) -> dict[str, Any]:
    numbers = {"major": major, "minor": minor}
    known = {key: number for key, number in numbers.items() if number is not None}
    return {"allow": True, "type": kind, **known, "access": access}


def of_host(folder: str = "/dev") -> list[dict[str, Any]]:
    """`linux.devices` for every device node below a folder of the host; what vanishes meanwhile is left out."""
    found: list[dict[str, Any]] = []
    for entry in _entries(folder):
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode) and entry.name not in _SKIPPED:
            found += of_host(entry.path)
        elif stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            found.append(_node(entry.path, status))
    return [node for node in found if os.path.basename(node["path"]) not in _SKIPPED][:_MAX]


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _node(path: str, status: os.stat_result) -> dict[str, Any]:
    return {
        "path": path,
        "type": "b" if stat.S_ISBLK(status.st_mode) else "c",
        "major": os.major(status.st_rdev),
        "minor": os.minor(status.st_rdev),
        "fileMode": stat.S_IMODE(status.st_mode),
        "uid": status.st_uid,
        "gid": status.st_gid,
    }

"""Cgroups by path, as an OCI runtime is given them: `linux.cgroupsPath`. Pure.

A name of such a cgroup is a path relative to the root of every hierarchy, without dots.
Source: OCI runtime-spec 1.2, config-linux.md, "Cgroups Path".
"""

import posixpath
from typing import Final

from engine.errors import InvalidInput

PATH_MAX: Final = 4096


def runtime_name(cgroups_path: str, container_id: str) -> str:
    """The name for a `cgroupsPath`: an absolute one is from the root, a relative one too, and none is the id.

    The specification leaves it to the runtime what a relative path is relative to, if only always the same.
    `..` cannot lead out: it is resolved within the root. Raises `InvalidInput`.
    """
    path = posixpath.normpath("/" + (cgroups_path or container_id).lstrip("/"))
    return checked(path.lstrip("/"))


def checked(name: str) -> str:
    """A name that stays below the root. Raises `InvalidInput`."""
    parts = name.split("/")
    if not name or len(name) > PATH_MAX or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise InvalidInput(f"{name[:80]!r} is no path of a cgroup", hint="such as /machine/web")
    return name

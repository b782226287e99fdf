"""Kernel parameters of a container's own namespaces. Standard library only.

Most of /proc/sys is the host's: only what the kernel keeps for each namespace may be set, and only where the container
has that namespace for itself. Source: namespaces(7), ipc_namespaces(7), uts_namespaces(7), network_namespaces(7).
"""

import errno
import os
from typing import Any, Final, NamedTuple

from engine.errors import InvalidInput
from engine.kernel import const, files, mounts, syscalls
from engine.sandbox import fields
from engine.sandbox.operations import Site

_IPC: Final = frozenset(
    f"kernel.{name}" for name in ("msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced")
)


class Sysctl(NamedTuple):
    """Set one."""

    name: str
    """With dots; a slash is a dot within a component."""
    value: str

    def execute(self, site: Site) -> None:
        with files.closing(site.root.open(self.path, os.O_WRONLY, links=False)) as fd:
            if mounts.file_system_type(fd) != const.PROC_SUPER_MAGIC:
                raise syscalls.failure(errno.EXDEV, "openat2", self.path)
            syscalls.entering("write")
            os.write(fd, self.value.encode())

    @property
    def path(self) -> str:
        """Where the kernel shows it."""
        return "/proc/sys/" + self.name.translate({ord("."): "/", ord("/"): "."})

    def describe(self) -> str:
        return f"set the kernel parameter {self.name}"


def steps(linux: dict[str, Any]) -> list[Sysctl]:
    """`linux.sysctl`. Raises `InvalidInput` for one that is not the container's own."""
    given = fields.an_object(linux, "sysctl") or {}
    namespaces = {entry.get("type"): fields.text(entry, "path") for entry in fields.objects(linux, "namespaces")}
    return [_checked(dotted(name), fields.text(given, name), namespaces) for name in given]


def dotted(name: str) -> str:
    """The form with dots: where a slash comes first, slashes and dots have changed places. Source: sysctl.d(5)."""
    first = min((place for place in (name.find("."), name.find("/")) if place >= 0), default=-1)
    if first < 0 or name[first] == ".":
        return name
    return name.translate({ord("."): "/", ord("/"): "."})


def _checked(name: str, value: str, namespaces: dict[Any, str]) -> Sysctl:
    if not all(part and part not in (".", "..") for part in Sysctl(name, value).path.split("/")[1:]):
        raise InvalidInput(f"{name!r} is no kernel parameter")
    if name in _IPC or name.startswith("fs.mqueue."):
        if "ipc" not in namespaces:
            raise InvalidInput(f'sysctl "{name}" is not allowed in the hosts ipc namespace')
    elif name.startswith("net."):
        if "network" not in namespaces or _is_ours(namespaces["network"]):
            raise InvalidInput(f'sysctl "{name}" not allowed in host network namespace')
    elif name == "kernel.hostname" and "uts" in namespaces:
        raise InvalidInput(f'sysctl "{name}" is not allowed as it conflicts with the OCI "hostname" field')
    elif name != "kernel.domainname" or "uts" not in namespaces:
        raise InvalidInput(f'sysctl "{name}" is not in a separate kernel namespace')
    return Sysctl(name, value)


def _is_ours(path: str) -> bool:
    """Whether a network namespace that is given is the one that we are in."""
    try:
        return bool(path) and os.path.samefile(path, "/proc/self/ns/net")
    except OSError as err:
        raise InvalidInput(f"invalid netns path: {path}: {os.strerror(err.errno or 0).lower()}") from err

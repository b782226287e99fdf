"""Cgroups that a container has made below its own, for programs that enter it. Standard library only."""

import errno
import os
import posixpath

from engine.cgroup.protocol import Placement
from engine.errors import InvalidInput
from engine.runtime import groups
from engine.runtime.store import State


def below(place: Placement, name: str, path: str, controllers: list[str]) -> Placement:
    """A place nested in the one of a container whose cgroup is `name`: in all hierarchies, or in those of controllers.

    Raises `InvalidInput` where it leads out, where nothing is, and for a controller that this host does not have.
    """
    inner = posixpath.normpath(path.lstrip("/") or ".")
    if inner == ".." or inner.startswith("../"):
        raise InvalidInput(f"bad --cgroup: {path} is not a sub cgroup path", hint="it must lie in the container's own")
    for controller in controllers:
        if controller not in groups.detect().controllers:
            raise InvalidInput(f"unknown controller {controller} in --cgroup", hint="see /proc/cgroups")
    join = tuple(_nested(file, inner) if _is_of(file, name, controllers) else file for file in place.join)
    into = place.into if place.into is None or controllers else posixpath.normpath(f"{place.into}/{inner}")
    for folder in (*map(posixpath.dirname, join), *((into,) if into else ())):
        if not os.path.isdir(folder):
            missing = f"adding pid 0 to cgroups failed: {folder}/cgroup.procs: no such file or directory"
            raise InvalidInput(missing, hint="the container has no such cgroup", errno=errno.ENOENT)
    return place._replace(join=join, into=into)


def _nested(file: str, inner: str) -> str:
    folder, tasks = posixpath.split(file)
    return posixpath.join(posixpath.normpath(f"{folder}/{inner}"), tasks)


def _is_of(file: str, name: str, controllers: list[str]) -> bool:
    """Whether a `tasks` file is in the hierarchy of one of them, whose mount is called after all that it has."""
    hierarchy = posixpath.basename(posixpath.dirname(file).removesuffix(f"/{name}"))
    return not controllers or bool({hierarchy, *hierarchy.split(",")} & set(controllers))


def beside_init(place: Placement, state: State) -> Placement:
    """A v2 cgroup that hands out controllers takes no process: then where the container's first process has moved to.

    Source: cgroups(7), "no internal processes" rule; the fallback is runc's.
    """
    if place.into is None:
        return place
    try:
        with open(f"{place.into}/cgroup.subtree_control") as file:
            hands_out = bool(file.read().strip())
        inner = _of_init(state) if hands_out else ""
    except OSError:
        return place  # it has gone: the clone tells
    return place._replace(into=posixpath.normpath(f"{place.into}/{inner}"))


def _of_init(state: State) -> str:
    """Its v2 cgroup, from that of the container on; empty where it is that one, or elsewhere."""
    with open(f"/proc/{state.pid}/cgroup") as file:
        path = next((line[3:].rstrip("\n") for line in file if line.startswith("0::")), "")
    return path.partition(f"/{state.cgroup}/")[2]

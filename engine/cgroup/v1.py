"""cgroup v1: a tree for each hierarchy, and in each of them our subtree.

Facts that shape this: a cgroup of `cpuset` takes no process before its CPUs and memory nodes are set; a frozen process
does not die of SIGKILL before it is thawed; no file tells when a cgroup gets empty or frozen, so both are asked for.
Source: Documentation/admin-guide/cgroup-v1/.
"""

import os
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Final

from engine import errors
from engine.cgroup import refusals, settings, stats
from engine.cgroup.kernfs import REAL, Kernfs, pause
from engine.cgroup.protocol import SUBTREE, Mount, Placement, Setting, Source

_FREEZE_ATTEMPTS: Final = 100
"""With the pauses between them two seconds: a process in an uninterruptible wait freezes only after it."""
_PROCESSES: Final = ("freezer", "pids", "memory", "cpu")
"""Whose `cgroup.procs` is asked, the first that there is."""


class V1:
    """The hierarchies of cgroup v1 that can be used."""

    def __init__(self, mounts: tuple[Mount, ...], fs: Kernfs = REAL, subtree: str = SUBTREE) -> None:
        self._fs = fs
        self._subtree = subtree
        self._roots = tuple(mount.path for mount in mounts)
        self._root_of = {controller: mount.path for mount in mounts for controller in mount.controllers}
        self.controllers = tuple(self._root_of)

    def create(self, name: str, resources: dict[str, Any]) -> list[str]:
        """Make it in every hierarchy and set its limits, or leave nothing; what is ignored, a sentence each."""
        with ExitStack() as undo:
            for root in self._roots:
                self._make(root, name, undo)
            self._fill_cpuset(name)
            ignored = self.update(name, resources)
            undo.pop_all()
        return ignored

    def _make(self, root: str, name: str, undo: ExitStack) -> None:
        """Make it and what lies above it in one hierarchy; what is not new is not ours to remove."""
        folder = self._below(root, name)
        undo.callback(self._leave, root)
        if self._fs.make(folder, partial(self._prepare_parents, root, name), keep=not self._subtree):
            undo.callback(self._fs.remove, folder)

    def missing(self, name: str) -> list[str]:
        """What is not there yet of its folders and of those above them, the deepest first."""
        return [folder for root in self._roots for folder in self._fs.missing(root, self._below(root, name))]

    def update(self, name: str, resources: dict[str, Any]) -> list[str]:
        """Change the limits that are given; what is ignored, a sentence each."""
        exists = partial(self._exists, name)
        given = [s for s in settings.for_v1(resources, exists) if s.controller in self._root_of]
        usable, ignored = settings.divide(given, exists)
        settings.apply_all(self._fs, lambda s: self._folder(s.controller, name), self._in_order(name, usable))
        return ignored

    def place(self, name: str) -> Placement:
        """The `tasks` files, one for each hierarchy."""
        return Placement(tuple(f"{self._below(root, name)}/tasks" for root in self._roots), None)

    def freeze(self, name: str) -> None:
        """Return when every process of it is frozen. Raises Conflict, and thaws, where one does not freeze."""
        if "freezer" not in self._root_of:
            raise errors.MissingFeature("this host has no freezer", hint="boot with the freezer cgroup controller")
        path = self._folder("freezer", name) + "/freezer.state"
        self._fs.write(path, "FROZEN")
        for attempt in range(_FREEZE_ATTEMPTS):
            if self._fs.read(path).strip() == "FROZEN":
                return
            pause(attempt)
        self._fs.write(path, "THAWED")
        raise refusals.not_freezing()

    def thaw(self, name: str) -> None:
        """Let them run again; nothing where it is gone."""
        if "freezer" in self._root_of:
            with suppress(FileNotFoundError):
                self._fs.write(self._folder("freezer", name) + "/freezer.state", "THAWED")

    def is_frozen(self, name: str) -> bool:
        """Whether it is frozen, or about to be."""
        if "freezer" not in self._root_of:
            return False
        return self._fs.read_or(self._folder("freezer", name) + "/freezer.state", "").strip() in ("FROZEN", "FREEZING")

    def kill(self, name: str) -> None:
        """SIGKILL to every process of it; then thaw, so that a frozen one dies without running on."""
        self._fs.kill_each(self._listed(name))
        self.thaw(name)

    def pids(self, name: str) -> list[int]:
        """Every process of it, those of nested cgroups included."""
        return self._fs.pids(self._listed(name))

    def oom_kills(self, name: str) -> int:
        """How many processes of it the kernel killed for memory; those of nested cgroups are not counted by v1."""
        if "memory" not in self._root_of:
            return 0
        text = self._fs.read_or(self._folder("memory", name) + "/memory.oom_control", "")
        return stats.oom_kills(text)["oom_kills"] or 0

    def sources(self, name: str) -> list[Source]:
        """The files of a sample."""
        return [
            Source(f"{self._folder(controller, name)}/{file}", parse)
            for controller, file, parse in _FILES
            if controller in self._root_of
        ]

    def read(self, name: str, controller: str, file: str) -> str:
        """The text of one of its files, empty where there is none."""
        return self._fs.read_or(f"{self._folder(controller, name)}/{file}", "") if controller in self._root_of else ""

    def delete(self, name: str, deadline: float) -> list[Exception]:
        """Remove it from every hierarchy; every failure, none where it is gone."""
        failures: list[Exception] = []
        for root in self._roots:
            try:
                self._fs.remove_until(self._below(root, name), deadline)
            except OSError as err:
                failures.append(err)
            self._leave(root)
        return failures

    def names(self) -> set[str]:
        """What lies in our subtree of any hierarchy."""
        return {name for root in self._roots for name in self._fs.children(f"{root}/{self._subtree}")}

    def paths(self, name: str) -> dict[str, str]:
        """Controller -> directory."""
        return {controller: self._folder(controller, name) for controller in self._root_of}

    def _folder(self, controller: str, name: str) -> str:
        return self._below(self._root_of[controller], name)

    def _below(self, root: str, name: str) -> str:
        return "/".join(part for part in (root, self._subtree, name) if part)

    def _leave(self, root: str) -> None:
        """Our folder goes with the last of its cgroups; what lies above a given path is not ours."""
        if self._subtree:
            self._fs.remove_if_empty(f"{root}/{self._subtree}")

    def _listed(self, name: str) -> str:
        """The directory that is asked for processes; a container's are in all of them."""
        root = next((self._root_of[c] for c in _PROCESSES if c in self._root_of), self._roots[0])
        return self._below(root, name)

    def _exists(self, name: str, controller: str, file: str) -> bool:
        return controller in self._root_of and os.path.exists(f"{self._folder(controller, name)}/{file}")

    def _prepare_parents(self, root: str, name: str) -> None:
        """What lies above it in this hierarchy. Memory is counted through, as every kernel since 5.11 does anyway."""
        parts = [part for part in f"{self._subtree}/{name}".split("/") if part][:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join((root, *parts[:depth]))
            with suppress(FileExistsError):
                self._fs.mkdir(folder)
            if root == self._root_of.get("memory"):
                with suppress(OSError):
                    self._fs.write(f"{folder}/memory.use_hierarchy", "1")
            if root == self._root_of.get("cpuset"):
                self._inherit_cpuset(folder)

    def _fill_cpuset(self, name: str) -> None:
        if "cpuset" in self._root_of:
            self._inherit_cpuset(self._folder("cpuset", name))

    def _inherit_cpuset(self, folder: str) -> None:
        """Give a cpuset what its parent has, where it has nothing yet."""
        for file in ("cpuset.cpus", "cpuset.mems"):
            if not self._fs.read(f"{folder}/{file}").strip():
                self._fs.write(f"{folder}/{file}", self._fs.read(f"{os.path.dirname(folder)}/{file}").strip())

    def _in_order(self, name: str, given: list[Setting]) -> list[Setting]:
        """The kernel keeps "memory alone <= memory and swap" after each write: raise the outer first, lower it last."""
        both = next((s for s in given if s.file == "memory.memsw.limit_in_bytes"), None)
        if both is None:
            return given
        now = stats.number(self._fs.read(self._folder("memory", name) + "/memory.limit_in_bytes"))
        raised = both.value == "-1" or (now is not None and int(both.value) >= now)
        return [both, *(s for s in given if s is not both)] if raised else given


_FILES: Final = (
    ("cpuacct", "cpuacct.usage", stats.reads("cpu_usec", 1000)),
    ("cpuacct", "cpuacct.stat", stats.v1_cpuacct_stat),
    ("cpu", "cpu.stat", stats.v1_cpu_stat),
    ("memory", "memory.usage_in_bytes", stats.reads("memory_bytes")),
    ("memory", "memory.stat", stats.v1_memory_stat),
    ("memory", "memory.limit_in_bytes", stats.reads("memory_limit_bytes")),
    ("memory", "memory.max_usage_in_bytes", stats.reads("memory_peak_bytes")),
    ("memory", "memory.oom_control", stats.oom_kills),
    ("pids", "pids.current", stats.reads("pids")),
    ("pids", "pids.max", stats.reads("pids_limit")),
    ("blkio", "blkio.throttle.io_service_bytes_recursive", stats.v1_blkio),
)

"""cgroup v2: one tree, with our subtree at the root of what is mounted.

Facts that shape this: a controller works in a cgroup only if every cgroup above has it in `cgroup.subtree_control`;
a cgroup that hands out controllers may have no processes, so `quarterdeck` has none and each container is a leaf of it.
Killing, and the event that a cgroup got empty, need no controller: in the hybrid the tree is good for those.
Source: Documentation/admin-guide/cgroup-v2.rst.
"""

import os
import posixpath
import time
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Final

from engine import errors
from engine.cgroup import convert, detect, fields, refusals, settings, stats
from engine.cgroup.kernfs import REAL, Kernfs
from engine.cgroup.protocol import SUBTREE, Mount, Placement, Setting, Source

_DELEGATED: Final = ("cgroup.procs", "cgroup.threads", "cgroup.subtree_control")
_FREEZE_SECONDS: Final = 2.0
_MEMORY: Final = ("memory.max", "memory.swap.max")
_PARTLY_GIVEN: Final = ("memory.max", "cpu.max")
"""Files of which a request may give a part only, so that their present text counts."""


class V2:
    """The tree of cgroup v2, with those controllers that it can give us (none, in the hybrid)."""

    def __init__(self, mount: Mount, fs: Kernfs = REAL, subtree: str = SUBTREE, guards: bool = True) -> None:
        self._fs = fs
        self._subtree = subtree
        self._guards = guards
        """Whether devices are ours to deny, and not v1's."""
        self._root = mount.path
        self.controllers = mount.controllers

    def create(self, name: str, resources: dict[str, Any]) -> list[str]:
        """Make the cgroup and set its limits, or leave nothing; what is ignored, a sentence each."""
        with ExitStack() as undo:
            self._make(name, undo)
            ignored = [*self.update(name, resources), *self._guard(name, resources)]
            undo.pop_all()
        return ignored

    def _make(self, name: str, undo: ExitStack) -> None:
        """Make it and what lies above it; what is not new is not ours to remove."""
        folder = self._folder(name)
        undo.callback(self._leave)
        if self._fs.make(folder, partial(self._prepare_parents, name), keep=not self._subtree):
            undo.callback(self._fs.remove, folder)

    def missing(self, name: str) -> list[str]:
        """What is not there yet of its folder and of those above it, the deepest first."""
        return self._fs.missing(self._root, self._folder(name))

    def update(self, name: str, resources: dict[str, Any]) -> list[str]:
        """Change the limits that are given; what is ignored, a sentence each."""
        folder = self._folder(name)
        exists = partial(self._exists, folder)
        now = {file: self._fs.read_or(f"{folder}/{file}", "max") for file in _PARTLY_GIVEN}
        given = settings.for_v2(resources, exists, now)
        has = (*self.controllers, "cgroup")
        usable, ignored = settings.divide([s for s in given if s.controller in has], exists)
        self._refuse_limits(folder, resources, usable)
        settings.apply_all(self._fs, lambda _setting: folder, usable)
        for setting in usable:
            _check_cpuset(self._fs, folder, setting)
        lost = [s for s in given if s.controller not in has and s.what.startswith("unified")]
        return [*ignored, *(f"{s.what} can't be set: controller {s.controller} not available" for s in lost)]

    def _refuse_limits(self, folder: str, resources: dict[str, Any], usable: list[Setting]) -> None:
        """The engine refuses a limit that would kill; of a runtime that is asked for with `checkBeforeUpdate`."""
        if self._subtree:
            for setting in usable:
                _refuse_killing(self._fs, folder, setting)
        elif (resources.get("memory") or {}).get("checkBeforeUpdate") is True:
            _check_before_update(self._fs, folder, usable)

    def _guard(self, name: str, resources: dict[str, Any]) -> list[str]:
        """Deny devices but those that the rules allow; a sentence where the kernel does not let us."""
        rules = fields.items(resources, "devices")
        if not self._guards or not rules:
            return []
        try:
            self._fs.guard_devices(self._folder(name), rules)
        except OSError as err:
            return [f"devices are not denied: the kernel takes no program for a cgroup ({err.strerror})"]
        return []

    def delegate(self, name: str, uid: int) -> None:
        """Give it to a user, as far as the kernel says that it may be: it can be divided, and its limits not changed.

        Source: cgroup-v2.rst, "Model of Delegation"; cgroups(7), "/sys/kernel/cgroup/delegate".
        """
        folder = self._folder(name)
        self._fs.chown(folder, uid)
        for file in self._fs.read_or("/sys/kernel/cgroup/delegate", "\n".join(_DELEGATED)).split():
            with suppress(FileNotFoundError):
                self._fs.chown(f"{folder}/{posixpath.basename(file)}", uid)

    def place(self, name: str) -> Placement:
        """The directory for CLONE_INTO_CGROUP."""
        return Placement((), self._folder(name))

    def freeze(self, name: str) -> None:
        """Return when every process of it is frozen. Raises Conflict, and thaws, where one does not freeze."""
        folder = self._folder(name)
        self._fs.write(f"{folder}/cgroup.freeze", "1")
        if not self._fs.wait_for(f"{folder}/cgroup.events", "frozen 1", time.monotonic() + _FREEZE_SECONDS):
            self._fs.write(f"{folder}/cgroup.freeze", "0")
            raise refusals.not_freezing()

    def thaw(self, name: str) -> None:
        """Let them run again; nothing where it is gone."""
        with suppress(FileNotFoundError):
            self._fs.write(f"{self._folder(name)}/cgroup.freeze", "0")

    def is_frozen(self, name: str) -> bool:
        """Whether it is frozen, or about to be."""
        return self._fs.read_or(f"{self._folder(name)}/cgroup.freeze", "0").strip() == "1"

    def kill(self, name: str) -> None:
        """SIGKILL to every process of it, forks included, frozen ones too. Before 5.14 one by one."""
        path = f"{self._folder(name)}/cgroup.kill"
        if os.path.exists(path):
            with suppress(FileNotFoundError):
                self._fs.write(path, "1")
        else:
            self._fs.kill_each(self._folder(name))

    def pids(self, name: str) -> list[int]:
        """Every process of it, those of nested cgroups included."""
        return self._fs.pids(self._folder(name))

    def oom_kills(self, name: str) -> int:
        """How many processes of it, nested cgroups included, the kernel killed for memory."""
        return stats.oom_kills(self._fs.read_or(f"{self._folder(name)}/memory.events", ""))["oom_kills"] or 0

    def sources(self, name: str) -> list[Source]:
        """The files of a sample; those of a controller that is not there are missing, and skipped by the sampler."""
        return [Source(f"{self._folder(name)}/{file}", parse) for file, parse in _FILES]

    def read(self, name: str, _controller: str, file: str) -> str:
        """The text of one of its files, empty where there is none."""
        return self._fs.read_or(f"{self._folder(name)}/{file}", "")

    def delete(self, name: str, deadline: float) -> list[Exception]:
        """Remove it when it is empty; every failure, none where it is gone."""
        folder = self._folder(name)
        try:
            with suppress(OSError):
                self._fs.wait_for(f"{folder}/cgroup.events", "populated 0", deadline)
            self._fs.remove_until(folder, deadline)
        except OSError as err:
            return [err]
        finally:
            self._leave()
        return []

    def names(self) -> set[str]:
        """What lies in our subtree."""
        return set(self._fs.children(f"{self._root}/{self._subtree}"))

    def paths(self, name: str) -> dict[str, str]:
        """Controller -> directory; the tree itself is called unified, as systemd calls it. It can freeze anyway."""
        return dict.fromkeys(("unified", "freezer", *self.controllers), self._folder(name))

    def _folder(self, name: str) -> str:
        return "/".join(part for part in (self._root, self._subtree, name) if part)

    def _leave(self) -> None:
        """Our folder goes with the last of its cgroups; what lies above a given path is not ours."""
        if self._subtree:
            self._fs.remove_if_empty(f"{self._root}/{self._subtree}")

    def _exists(self, folder: str, _controller: str, file: str) -> bool:
        return os.path.exists(f"{folder}/{file}")

    def _prepare_parents(self, name: str) -> None:
        """What lies above it, with the controllers handed down to it and through it."""
        parts = [part for part in f"{self._subtree}/{name}".split("/") if part][:-1]
        _hand_down(self._fs, self._root, self.controllers)
        for depth in range(1, len(parts) + 1):
            folder = "/".join((self._root, *parts[:depth]))
            with suppress(FileExistsError):
                self._fs.mkdir(folder)
            _hand_down(self._fs, folder, self.controllers)


def _hand_down(fs: Kernfs, folder: str, controllers: tuple[str, ...]) -> None:
    """Give the children of a cgroup these controllers. One by one: a write of several is refused for one of them.

    A refusal is no error here: the limits that need the controller are reported as ignored, by the missing file.
    """
    if not controllers or detect.is_crowded(folder, fs):
        return
    has = fs.read(f"{folder}/cgroup.subtree_control").split()
    for controller in controllers:
        if controller not in has:
            with suppress(OSError):
                fs.write(f"{folder}/cgroup.subtree_control", f"+{controller}")


def _refuse_killing(fs: Kernfs, folder: str, setting: Setting) -> None:
    """v1 refuses a memory limit below what is in use; v2 takes it and kills: so refuse here. Raises Conflict."""
    if setting.file != "memory.max" or setting.value == "max":
        return
    current = stats.number(fs.read_or(f"{folder}/memory.current", "0")) or 0
    if current > int(setting.value):
        needed = stats.unreclaimable(current, fs.read_or(f"{folder}/memory.stat", ""))
        if needed > int(setting.value):
            peak = fs.read_or(f"{folder}/memory.peak", "unknown").strip()
            raise refusals.too_little_memory(setting, str(current), peak)


def _check_before_update(fs: Kernfs, folder: str, usable: list[Setting]) -> None:
    """Memory, and with swap memory and swap together, must not be in use beyond the new limits. Raises Conflict."""
    given = {s.file: int(s.value) for s in usable if s.file in _MEMORY and s.value != "max"}
    limit, swap = given.get("memory.max"), given.get("memory.swap.max")
    if limit is None:
        return
    usage = stats.number(fs.read_or(f"{folder}/memory.current", "0")) or 0
    swapped = stats.number(fs.read_or(f"{folder}/memory.swap.current", "0")) or 0
    if swap is not None and limit + swap < usage + swapped:
        raise errors.Conflict(f"rejecting memory+swap limit {limit + swap} < usage {usage + swapped}")
    if limit < usage:
        raise errors.Conflict(f"rejecting memory limit {limit} < usage {usage}")


def _check_cpuset(fs: Kernfs, folder: str, setting: Setting) -> None:
    """v2 takes CPUs that do not exist and leaves them out without a word. Raises InvalidInput."""
    if setting.controller != "cpuset":
        return
    effective = fs.read(f"{folder}/{setting.file}.effective")
    missing = convert.parse_list(setting.value) - convert.parse_list(effective)
    if missing:
        raise errors.InvalidInput(
            f"{setting.value} is no {setting.what} of this host, which has {effective.strip()}",
            hint="a list is written as 0-2,4",
        )


_FILES: Final = (
    ("cpu.stat", stats.v2_cpu_stat),
    ("memory.current", stats.reads("memory_bytes")),
    ("memory.stat", stats.v2_memory_stat),
    ("memory.max", stats.reads("memory_limit_bytes")),
    ("memory.peak", stats.reads("memory_peak_bytes")),
    ("memory.swap.current", stats.reads("swap_bytes")),
    ("memory.events", stats.oom_kills),
    ("pids.current", stats.reads("pids")),
    ("pids.max", stats.reads("pids_limit")),
    ("io.stat", stats.v2_io_stat),
)

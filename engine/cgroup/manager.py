"""`Cgroups`: the limits, figures and signals of containers, on whatever cgroups this host has.

    Cgroups ── V1   every v1 hierarchy with a controller that we use    cpu/quarterdeck/<name>, ...
            └─ V2   the one v2 tree                                     quarterdeck/<name>

A host has one of them, both (the hybrid: most controllers on v1, the tree for killing and events), or none that can be
used: then everything here still answers, with nothing. Names are ids that the caller chose; what they stand for is the
caller's.
"""

import errno
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from engine import errors
from engine.cgroup import advice, detect, paths, settings
from engine.cgroup.detect import Found
from engine.cgroup.kernfs import REAL, Kernfs
from engine.cgroup.protocol import SUBTREE, Backend, Placement
from engine.cgroup.v1 import V1
from engine.cgroup.v2 import V2

if TYPE_CHECKING:
    from engine.cgroup.sampler import Sampler

_DELETE_SECONDS: Final = 2.0
_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,127}")


class Cgroups:
    """The cgroups of one host. Every call may raise an `EngineError`; none remounts or reconfigures what is there."""

    def __init__(self, found: Found, fs: Kernfs = REAL, subtree: str = SUBTREE) -> None:
        v1 = V1(found.hierarchies, fs, subtree) if found.hierarchies else None
        guards = v1 is None or "devices" not in v1.controllers
        v2 = V2(found.tree, fs, subtree, guards) if found.tree else None
        self._v2 = v2 if v1 is None else None
        self._subtree = subtree
        self._fs = fs
        self._checked = _checked if subtree else paths.checked
        self._backends: tuple[Backend, ...] = tuple(backend for backend in (v2, v1) if backend is not None)
        self._freezer: Backend | None = v1 if v1 and ("freezer" in v1.controllers or not v2) else v2
        self.controllers: dict[str, str] = _versions(v1, v2)
        """Usable controller -> v1 or v2."""
        self.kind = _kind(v1, v2)
        """v1, v2, hybrid or none."""
        self.warnings = advice.warnings(found)
        """What does not work here, each with how to get it."""

    @classmethod
    def detect(cls, mountinfo: str | None = None, fs: Kernfs = REAL, subtree: str = SUBTREE) -> "Cgroups":
        """What this host has, from its mount table; the text of another one is for tests.

        With an empty `subtree` a name is a path from the root of every hierarchy, as qd-runtime is given them.
        """
        if mountinfo is None:
            mountinfo = REAL.read("/proc/self/mountinfo")
        return cls(detect.found(mountinfo, detect.USED if subtree else detect.EVERY), fs, subtree)

    def create(self, name: str, resources: dict[str, Any], *, strict: bool = False) -> Placement:
        """Make `quarterdeck/<name>` with its limits in place; on failure nothing is left. `resources` is OCI's
        linux.resources. `strict`: what would be ignored is refused.
        Raises InvalidInput, Conflict, SetupFailed, MissingFeature."""
        ignored = self._ignored(resources)
        if not self._subtree:
            self._must_be_unused(name)
        with _in_words(f"make the cgroup {name}"), ExitStack() as undo:
            for backend in self._backends:
                undo.callback(self._take_back, backend, name, backend.missing(self._checked(name)))
                ignored += backend.create(name, resources)
            _refuse_ignored(ignored, strict)
            undo.pop_all()
        return self.place(name)._replace(ignored=tuple(ignored))

    def _take_back(self, backend: Backend, name: str, new: list[str]) -> None:
        """After a failure: what was not there before goes, and what was there by its path stays."""
        if self._subtree:
            backend.delete(name, 0.0)
        for folder in new:
            self._fs.remove_if_empty(folder)

    def place(self, name: str) -> Placement:
        """How one more process gets into it."""
        placements = [backend.place(self._checked(name)) for backend in self._backends]
        join = tuple(path for placement in placements for path in placement.join)
        return Placement(join, next((p.into for p in placements if p.into), None))

    def update(self, name: str, resources: dict[str, Any], *, strict: bool = False) -> tuple[str, ...]:
        """Change the limits that are given, and only those; what is ignored here, a sentence each.

        Device rules are no limits and stay as they are: on v1 "deny all, then allow these" would shut the program out
        for a moment. Raises NotFound, Conflict for a memory limit below what is in use, InvalidInput for what the
        kernel does not take; what was changed before a refusal stays changed.
        """
        resources = {key: value for key, value in resources.items() if key != "devices"}
        ignored = self._ignored(resources)
        self._must_exist(name)
        with _in_words(f"change the limits of {name}"):
            for backend in self._backends:
                ignored += backend.update(self._checked(name), resources)
            _refuse_ignored(ignored, strict)
        return tuple(ignored)

    def freeze(self, name: str) -> None:
        """Return when every process of it is frozen. Raises Conflict where one does not freeze."""
        if self._freezer is None:
            raise errors.MissingFeature("nothing can be frozen without cgroups", hint=advice.MOUNT)
        with _in_words(f"freeze {name}"):
            self._freezer.freeze(self._checked(name))

    def thaw(self, name: str) -> None:
        """Let its processes run again."""
        if self._freezer is not None:
            with _in_words(f"thaw {name}"):
                self._freezer.thaw(self._checked(name))

    def is_frozen(self, name: str) -> bool:
        """Whether it is frozen, or about to be."""
        return self._freezer is not None and self._freezer.is_frozen(self._checked(name))

    def signal(self, name: str, number: int) -> None:
        """Send a signal to every process of it; one that has gone meanwhile is no error."""
        for pid in self.pids(name):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self, name: str) -> None:
        """SIGKILL to every process of it, frozen ones included; does not wait for their end."""
        with _in_words(f"kill the processes of {name}"):
            for backend in self._backends:
                backend.kill(self._checked(name))

    def pids(self, name: str) -> list[int]:
        """Its processes, as the host numbers them; from v1 where a kernel before 5.7 put none into the v2 tree."""
        return next((pids for backend in self._backends if (pids := backend.pids(self._checked(name)))), [])

    def delegate(self, name: str, uid: int) -> None:
        """Give it to the root of a user namespace, on a host with v2 alone; v1 has no safe delegation."""
        if self._v2 is not None:
            with _in_words(f"delegate {name}"):
                self._v2.delegate(self._checked(name), uid)

    def oom_kills(self, name: str) -> int:
        """How many of its processes the kernel killed for the memory limit."""
        return max((backend.oom_kills(self._checked(name)) for backend in self._backends), default=0)

    def sampler(self, name: str) -> "Sampler":
        """Reads its figures; holds some ten descriptors until it is closed."""
        from engine.cgroup.sampler import Sampler  # it knows engine.model, which the runtime has no use for

        with _in_words(f"read the figures of {name}"):
            return Sampler([source for backend in self._backends for source in backend.sources(self._checked(name))])

    def stats(self, name: str) -> dict[str, Any]:
        """Its figures in the shape of `data` of `runc events --stats`; of the hybrid those of v1. Raises NotFound."""
        from engine.cgroup import v1_figures, v2_figures

        self._must_exist(name)
        read_all = v2_figures.read_all if self.kind == "v2" else v1_figures.read_all
        source = self._backends[-1] if self._backends else None
        checked = self._checked(name)
        return read_all(lambda controller, file: source.read(checked, controller, file) if source else "")

    def delete(self, name: str) -> None:
        """Remove it, and our subtree with the last one. Gone already is success.

        Waits at most two seconds for processes that are ending. Raises ExceptionGroup of all failures.
        """
        deadline = time.monotonic() + _DELETE_SECONDS
        failures = [failure for backend in self._backends for failure in backend.delete(self._checked(name), deadline)]
        if failures:
            raise ExceptionGroup(f"the cgroup {name} could not be removed, first for {failures[0]}", failures)

    def paths(self, name: str) -> dict[str, str]:
        """Controller -> directory; `unified` is the v2 tree. Of the two backends, v1 comes last and wins."""
        return {key: path for b in self._backends for key, path in b.paths(self._checked(name)).items()}

    def stale(self) -> list[str]:
        """The names in our subtree, in order. Engines with another root have theirs there, too."""
        return sorted({name for backend in self._backends for name in backend.names()})

    def _must_exist(self, name: str) -> None:
        if not all(os.path.isdir(path) for path in self.paths(name).values()):
            raise errors.NotFound(f"{name} has no cgroup, or not any more", hint="only what runs has limits to change")

    def _must_be_unused(self, name: str) -> None:
        """A path may lead to a cgroup that another made; with processes, or frozen, it is not for a new container."""
        if pids := self.pids(name):
            raise errors.Conflict(f"container's cgroup is not empty: {len(pids)} process(es) found")
        if self.is_frozen(name):
            raise errors.Conflict("container's cgroup unexpectedly frozen", hint="thaw it, or give another path")

    def _ignored(self, resources: dict[str, Any]) -> list[str]:
        """A sentence for each controller that these resources need and this host does not offer."""
        if resources.get("unified") and self.kind != "v2":
            raise errors.InvalidInput("invalid configuration: cannot use unified on cgroup v1")
        offered = {"blkio" if name == "io" else name for name in self.controllers}
        return [advice.missing(name) for name in sorted(settings.wanted(resources) - offered)]


def _refuse_ignored(ignored: list[str], strict: bool) -> None:
    if strict and ignored:
        raise errors.MissingFeature("; ".join(ignored), hint="see the cgroups of this host: cat /proc/cgroups")


def _checked(name: str) -> str:
    """A name that is one component of a path and no file of a cgroup, all of which have a dot or an underscore."""
    if not _NAME.fullmatch(name) or name in ("tasks", "notify_on_release"):
        raise errors.InvalidInput(f"{name!r} is no name for a cgroup", hint="letters, digits, _ and -")
    return name


def _versions(v1: V1 | None, v2: V2 | None) -> dict[str, str]:
    versions = dict.fromkeys(v1.controllers, "v1") if v1 else {}
    if v2:
        versions |= dict.fromkeys(v2.controllers, "v2")
        versions.setdefault("freezer", "v2")
    return versions


def _kind(v1: V1 | None, v2: V2 | None) -> str:
    if v1 and v2:
        return "hybrid"
    return "v1" if v1 else "v2" if v2 else "none"


@contextmanager
def _in_words(action: str) -> Iterator[None]:
    """Every OSError of a backend leaves as an EngineError."""
    try:
        yield
    except FileNotFoundError as err:
        raise errors.NotFound(f"cannot {action}: it has no cgroup, or not any more", errno=err.errno or 0) from err
    except OSError as err:
        hint = (
            "its processes are still running"
            if err.errno == errno.EBUSY
            else "see qd info for what cgroups this host has"
        )
        raise errors.SetupFailed(
            f"cannot {action}: {err.strerror}: {err.filename}", hint=hint, errno=err.errno or 0
        ) from err

"""An engine in memory, for tests of the commands: the methods of `engine.client.Engine`, held to its signatures.

It knows containers and images, remembers what was asked for, and fails where a test says so.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from support.memory_copies import MemoryCopies
from support.memory_images import MemoryImages
from support.memory_networks import MemoryNetworks

from engine import errors, model
from engine.client import Progress
from engine.session import Attached, Executed
from engine.supervise.log import LogReader


class MemoryEngine(MemoryImages, MemoryNetworks, MemoryCopies):
    """`calls` holds the name and the arguments of every change that was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.made: list[model.CreateOptions] = []
        self.failures: dict[str, errors.EngineError] = {}
        self.present: list[model.Container] = []
        self.local: list[model.Image] = []
        self.pulled: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []
        self.usage: dict[str, Any] = {}
        self.journal: list[model.Event] = []
        self.figures: list[model.Stats] = []
        self.running: list[model.Process] = []
        self.sockets = model.Connections(found=())
        self.changed: list[model.Change] = []
        self.about: dict[str, Any] = {}
        self.stored: tuple[model.Volume, ...] = ()
        self.wired: tuple[model.Network, ...] = ()

    def info(self) -> model.Info:
        return msgspec.convert(self.about, model.Info)

    def overview(self) -> model.Overview:
        return model.Overview(time_ns=0, containers=tuple(self.present), stats={}, recent_cpu={}, oom_recent=0)

    def events(
        self,
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        filters: dict[str, list[str]] | None = None,
        follow: bool = False,
    ) -> Iterator[model.Event]:
        self._note("events", since_ns, until_ns, filters, follow)
        yield from self.journal

    def prune(self) -> dict[str, Any]:
        self._note("prune")
        return {"containers": ["a" * 64], "images": [], "reclaimed_bytes": 1_234_567}

    def create(
        self,
        options: model.CreateOptions | dict[str, Any],
        progress: Progress | None = None,
        *,
        pull: str = "missing",
        platform: str = "",
    ) -> str:
        self._note("create")
        self.made.append(msgspec.convert(msgspec.to_builtins(options), model.CreateOptions))
        return "c" * 64

    def start(self, ref: str) -> None:
        self._note("start", ref)

    def start_attached(
        self, ref: str, size: tuple[int, int] | None = None, meanwhile: Callable[[], None] | None = None
    ) -> Attached:
        self._note("start_attached", ref, size)
        raise errors.NotFound("memory has no terminals")

    def attach(self, ref: str, size: tuple[int, int] | None = None) -> Attached:
        self._note("attach", ref, size)
        raise errors.NotFound("memory has no terminals")

    def execute(self, ref: str, options: model.ExecOptions) -> Executed:
        self._note("execute", ref, options)
        raise errors.NotFound("memory has no programs")

    def stop(self, ref: str, timeout_seconds: int | None = None) -> None:
        self._note("stop", ref, timeout_seconds)

    def restart(self, ref: str, timeout_seconds: int | None = None) -> None:
        self._note("restart", ref, timeout_seconds)

    def kill(self, ref: str, signal: str = "KILL") -> None:
        self._note("kill", ref, signal)

    def pause(self, ref: str) -> None:
        self._note("pause", ref)

    def unpause(self, ref: str) -> None:
        self._note("unpause", ref)

    def remove(self, ref: str, *, force: bool = False, volumes: bool = False) -> None:
        self._note("remove", ref, force, *([volumes] if volumes else []))

    def rename(self, ref: str, name: str) -> None:
        self._note("rename", ref, name)

    def update(self, ref: str, limits: model.Limits | None = None, restart: model.RestartPolicy | None = None) -> None:
        self._note("update", ref, limits, restart)

    def wait(self, ref: str) -> int:
        self._note("wait", ref)
        return self.container(ref).state.exit_code or 0

    def containers(
        self, *, everything: bool = True, filters: dict[str, list[str]] | None = None
    ) -> tuple[model.Container, ...]:
        self._note("containers", everything, filters)
        return tuple(self.present)

    def container(self, ref: str) -> model.Container:
        for container in self.present:
            if ref == container.name or container.id.startswith(ref):
                return container
        raise errors.NotFound(f"no such container: {ref}", hint="qd ps -a lists them")

    def inspect(self, ref: str) -> dict[str, Any]:
        found: dict[str, Any] = {"container": self.container(ref), "image": None, "spec": None, "paths": {}}
        result: dict[str, Any] = msgspec.to_builtins(found)
        return result

    def processes(self, ref: str) -> tuple[model.Process, ...]:
        self._note("processes", ref)
        return tuple(self.running)

    def connections(self, ref: str) -> model.Connections:
        self._note("connections", ref)
        return self.sockets

    def stats(self, refs: tuple[str, ...] = ()) -> tuple[model.Stats, ...]:
        self._note("stats", refs)
        return tuple(self.figures)

    def history(self, ref: str, seconds: int = 300) -> model.Series:
        raise errors.NotFound("memory has no past")

    def changes(self, ref: str, other: str = "") -> tuple[model.Change, ...]:
        self._note("changes", ref, other)
        return tuple(self.changed)

    def log(self, ref: str, run: int | None = None) -> LogReader:
        raise errors.NotFound("memory has no logs")

    def follow_log(self, ref: str) -> Attached:
        raise errors.NotFound("memory has no logs")

    def volumes(self) -> tuple[model.Volume, ...]:
        self._note("volumes")
        return self.stored

    def create_volume(self, name: str = "", labels: dict[str, str] | None = None) -> str:
        self._note("create_volume", name, labels)
        return name or "e" * 64

    def remove_volume(self, name: str, *, force: bool = False) -> None:
        self._note("remove_volume", name, force)

    def prune_volumes(self, *, everything: bool = False) -> dict[str, Any]:
        self._note("prune_volumes", everything)
        return {"volumes": ["old"], "reclaimed_bytes": 2_000}

    def close(self) -> None:
        """Nothing is open."""

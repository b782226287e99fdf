"""The containers that there are: in memory, and as claims on disk."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from engine import errors, model
from engine.model import NEXT, ContainerState, Status
from engine.state import files
from engine.state.paths import Paths
from engine.supervise import names
from engine.supervise.metrics import Meter
from engine.supervise.recorder import Recorder

VERSION = 1
ACTIVE = frozenset({Status.RUNNING, Status.PAUSED})
"""A process exists."""


class Live:
    """One container, with what the supervisor holds for it while it runs."""

    def __init__(self, container: model.Container, meter: Meter) -> None:
        self.container = container
        self.meter = meter
        self.lock = asyncio.Lock()
        """Held by whatever changes the container, so that a stop waits for a start and not the other way round."""
        self.recorder: Recorder | None = None
        self.pidfd = -1
        self.ended = asyncio.Event()
        """Set while no process of it exists and none is about to be started by its restart policy."""
        self.exit: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        """Exit code of the present run, or of the last one."""
        self.signal_sent = ""
        """The last signal that the operator sent to this run."""
        self.timer: asyncio.TimerHandle | None = None
        """The pending restart."""
        self.links: tuple[str, ...] = ()
        """The host's ends of its own interfaces while it runs."""
        self.ended.set()
        if container.state.status is Status.EXITED:
            self.exit.set_result(container.state.exit_code)

    @property
    def id(self) -> str:
        """The container's id."""
        return self.container.id

    @property
    def name(self) -> str:
        """The container's name."""
        return self.container.name

    @property
    def options(self) -> model.CreateOptions:
        """How it was asked for."""
        return self.container.options

    @property
    def state(self) -> ContainerState:
        """What is known of its run."""
        return self.container.state

    @property
    def active(self) -> bool:
        """Whether a process of it exists."""
        return self.state.status in ACTIVE

    def require_active(self) -> None:
        """Raise `Conflict`, with the way out, where no process of it exists."""
        if not self.active:
            raise errors.Conflict(f"container {self.name} is not running", hint=f"start it: qd start {self.name}")

    @property
    def key(self) -> str:
        """What the keeper calls its present run."""
        return f"{self.id}/{self.state.run}"


class Registry:
    """Finds containers by name or prefix, and keeps the files in step."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._live: dict[str, Live] = {}

    def __iter__(self) -> Iterator[Live]:
        return iter(list(self._live.values()))

    def load(self, meter: Any) -> None:
        """Read what is on disk; `meter` makes a Meter for a container. A broken record is passed over."""
        for entry in sorted(os.listdir(self._paths.containers)):
            container = self._read(entry)
            if container is not None:
                self._live[container.id] = Live(container, meter(container))

    def _read(self, container_id: str) -> model.Container | None:
        folder = self._paths.container(container_id)
        record, state = files.read(f"{folder}/record.json"), files.read(f"{folder}/state.json")
        if record is None:
            return None
        with suppress(msgspec.DecodeError, msgspec.ValidationError):
            container = msgspec.json.decode(record, type=model.Container)
            known = msgspec.json.decode(state, type=ContainerState) if state else ContainerState()
            return msgspec.structs.replace(container, state=known)
        return None

    def add(self, live: Live) -> None:
        """A new container, on disk from now on."""
        self._save_record(live)
        self._live[live.id] = live

    def _save_record(self, live: Live) -> None:
        """After a power cut nobody looks for a container that was to vanish with its end: --rm spares the fsync."""
        bare = msgspec.structs.replace(live.container, state=ContainerState())
        encoded = msgspec.json.encode({"version": VERSION, **msgspec.to_builtins(bare)})
        path = f"{self._paths.container(live.id)}/record.json"
        files.replace(path, encoded, durable=not live.options.auto_remove)

    def change(self, live: Live, **fields: Any) -> None:
        """Change what is not state: name, options."""
        live.container = msgspec.structs.replace(live.container, **fields)
        self._save_record(live)

    def move(self, live: Live, status: Status, *, save: bool = True, **changes: Any) -> None:
        """Go to another status, if that is allowed from here."""
        if status not in NEXT[live.state.status]:
            raise errors.Conflict(f"container {live.name} is {live.state.status} and cannot become {status}")
        self.note(live, save=save, status=status, **changes)

    def note(self, live: Live, *, save: bool = True, **changes: Any) -> None:
        """Change what is known of the run. Not fsynced: after a power cut no process is left to speak of.

        Without `save` only in memory: for what is written with the next change anyway, or means nothing after a crash.
        """
        state = msgspec.structs.replace(live.state, **changes)
        live.container = msgspec.structs.replace(live.container, state=state)
        if save:
            path = f"{self._paths.container(live.id)}/state.json"
            files.replace(path, msgspec.json.encode(state), durable=False)

    def drop(self, live: Live) -> None:
        """Forget it, and remove its folder: the record goes first, so that half a removal is no container."""
        folder = self._paths.container(live.id)
        with suppress(FileNotFoundError):
            os.unlink(f"{folder}/record.json")
        self._live.pop(live.id, None)
        shutil.rmtree(folder, ignore_errors=True)

    def find(self, ref: str) -> Live:
        """By id, name, or an unambiguous prefix of an id. Raises `NotFound`, or `Conflict` where several match."""
        if ref in self._live:
            return self._live[ref]
        name = ref.removeprefix("/")
        found = [live for live in self._live.values() if live.name == name]
        found = found or [live for live in self._live.values() if ref and live.id.startswith(ref)]
        if not found:
            raise errors.NotFound(f"no such container: {ref[:128]}", hint="list them: qd ps -a")
        if len(found) > 1:
            raise errors.Conflict(f"{len(found)} containers begin with {ref[:64]}", hint="give more of the id")
        return found[0]

    def free_name(self, name: str | None) -> str:
        """The name if it is allowed and free, or one made up. Raises `InvalidInput` or `Conflict`."""
        taken = {live.name: live for live in self._live.values()}
        if name is None:
            return names.make_up(set(taken))
        if names.check(name) in taken:
            holder = taken[name].id[:12]
            raise errors.Conflict(
                f'the name "{name}" is taken by container {holder}',
                hint=f"take another one, or remove that container: qd rm {name}",
            )
        return name

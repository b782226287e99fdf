"""The operator's verbs on a container, each under the container's lock."""

import asyncio
import os
import shutil
import signal
import time
from contextlib import ExitStack, suppress
from typing import Any

import msgspec

from engine import errors, model
from engine.image import base
from engine.model import Status
from engine.sandbox import labels, resources, sharing
from engine.sandbox import spec as runtime_spec
from engine.state import files
from engine.supervise import identity, neighbours, provisions, userids, worker
from engine.supervise.parts import Parts
from engine.supervise.provisions import Provisions
from engine.supervise.registry import Live
from engine.supervise.runs import Runs, send_signal

STOP_SECONDS = 10
_SUBIDS = ("subuid", "subgid")
KILL_SECONDS = 10.0
"""How long SIGKILL may take: a process in an uninterruptible wait is the kernel's, not ours."""


class Lifecycle:
    """create, start, stop, restart, kill, pause, unpause, remove, rename, update."""

    def __init__(self, parts: Parts, runs: Runs, meter: Any) -> None:
        self._parts = parts
        self._runs = runs
        self._meter = meter
        self._base_lock = asyncio.Lock()
        self.provisions = Provisions(parts)
        runs.on_gone = self._remove_soon

    async def create(self, options: model.CreateOptions, on_event: Any) -> str:
        """Make a container; its id. Nothing is left where it fails."""
        parts = self._parts
        parts.registry.free_name(options.name)
        options = neighbours.settled(options, parts.registry)
        image = await self._image(options.image, on_event)
        options = self.provisions.settled(options, image)
        command = runtime_spec.arguments(options, image.config)
        container_id = os.urandom(32).hex()
        with ExitStack() as undo:
            folder = parts.paths.container(container_id)
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            os.makedirs(f"{folder}/runs", mode=0o700)
            undo.callback(parts.snapshots.remove, container_id)
            await self._prepare(container_id, parts.store.lowers(image))
            if self._ids(options) is not None:
                await self.provisions.copy_images(options, folder)
            async with self.provisions.provided(options, image):  # nothing waits from here on: name and ids are its own
                container = model.Container(
                    id=container_id,
                    name=parts.registry.free_name(options.name),
                    image=options.image,
                    image_id=image.id,
                    command=command,
                    created_ns=time.time_ns(),
                    options=options,
                    state=model.ContainerState(),
                    ids=self._ids(options),
                )
                identity.write_files(parts.paths, container)
                self._check(container, image)
                parts.registry.add(Live(container, self._meter(container)))
            undo.pop_all()
        self._parts.tell(parts.registry.find(container_id), "create")
        return container_id

    def _ids(self, options: model.CreateOptions) -> tuple[int, int] | None:
        """The ids of its user namespace, which are its own as long as it is there."""
        size = userids.wanted(options.userns, options.privileged)
        if options.userns.startswith(sharing.CONTAINER):
            return neighbours.ids_of(options, self._parts.registry)
        if not size:
            return None
        taken = [range(ids[0], sum(ids)) for live in self._parts.registry if (ids := live.container.ids)]
        subuid, subgid = ((files.read(f"/etc/{name}") or b"").decode("utf-8", "replace") for name in _SUBIDS)
        return userids.allocate(taken, size, userids.pool(subuid, subgid, self._parts.paths.root)).start, size

    async def _image(self, name: str, on_event: Any) -> model.Image:
        try:
            return self._parts.store.find(name)
        except errors.NotFound:
            if name not in base.NAMES:
                raise
        await self.build_base(on_event, rebuild=False)
        return self._parts.store.find(name)

    async def build_base(self, on_event: Any, *, rebuild: bool) -> str:
        """Assemble the built-in image where it is missing, in a worker; its id."""
        async with self._base_lock:
            if not rebuild:
                try:
                    return self._parts.store.find(base.NAME).id
                except errors.NotFound:
                    pass
            folders = {"images_dir": self._parts.paths.images, "layers_dir": self._parts.paths.layers}
            image_id: str = await worker.work("build_base", on_event, **folders)
        self._parts.journal.record("image", "tag", image_id, base.NAME)
        return image_id

    async def _prepare(self, container_id: str, lowers: list[str]) -> None:
        """The writable layer: two directories, or, where there is no overlay, a copy that takes its time."""
        if self._parts.snapshots.kind == "copy":
            await worker.work("prepare", **self._parts.paths._asdict(), container_id=container_id, lowers=lowers)
        else:
            self._parts.snapshots.prepare(container_id, lowers)

    def _check(self, container: model.Container, image: model.Image) -> None:
        """Build the spec once, so that what is wrong with the options is said now and not at the start."""
        if container.options.stop_signal is not None:
            signal_number(container.options.stop_signal)
        spec = runtime_spec.build(
            container.id,
            container.options,
            image.config,
            hostname=identity.hostname(container.id, container.options),
            files={},
            cgroups_path="/quarterdeck",
            ids=container.ids,
            stored=provisions.stored(self._parts, container.options, self._parts.paths.container(container.id)),
        )
        labels.check(spec["process"].get("apparmorProfile", ""), spec["process"].get("selinuxLabel", ""))

    async def start(self, live: Live, size: tuple[int, int] | None = None) -> None:
        """Start; a no-op where it runs."""
        async with live.lock:
            self._runs.cancel_restart(live)
            if live.state.status is Status.PAUSED:
                raise errors.Conflict(f"container {live.name} is paused", hint=f"thaw it: qd unpause {live.name}")
            if live.active:
                return
            self._parts.registry.note(live, restarts=0, restarts_in_row=0, stopped_by_user=False)
            await self._start_or_vanish(live, size)

    async def _start_or_vanish(self, live: Live, size: tuple[int, int] | None) -> None:
        """A container with --rm that could not start leaves nothing behind."""
        try:
            await self._runs.start(live, size)
        except errors.EngineError:
            if live.options.auto_remove:
                await self._remove(live)
                await self.provisions.forget(live)
            raise

    async def stop(self, live: Live, timeout_seconds: int | None = None) -> None:
        """The stop signal, and SIGKILL after the timeout; a no-op where it does not run."""
        async with live.lock:
            await self._stop(live, timeout_seconds)

    async def _stop(self, live: Live, timeout_seconds: int | None) -> None:
        self._settle_restart(live)
        if not live.active:
            return
        self._parts.registry.note(live, stopped_by_user=True)
        if live.state.status is Status.PAUSED:
            self._thaw(live)
        number = self._stop_signal(live)
        live.signal_sent = signal.Signals(number).name
        send_signal(live, number)
        if timeout_seconds is None:
            timeout_seconds = live.options.stop_timeout_seconds
        seconds = STOP_SECONDS if timeout_seconds is None else timeout_seconds
        if not await self._ends_within(live, None if seconds < 0 else float(seconds)):
            await self._end_it(live)
        self._parts.tell(live, "stop")

    def _stop_signal(self, live: Live) -> int:
        image = self._parts.store.find(live.container.image_id)
        inner = image.config.get("config")
        of_image = inner.get("StopSignal") if isinstance(inner, dict) else None
        return signal_number(live.options.stop_signal or str(of_image or "SIGTERM"))

    async def _ends_within(self, live: Live, seconds: float | None) -> bool:
        try:
            await asyncio.wait_for(live.ended.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _end_it(self, live: Live) -> None:
        """SIGKILL to everything in its control group, and to pid 1, which takes the rest of its namespace along."""
        self._parts.cgroups.kill(live.id)
        if live.active:
            with suppress(errors.Conflict):  # it may have died of the first one already, and be reaped
                send_signal(live, signal.SIGKILL)
        if not await self._ends_within(live, KILL_SECONDS):
            raise errors.Conflict(
                f"container {live.name} does not end", hint="a process of it waits in the kernel: see qd top, dmesg"
            )

    def _settle_restart(self, live: Live) -> None:
        """The operator does not want the restart that is due."""
        self._runs.cancel_restart(live)
        if live.state.status is Status.RESTARTING:
            self._parts.registry.move(live, Status.EXITED, restart_at_ns=0, stopped_by_user=True)
            live.ended.set()

    async def restart(self, live: Live, timeout_seconds: int | None = None) -> None:
        """Stop where it runs, then start."""
        async with live.lock:
            await self._stop(live, timeout_seconds)
            self._parts.registry.note(live, restarts=0, restarts_in_row=0, stopped_by_user=False)
            await self._runs.start(live)
        self._parts.tell(live, "restart")

    async def kill(self, live: Live, name: str) -> None:
        """Send a signal to pid 1. A deadly one keeps the restart policy from acting, as in Docker."""
        number = signal_number(name)
        async with live.lock:
            live.require_active()
            live.signal_sent = signal.Signals(number).name
            if number in (signal.SIGKILL, self._stop_signal(live)):
                self._parts.registry.note(live, stopped_by_user=True)
            if number == signal.SIGKILL and live.state.status is Status.PAUSED:
                self._thaw(live)
            send_signal(live, number)
            self._parts.tell(live, "kill", signal=str(number))
            if number == signal.SIGKILL:
                await self._ends_within(live, KILL_SECONDS)

    async def pause(self, live: Live) -> None:
        """Freeze every process of it."""
        async with live.lock:
            if live.state.status is not Status.RUNNING:
                raise errors.Conflict(
                    f"container {live.name} is {live.state.status}, only a running one can be paused",
                    hint=f"start it: qd start {live.name}",
                )
            self._parts.cgroups.freeze(live.id)
            self._parts.registry.move(live, Status.PAUSED)
        self._parts.tell(live, "pause")

    async def unpause(self, live: Live) -> None:
        """Thaw."""
        async with live.lock:
            if live.state.status is not Status.PAUSED:
                raise errors.Conflict(f"container {live.name} is not paused", hint=f"pause it: qd pause {live.name}")
            self._thaw(live)
        self._parts.tell(live, "unpause")

    def _thaw(self, live: Live) -> None:
        self._parts.cgroups.thaw(live.id)
        self._parts.registry.move(live, Status.RUNNING)

    async def remove(self, live: Live, *, force: bool, volumes: bool = False) -> None:
        """Remove it and its layer, with `volumes` also those without a name. Raises `Conflict` where it runs and
        `force` is not given."""
        async with live.lock:
            if live.active and not force:
                raise errors.Conflict(
                    f"container {live.name} is {live.state.status}",
                    hint=f"stop it first: qd stop {live.name}, or: qd rm -f {live.name}",
                )
            await self._remove(live)
            if volumes:
                await self.provisions.forget(live)

    async def _remove(self, live: Live) -> None:
        self._settle_restart(live)
        if live.active:
            self._parts.registry.note(live, stopped_by_user=True)
            if live.state.status is Status.PAUSED:
                self._thaw(live)
            await self._end_it(live)
        if live.state.status is Status.REMOVING:
            return
        self._parts.registry.move(live, Status.REMOVING, save=False)
        try:
            await self._remove_layer(live)
        except (OSError, errors.EngineError, ExceptionGroup):
            self._parts.registry.move(live, Status.EXITED)  # so that it can be tried again
            raise
        self._parts.registry.drop(live)
        self._parts.tell(live, "destroy")

    async def _remove_layer(self, live: Live) -> None:
        """Here where it is a matter of a millisecond, else in a worker."""
        await self.provisions.remove_copies(self._parts.paths.container(live.id))
        if self._parts.snapshots.is_small(live.id):
            self._parts.snapshots.remove(live.id)
        else:
            await worker.work("remove_layer", **self._parts.paths._asdict(), container_id=live.id)

    async def written_bytes(self, live: Live) -> int:
        """Size of its writable layer."""
        if self._parts.snapshots.is_small(live.id):
            return self._parts.snapshots.size(live.id)
        return int(await worker.work("size", **self._parts.paths._asdict(), container_id=live.id))

    def _remove_soon(self, live: Live) -> None:
        """Remove a --rm container; whoever waits for its end is told when nothing of it is left, as by Docker."""
        self._parts.background(self._remove_ended(live))

    async def _remove_ended(self, live: Live) -> None:
        code = live.state.exit_code
        try:
            await self._remove_locked(live)
        finally:
            live.exit.set_result(code)

    async def _remove_locked(self, live: Live) -> None:
        async with live.lock:
            if live.active or live.state.status is Status.REMOVING:
                return
            try:
                await self._remove(live)
                await self.provisions.forget(live)
            except (OSError, errors.EngineError, ExceptionGroup) as err:
                self._parts.warn(f"{live.name} could not be removed at its end: {err}")

    async def rename(self, live: Live, name: str) -> None:
        """Give it another name."""
        async with live.lock:
            if name == live.name:
                raise errors.InvalidInput(f"container {name} has that name already")
            old = live.name
            self._parts.registry.change(live, name=self._parts.registry.free_name(name))
        self._parts.tell(live, "rename", oldName=old)

    async def update(self, live: Live, limits: model.Limits | None, restart: model.RestartPolicy | None) -> None:
        """Change what is set, in the kernel at once where it runs."""
        async with live.lock:
            changes = _set_fields(limits)
            merged = msgspec.structs.replace(live.options.limits, **changes)
            resources.resources(merged)
            if live.active and limits is not None and changes:
                for ignored in self._parts.cgroups.update(live.id, resources.resources(merged)):
                    self._parts.warn(ignored)
            options = msgspec.structs.replace(live.options, limits=merged, restart=restart or live.options.restart)
            self._parts.registry.change(live, options=options)
        self._parts.tell(live, "update")


def signal_number(name: str) -> int:
    """A signal by name, with or without SIG, in any case, or by number. Raises `InvalidInput`."""
    text = name.strip().upper()
    if text.isdecimal() and len(text) < 3 and int(text) in set(signal.Signals):
        return int(text)
    try:
        return signal.Signals[text if text.startswith("SIG") else f"SIG{text}"].value
    except KeyError:
        raise errors.InvalidInput(
            f"there is no signal {name[:32]!r}", hint="name one, such as TERM, KILL or HUP"
        ) from None


def _set_fields(limits: model.Limits | None) -> dict[str, Any]:
    if limits is None:
        return {}
    fields = msgspec.structs.asdict(limits)
    return {name: value for name, value in fields.items() if value is not None and value != ()}

"""The operator's verbs on a container, each under the container's lock."""

import asyncio
import signal
from contextlib import suppress
from typing import Any

import msgspec

from engine import errors, model
from engine.model import Status
from engine.sandbox import resources
from engine.supervise import worker
from engine.supervise.creating import Creator, FindImage
from engine.supervise.parts import Parts
from engine.supervise.provisions import Provisions
from engine.supervise.registry import Live
from engine.supervise.runs import Runs, send_signal
from engine.supervise.signals import signal_number

STOP_SECONDS = 10
KILL_SECONDS = 10.0
"""How long SIGKILL may take: a process in an uninterruptible wait is the kernel's, not ours."""


class Lifecycle:
    """create, start, stop, restart, kill, pause, unpause, remove, rename, update."""

    def __init__(self, parts: Parts, runs: Runs, meter: Any) -> None:
        self._parts = parts
        self._runs = runs
        self.provisions = Provisions(parts)
        self._creator = Creator(parts, self.provisions, meter)
        runs.on_gone = self._remove_soon

    async def create(self, options: model.CreateOptions, find_image: FindImage) -> str:
        """Make a container; its id. Nothing is left where it fails."""
        return await self._creator.create(options, find_image)

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
            if live.active:
                self._parts.fabric.resolvers.publish(live)
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


def _set_fields(limits: model.Limits | None) -> dict[str, Any]:
    if limits is None:
        return {}
    fields = msgspec.structs.asdict(limits)
    return {name: value for name, value in fields.items() if value is not None and value != ()}

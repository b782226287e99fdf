"""From `start` to the program: every step with its undo.

spec -> cgroup (limits in place) -> clone -> network -> GO -> program -> recorded and sampled
"""

import asyncio
import json
import os
import time
from contextlib import AsyncExitStack
from typing import Any

from engine import errors
from engine.kernel import proc
from engine.model import Status
from engine.sandbox import sharing
from engine.sandbox import spec as runtime_spec
from engine.state import files
from engine.supervise import identity, neighbours, provisions
from engine.supervise.keeper_link import Started
from engine.supervise.log import LogWriter
from engine.supervise.parts import Parts
from engine.supervise.recorder import Recorder
from engine.supervise.registry import Live


class Starter:
    """Starts runs; after a failure the host is as it was before."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def start(self, live: Live, size: tuple[int, int] | None) -> None:
        """Start the next run; it is RUNNING, recorded and sampled when this returns. Raises EngineError, OSError."""
        async with AsyncExitStack() as undo:
            await self._start(live, size, undo)
            undo.pop_all()

    async def _start(self, live: Live, size: tuple[int, int] | None, undo: AsyncExitStack) -> None:
        parts = self._parts
        for missing in parts.refused:
            raise errors.MissingFeature(missing.message, hint=missing.hint)
        folder = parts.paths.run_folder(live.id, live.state.run + 1)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        parts.registry.note(live, save=False, run=live.state.run + 1)
        undo.callback(release, parts, live)
        writer = LogWriter(folder)
        undo.callback(writer.close)
        await parts.fabric.prepare(live)
        order = self._order(live, folder)
        options = live.options
        pid = await parts.keeper.create(live.key, order, folder, terminal=options.tty, stdin=options.interactive)
        undo.push_async_callback(parts.keeper.abort, live.key)
        if sharing.is_own(options, "network"):
            await parts.fabric.plug(live, pid)
        started = await parts.keeper.go(live.key, size)
        hold(parts, live, started, writer)
        self._note(live, started.pid)

    def _order(self, live: Live, folder: str) -> dict[str, Any]:
        """Everything that the keeper needs; the limits are in place when this returns."""
        parts = self._parts
        identity.rewrite(parts.paths, live.container, resolv_conf=parts.fabric.resolvers.text(live.container).encode())
        image = parts.store.find(live.container.image_id)
        spec = self._spec(live, image.config)
        files.write_new(f"{folder}/spec.json", json.dumps(spec).encode())
        placement = parts.cgroups.create(live.id, spec["linux"]["resources"])
        for ignored in placement.ignored:
            parts.warn(ignored)
        root = parts.snapshots.root(live.id, parts.store.lowers(image), idmap=live.container.ids is not None)
        return {
            "spec": spec,
            "root": root | {"beneath": provisions.beneath(live.options)},
            "rootfs": parts.paths.rootfs,
            "join": placement.join,
            "into": placement.into,
            "init": live.options.init,
            "cache": parts.filters,
        }

    def _spec(self, live: Live, config: dict[str, Any]) -> dict[str, Any]:
        folder = self._parts.paths.container(live.id)
        return runtime_spec.build(
            live.id,
            live.options,
            config,
            hostname=identity.hostname(live.id, live.options),
            files={name: f"{folder}/{name}" for name in identity.FILES},
            cgroups_path=f"/quarterdeck/{live.id}",
            ids=live.container.ids,
            stored=provisions.stored(self._parts, live.options, folder),
            shared=neighbours.paths(live.options, self._parts.registry),
        )

    def _note(self, live: Live, pid: int) -> None:
        self._parts.registry.move(
            live,
            Status.RUNNING,
            pid=pid,
            pid_start_ticks=_start_ticks(pid),
            boot_id=proc.read_boot_id(),
            started_ns=time.time_ns(),
            finished_ns=0,
            exit_code=None,
            oom_killed=False,
            cause="",
            error="",
            restart_at_ns=0,
            stopped_by_user=False,
        )


def hold(parts: Parts, live: Live, started: Started, writer: LogWriter | None) -> None:
    """Take what a run needs while it lasts. Without a writer its output is lost: nobody has its pipes any more."""
    live.ended.clear()
    live.exit = asyncio.get_running_loop().create_future()
    live.signal_sent = ""
    key = live.key
    if writer is not None:
        live.recorder = Recorder(
            writer,
            started.pid,
            started.fds,
            tty=live.options.tty,
            stdin=live.options.interactive,
            on_stdin_end=lambda: parts.keeper.end_stdin(key),
        )
    live.pidfd = _pidfd(started.pid)
    live.meter.open(parts.cgroups.sampler(live.id))


def release(parts: Parts, live: Live) -> None:
    """Give back what a run held, whether all of it was taken or not."""
    if live.recorder is not None:
        live.recorder.drain()
        live.recorder = None
    if live.meter.running:
        live.meter.saw_ooms(parts.cgroups.oom_kills(live.id))
    live.meter.close()
    parts.fabric.release(live)
    try:
        if not sharing.is_own(live.options, "pid"):
            parts.cgroups.kill(live.id)  # the kernel ends the others only with a pid namespace of their own
        parts.cgroups.delete(live.id)
    except (OSError, errors.EngineError, ExceptionGroup) as err:
        parts.warn(f"the control group of {live.name} could not be removed: {err}")
    if live.pidfd >= 0:
        os.close(live.pidfd)
        live.pidfd = -1


def _start_ticks(pid: int) -> int:
    """When it started; 0 where it has gone already."""
    stat = proc.read_stat(pid)
    return stat.start_ticks if stat is not None else 0


def _pidfd(pid: int) -> int:
    """pidfd_open(2); -1 where the process is gone already."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return -1

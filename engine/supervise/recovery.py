"""What a new supervisor finds: containers that run on, that have ended meanwhile, or that a reboot took."""

import asyncio
import os
import shutil
import time

from engine import errors
from engine.model import Status
from engine.supervise import worker
from engine.supervise.keeper_link import Found
from engine.supervise.parts import Parts
from engine.supervise.registry import Live
from engine.supervise.runs import Runs, is_alive


async def recover(parts: Parts, runs: Runs) -> None:
    """Bring every record in step with the kernel. The keeper knows most; /proc knows what is alive."""
    found = {child.key: child for child in await parts.keeper.connect()}
    for live in parts.registry:
        if live.active:
            _settle(parts, runs, live, found.get(live.key))
        elif live.state.status is Status.RESTARTING:
            runs.restart_later(live, max(0.0, (live.state.restart_at_ns - time.time_ns()) / 1e9))
    await _end_what_never_started(parts, found)
    _clear_cgroups(parts)
    for container_id in _without_record(parts):
        if parts.snapshots.is_small(container_id):
            await _clear_folder(parts, container_id)
        else:
            parts.background(_clear_folder(parts, container_id))


def _without_record(parts: Parts) -> list[str]:
    """Folders of containers that were being made, or removed, when the last supervisor was killed. One whose record
    cannot be read is not among them: somebody may want to look at it."""
    folders = parts.paths.containers
    return [name for name in os.listdir(folders) if not os.path.lexists(f"{folders}/{name}/record.json")]


async def _clear_folder(parts: Parts, container_id: str) -> None:
    try:
        if parts.snapshots.is_small(container_id):
            parts.snapshots.remove(container_id)
        else:
            await worker.work("remove_layer", **parts.paths._asdict(), container_id=container_id)
        await asyncio.to_thread(shutil.rmtree, parts.paths.container(container_id), ignore_errors=True)
    except (OSError, errors.EngineError, ExceptionGroup) as err:
        parts.warn(f"what is left of a container that was never made could not be removed: {err}")


async def _end_what_never_started(parts: Parts, found: dict[str, Found]) -> None:
    """Children of starts that the last supervisor did not live to finish: no record says that they run."""
    wanted = {live.key for live in parts.registry if live.active}
    for key, child in found.items():
        if "/" in key and key not in wanted:
            for fd in child.fds:
                os.close(fd)
            parts.keeper.exit_future(key)
            await parts.keeper.abort(key)


def _settle(parts: Parts, runs: Runs, live: Live, child: Found | None) -> None:
    if child is not None:
        runs.adopt(live, child.fds, parts.keeper.exit_future(live.key))
    elif is_alive(live.state):
        runs.adopt(live, (), None)
    else:
        runs.ended(live, runs.recorded_end(live))


def _clear_cgroups(parts: Parts) -> None:
    """Control groups of this engine's containers that do not run: left by a crash.

    Where both processes were killed in the midst of a start, its program may have come as far as to run: no record
    says so, and nobody could reach it, so it ends.
    """
    stale = parts.cgroups.stale()
    for live in parts.registry:
        if not live.active and live.id in stale:
            try:
                parts.cgroups.kill(live.id)
                parts.cgroups.delete(live.id)
            except (OSError, errors.EngineError, ExceptionGroup) as err:
                parts.warn(f"the control group of {live.name} could not be removed: {err}")

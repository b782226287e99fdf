"""The supervisor: one per state root, started by the first command that needs it, as a tmux server is.

A single-threaded loop that knows all containers. It says `ready` on its standard output once it listens, or what is
wrong as one JSON object. It leaves when nothing runs and nobody asked for ten minutes; SIGTERM makes it
leave at once, and containers run on.
"""

import asyncio
import fcntl
import json
import os
import resource
import signal
import socket
import sys
import traceback
from contextlib import suppress

from engine import errors, model
from engine.cgroup.manager import Cgroups
from engine.image.store.images import Store
from engine.kernel import priority
from engine.model import Status
from engine.network import names
from engine.network.table import descriptors
from engine.sandbox import probe
from engine.sandbox.snapshot import Snapshots
from engine.state.paths import Paths
from engine.supervise import metrics, recovery
from engine.supervise.events import Journal
from engine.supervise.keeper_link import KeeperLink
from engine.supervise.lifecycle import Lifecycle
from engine.supervise.methods import Methods
from engine.supervise.networks.store import Networks
from engine.supervise.parts import Parts
from engine.supervise.registry import Registry
from engine.supervise.runs import Runs
from engine.supervise.server import Server, listen
from engine.supervise.sessions import Sessions
from engine.supervise.volumes import Volumes

IDLE_SECONDS = 600.0


def main(arguments: list[str]) -> int:
    """`supervisor ROOT RUN`."""
    paths = Paths(*arguments)
    _raise_file_limit()
    descriptors.keep()
    priority.put_first()
    try:
        _make_folders(paths)
        listener = _take_place(paths)
        if listener is None:
            _say("ready")
        else:
            asyncio.run(_run(paths, listener))
    except errors.EngineError as err:
        _say(json.dumps(err.to_json()))
    except OSError as err:
        hint = f"can {paths.root} and {paths.run} be made and written? --root and --run name others"
        _say(json.dumps(errors.Unreachable(f"the supervisor cannot start: {err}", hint=hint).to_json()))
    except Exception:  # noqa: BLE001  # the outermost loop of a process: the trace goes to a file, not to a user
        _note_crash(paths, traceback.format_exc())
        return 1
    return 0


def _raise_file_limit() -> None:
    """Some ten descriptors a container: the soft limit of a login shell, 1024, is enough for a hundred only."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _make_folders(paths: Paths) -> None:
    for folder in (paths.root, paths.run):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        os.chmod(folder, 0o700)
    for folder in (paths.containers, paths.rootfs, paths.volumes):
        os.makedirs(folder, mode=0o700, exist_ok=True)


def _take_place(paths: Paths) -> socket.socket | None:
    """Become the only supervisor of the folder, and listen; None where another one is that, and listens.

    Two locks: `start` is held from the first look until somebody listens, so that whoever waited for it finds either a
    supervisor that listens, or one that is leaving and soon lets `supervisor.lock` go.
    """
    start = _lock_file(f"{paths.run}/start.lock")
    fcntl.flock(start, fcntl.LOCK_EX)
    try:
        place = _lock_file(f"{paths.run}/supervisor.lock")
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _listens(paths.socket):
                os.close(place)
                return None
            fcntl.flock(place, fcntl.LOCK_EX)
        return listen(paths.socket)
    finally:
        os.close(start)


def _lock_file(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(path)
        except OSError:
            return False
    return True


async def _run(paths: Paths, listener: socket.socket) -> None:
    """Build the parts, take over what runs, and serve until there is nothing to do."""
    parts = Parts(
        paths=paths,
        registry=Registry(paths),
        keeper=KeeperLink(paths, lambda _key, text: parts.warn(text)),
        cgroups=Cgroups.detect(),
        snapshots=Snapshots(paths),
        store=Store(paths.images, paths.layers),
        journal=Journal(paths),
        volumes=Volumes(paths.volumes),
        networks=Networks(paths.networks, names.tag_of(paths.root)),
    )
    missing = probe.missing(paths.root)
    parts.refused = tuple(feature for feature in missing if feature.feature.endswith("namespace"))
    for feature in missing:
        parts.warn(str(feature))
    await _serve(parts, listener)


async def _serve(parts: Parts, listener: socket.socket) -> None:
    runs = Runs(parts)
    lifecycle = Lifecycle(parts, runs, lambda container: _meter(parts, container))
    parts.registry.load(lambda container: _meter(parts, container))
    await recovery.recover(parts, runs)
    await parts.fabric.recover()
    parts.keeper.on_lost = lambda: _replace_keeper(parts)
    server = Server(Methods(parts, lifecycle, Sessions(parts)).table())
    loop = asyncio.get_running_loop()
    leaving = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, leaving.set)
    tasks = [loop.create_task(server.accept(listener)), loop.create_task(_sample(parts))]
    tasks.append(loop.create_task(_idle(parts, server, leaving)))
    _say("ready")
    try:
        await leaving.wait()
    finally:
        for task in tasks:
            task.cancel()
        await _leave(parts)


async def _leave(parts: Parts) -> None:
    """Containers run on; without any, nothing of ours stays on the host."""
    with suppress(FileNotFoundError):
        os.unlink(parts.paths.socket)
    idle = not any(live.active for live in parts.registry)
    if idle:
        await parts.fabric.close()
    parts.keeper.close(leave=idle)
    parts.snapshots.close()
    parts.journal.close()


def _replace_keeper(parts: Parts) -> None:
    """The keeper has died. Its containers run on; the next ones need another."""
    parts.warn("the keeper ended unexpectedly and was replaced; exit codes of what ran then will not be known")
    parts.background(parts.keeper.connect())


async def _sample(parts: Parts) -> None:
    """Every container once a second, on whole steps of the loop's clock."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(metrics.STEP_SECONDS - loop.time() % metrics.STEP_SECONDS)
        for live in parts.registry:
            if live.meter.running:
                live.meter.sample()


async def _idle(parts: Parts, server: Server, leaving: asyncio.Event) -> None:
    """Leave when nothing runs and nobody asked for ten minutes."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(IDLE_SECONDS / 10)
        waits = any(live.active or live.state.status is Status.RESTARTING for live in parts.registry)
        if not waits and not server.busy and loop.time() - server.asked_at > IDLE_SECONDS:
            leaving.set()


def _meter(parts: Parts, container: model.Container) -> metrics.Meter:
    """A meter that tells the journal of OOM kills, and counts what goes through the interfaces."""

    def on_oom() -> None:
        now = parts.registry.find(container.id).container
        limit = now.options.limits.memory_bytes
        parts.journal.record("container", "oom", now.id, now.name, image=now.image, limit=str(limit or ""))

    return metrics.Meter(on_oom, lambda: parts.traffic.of(parts.registry, container.id))


def _say(text: str) -> None:
    """One line to whoever started this process; then its pipe is let go."""
    with suppress(OSError):
        os.write(1, f"{text}\n".encode())
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.close(null)


def _note_crash(paths: Paths, text: str) -> None:
    _say(json.dumps(errors.Unreachable("the supervisor failed", hint=f"see {paths.run}/supervisor.crash").to_json()))
    with open(f"{paths.run}/supervisor.crash", "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    sys.stderr.write(text)

"""What the engine tells of itself, and of one container: read from the parts, changing nothing."""

import os
import platform
import time
from collections import Counter
from typing import Any

import msgspec

from engine import errors, model, wire
from engine.state import files
from engine.supervise.parts import Parts
from engine.supervise.registry import Live
from engine.version import VERSION

OOM_WINDOW_NS = 15 * 60 * 10**9
SPARKLINE = 30


def own_pid() -> int:
    """The supervisor's."""
    return os.getpid()


def info(parts: Parts) -> model.Info:
    """What this engine can do here."""
    uname = os.uname()
    return model.Info(
        version=VERSION,
        protocol=wire.PROTOCOL,
        hostname=uname.nodename,
        kernel=uname.release,
        architecture=platform.machine(),
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        root=parts.paths.root,
        run=parts.paths.run,
        storage=parts.snapshots.kind,
        cgroup=parts.cgroups.kind,
        controllers=parts.cgroups.controllers,
        containers=dict(Counter(str(live.state.status) for live in parts.registry)),
        images=len(parts.store.images()),
        networks=len(parts.networks.all()),
        subnet=_default_subnet(parts),
        supervisor_pid=os.getpid(),
        keeper_pid=parts.keeper.pid,
        warnings=parts.all_warnings(),
    )


def _default_subnet(parts: Parts) -> str:
    network = parts.networks.find("bridge")
    return ", ".join(filter(None, (network.subnet, network.subnet6)))


def overview(parts: Parts) -> model.Overview:
    """Everything that the dashboard draws."""
    running = [live for live in parts.registry if live.meter.running]
    sparks = {live.id: live.meter.ring.last("cpu_cores", SPARKLINE) for live in running}
    return model.Overview(
        time_ns=time.time_ns(),
        containers=tuple(live.container for live in parts.registry),
        stats={live.id: live.meter.stats(live.container) for live in running},
        recent_cpu={key: tuple(value or 0.0 for value in values) for key, values in sparks.items()},
        oom_recent=parts.journal.ooms_since(time.time_ns() - OOM_WINDOW_NS),
        warnings=parts.all_warnings(),
    )


def inspect(parts: Parts, live: Live) -> dict[str, Any]:
    """Everything of one container, for `qd inspect` to put into Docker's form."""
    folder = parts.paths.run_folder(live.id, live.state.run)
    spec = files.read(f"{folder}/spec.json") if live.state.run else None
    return {
        "container": live.container,
        "image": _image(parts, live),
        "spec": msgspec.json.decode(spec) if spec else None,
        "paths": {
            "folder": parts.paths.container(live.id),
            "upper": parts.snapshots.upper(live.id),
            "log": f"{folder}/output" if live.state.run else None,
            "cgroup": parts.cgroups.paths(live.id) if live.active else {},
            "volumes": {mount.name: parts.volumes.data(mount.name) for mount in live.options.volumes},
        },
        "lost_log_bytes": live.recorder.lost_bytes if live.recorder is not None else 0,
    }


def _image(parts: Parts, live: Live) -> model.Image | None:
    try:
        return parts.store.find(live.container.image_id)
    except errors.NotFound:
        return None

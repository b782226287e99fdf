"""A container in the form of `docker inspect`: the same names, so that scripts and habits carry over.

What has no counterpart here is left out rather than invented; what Docker has no name for (the cause of an exit, the
paths of control groups) has one of ours beside.
"""

from collections.abc import Mapping
from typing import Any

from engine.cli.container.host_config import host_config
from engine.cli.container.mounts_view import mounts_view
from engine.cli.container.network_view import exposed_ports, network_settings
from engine.cli.render.human import rfc3339
from engine.model import Container, Image, Network, Status

NEVER = "0001-01-01T00:00:00Z"
"""Go's zero time, which Docker prints where nothing has happened yet."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def container_view(
    container: Container,
    image: Image | None,
    spec: dict[str, Any] | None,
    paths: dict[str, Any],
    networks: Mapping[str, Network] | None = None,
) -> dict[str, Any]:
    """The object of one container. `spec` is the OCI runtime-spec of its last run, None before the first; `networks`
    are those that it is on, by their ids."""
    program, *arguments = container.command or ("",)
    return {
        "Id": container.id,
        "Created": rfc3339(container.created_ns),
        "Path": program,
        "Args": arguments,
        "State": _state(container),
        "Image": container.image_id,
        "Name": f"/{container.name}",
        "RestartCount": container.state.restarts,
        "Driver": "overlay",
        "Platform": "linux",
        "LogPath": paths.get("log") or "",
        "HostConfig": host_config(container, spec),
        "GraphDriver": {"Name": "overlay", "Data": {"UpperDir": paths.get("upper") or ""}},
        "Mounts": mounts_view(container.options, paths.get("volumes") or {}),
        "Config": _config(container, image, spec),
        "NetworkSettings": network_settings(container, networks or {}, image_config(image).get("ExposedPorts") or {}),
        "Cgroups": paths.get("cgroup") or {},
    }


def _state(container: Container) -> dict[str, Any]:
    state = container.state
    return {
        "Status": state.status.value,
        # As in Docker, a paused or a restarting container counts as running.
        "Running": state.status in (Status.RUNNING, Status.PAUSED, Status.RESTARTING),
        "Paused": state.status is Status.PAUSED,
        "Restarting": state.status is Status.RESTARTING,
        "OOMKilled": state.oom_killed,
        "Dead": False,
        "Pid": state.pid,
        "ExitCode": state.exit_code or 0,
        "Error": state.error,
        "Cause": state.cause,
        "StartedAt": rfc3339(state.started_ns) if state.started_ns else NEVER,
        "FinishedAt": rfc3339(state.finished_ns) if state.finished_ns else NEVER,
    }


def _config(container: Container, image: Image | None, spec: dict[str, Any] | None) -> dict[str, Any]:
    options = container.options
    of_image = image_config(image)
    entrypoint = of_image.get("Entrypoint") if options.entrypoint is None else list(options.entrypoint)
    process = (spec or {}).get("process", {})
    return {
        "Hostname": options.hostname or container.id[:12],
        "User": options.user or of_image.get("User", ""),
        "AttachStdin": options.interactive,
        "Tty": options.tty,
        "OpenStdin": options.interactive,
        "Env": process.get("env") or [*(of_image.get("Env") or [f"PATH={_PATH}"]), *options.env],
        "Cmd": list(options.command) or of_image.get("Cmd"),
        "Image": container.image,
        "WorkingDir": options.workdir or of_image.get("WorkingDir", ""),
        "Entrypoint": entrypoint or None,
        "Labels": {**(of_image.get("Labels") or {}), **options.labels},
        "StopSignal": options.stop_signal or of_image.get("StopSignal", "SIGTERM"),
        "StopTimeout": options.stop_timeout_seconds,
        "ExposedPorts": exposed_ports(options, of_image.get("ExposedPorts") or {}),
    }


def image_config(image: Image | None) -> dict[str, Any]:
    """The `config` object of the image config; empty where there is none. Source: OCI image-spec, config.md."""
    config = image.config.get("config") if image is not None else None
    return config if isinstance(config, dict) else {}

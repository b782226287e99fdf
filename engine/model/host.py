"""The host as the engine sees it, and everything the dashboard draws at once."""

from engine.model.container import Container
from engine.model.stats import Stats
from engine.model.value import Value


class Info(Value, frozen=True, kw_only=True):
    """What this engine can do on this host."""

    version: str
    protocol: int
    hostname: str
    kernel: str
    architecture: str
    cpus: int
    memory_bytes: int
    root: str
    run: str
    storage: str
    """overlay, overlay on tmpfs, or copy."""
    cgroup: str
    """v1, v2, hybrid or none."""
    controllers: dict[str, str]
    """Controller -> v1 or v2, for those that can be used."""
    containers: dict[str, int]
    """Status -> how many."""
    images: int
    networks: int
    """The built-in ones included."""
    subnet: str
    """Of the network that containers are on where nothing is said; empty as long as none was."""
    supervisor_pid: int
    keeper_pid: int
    warnings: tuple[str, ...] = ()
    """What does not work here, each with how to get it."""


class Overview(Value, frozen=True, kw_only=True):
    """One moment of everything: what the dashboard asks for once a second."""

    time_ns: int
    containers: tuple[Container, ...]
    stats: dict[str, Stats]
    """By container id; only those that run."""
    recent_cpu: dict[str, tuple[float, ...]]
    """By container id: cores of the last 30 samples at most, for sparklines."""
    oom_recent: int
    """OOM kills of the last 15 minutes."""
    warnings: tuple[str, ...] = ()

"""Containers as the demonstration has them, at one frozen moment; for tests that draw."""

import math
from collections.abc import Sequence

from engine.model import (
    Container,
    ContainerState,
    CreateOptions,
    Endpoint,
    Event,
    Limits,
    Overview,
    Port,
    RestartPolicy,
    Series,
    Stats,
    Status,
)
from tui.host import HostSample

SECOND = 1_000_000_000
NOW_NS = 1_800_000_000 * SECOND
MIB = 1 << 20
IMAGE = "localhost/base:latest"

HOST = HostSample(
    hostname="lighthouse",
    cpus=4,
    cpu_ratio=0.34,
    memory_bytes=5_368_709_120,
    memory_total_bytes=16_777_216_000,
    load=1.2,
    pressure={"cpu": 0.031, "memory": 0.0, "io": 0.002},
)


def container(name: str, state: ContainerState | None = None, **options: object) -> Container:
    """A container by name; its id follows from the name."""
    command = options.pop("command", ("sh", "-c", f"exec {name}"))
    fields = {field: options.pop(field) for field in ("endpoints", "ports") if field in options}
    asked = CreateOptions(image=IMAGE, name=name, command=command, **options)
    return Container(
        id=identity(name),
        name=name,
        image=IMAGE,
        image_id="sha256:" + "ab" * 32,
        command=command,
        created_ns=NOW_NS - 7200 * SECOND,
        options=asked,
        state=state or ContainerState(),
        **fields,
    )


def identity(name: str) -> str:
    """64 hex digits."""
    return (name.encode().hex() * 64)[:64]


def running(seconds: int = 3 * 3600, **more: object) -> ContainerState:
    """Up for so long."""
    values = {"status": Status.RUNNING, "run": 1, "pid": 4242, "started_ns": NOW_NS - seconds * SECOND}
    return ContainerState(**(values | more))


def exited(code: int, seconds: float = 120, lasted: float = 2.1, **more: object) -> ContainerState:
    """Over since so long."""
    finished = NOW_NS - int(seconds * SECOND)
    values = {
        "status": Status.EXITED,
        "run": 1,
        "exit_code": code,
        "finished_ns": finished,
        "started_ns": finished - int(lasted * SECOND),
        "cause": f"exit {code}",
    }
    return ContainerState(**(values | more))


def stats(one: Container, cores: float, memory_mib: float, **more: object) -> Stats:
    """Figures within the container's own limits."""
    limits = one.options.limits
    values = {
        "id": one.id,
        "name": one.name,
        "cpu_cores": cores,
        "cpu_limit_cores": limits.cpus,
        "throttled_ratio": 0.0,
        "memory_bytes": int(memory_mib * MIB),
        "memory_cache_bytes": 3 * MIB,
        "memory_limit_bytes": limits.memory_bytes,
        "memory_peak_bytes": int(memory_mib * 1.2 * MIB),
        "oom_kills": 0,
        "pids": 3,
        "pids_limit": limits.pids,
        "read_bytes": 12 * MIB,
        "write_bytes": 4096,
    }
    return Stats(**(values | more))


HOG = container(
    "hog",
    ContainerState(
        status=Status.RESTARTING,
        run=8,
        exit_code=137,
        oom_killed=True,
        cause="killed by the kernel: memory limit 64 MiB reached",
        started_ns=NOW_NS - 9 * SECOND,
        finished_ns=NOW_NS - 6 * SECOND,
        restarts=7,
        restart_at_ns=NOW_NS + 4 * SECOND,
    ),
    limits=Limits(memory_bytes=64 * MIB),
    restart=RestartPolicy(name="always"),
    command=("python3", "-c", "data = []; [data.append(bytes(1 << 20)) for _ in range(1000)]"),
)
FAILER = container("failer", exited(1), command=("sh", "-c", "echo no configuration >&2; exit 1"))
BURNER = container("burner", running(640), limits=Limits(cpus=0.2), command=("sh", "-c", "while :; do :; done"))
FROZEN = container("frozen", running(900, status=Status.PAUSED))
LOGGER = container("logger", running(11000))
SHELL = container("shell", running(60), tty=True, interactive=True, command=("sh",))
WEB = container(
    "web",
    running(3 * 3600),
    limits=Limits(memory_bytes=128 * MIB, cpus=1.0, pids=100),
    command=("python3", "-m", "http.server", "8080"),
    env=("PORT=8080",),
    labels={"quarterdeck.demo": "yes"},
    endpoints=(Endpoint(network="bridge", interface="eth0", mac="02:42:ac:11:00:02", address="172.17.0.2"),),
    ports=(Port(container=8080, host=8080), Port(container=8443, host=443, address="192.0.2.7")),
)
NEW = container("new")
DONE = container("done", exited(0, 4000, cause="exit 0: done"))

ALL = (WEB, LOGGER, BURNER, HOG, FAILER, SHELL, FROZEN, NEW, DONE)

FIGURES = {
    one.id: one
    for one in (
        stats(WEB, 0.02, 21.4, rx_bytes=3 * MIB, tx_bytes=90 * MIB, tx_bytes_per_second=6 * 40960.0, rx_drops=2),
        stats(LOGGER, 0.11, 2.3),
        stats(BURNER, 0.2, 1.1, throttled_ratio=0.82),
        stats(SHELL, 0.0, 1.0),
        stats(FROZEN, 0.0, 4.0),
    )
}


def overview(containers: Sequence[Container] = ALL, **more: object) -> Overview:
    """One moment of these containers."""
    ids = {one.id for one in containers}
    values = {
        "time_ns": NOW_NS,
        "containers": tuple(containers),
        "stats": {key: value for key, value in FIGURES.items() if key in ids},
        "recent_cpu": {key: wave(value.cpu_cores, 30) for key, value in FIGURES.items() if key in ids},
        "oom_recent": 3,
    }
    return Overview(**(values | more))


def wave(level: float, count: int) -> tuple[float, ...]:
    """Values that move a little round a level."""
    return tuple(level * (1 + 0.5 * math.sin(number / 3)) for number in range(count))


def series(name: str, end_ns: int = NOW_NS, seconds: int = 300) -> Series:
    """The recent past of one of them."""
    if name == "hog":
        cpu = tuple(0.4 if second % 30 < 12 else None for second in range(seconds))
        memory = tuple(int(64 * MIB * (second % 30 / 12)) if second % 30 < 12 else None for second in range(seconds))
        throttled: tuple[float | None, ...] = tuple(None if value is None else 0.0 for value in cpu)
    else:
        level = {"web": 0.02, "logger": 0.11, "burner": 0.19}.get(name, 0.001)
        cpu = wave(level, seconds)
        memory = tuple(int((20 + second / 60) * MIB) for second in range(seconds))
        throttled = tuple(0.8 if name == "burner" and second > 150 else 0.0 for second in range(seconds))
    sent = tuple(40960.0 * (second % 7) if name == "web" else 0.0 for second in range(seconds))
    written = tuple(4096.0 * (second % 7) if name == "logger" else 0.0 for second in range(seconds))
    return Series(
        end_ns=end_ns,
        step_usec=1_000_000,
        cpu_cores=cpu,
        throttled_ratio=throttled,
        memory_bytes=memory,
        read_bytes_per_second=(0.0,) * seconds,
        write_bytes_per_second=written,
        rx_bytes_per_second=tuple(value / 20 for value in sent),
        tx_bytes_per_second=sent,
    )


def event(one: Container, action: str, seconds_ago: float = 10, **attributes: str) -> Event:
    """Something that happened to one of them."""
    time_ns = NOW_NS - int(seconds_ago * SECOND)
    return Event(time_ns=time_ns, type="container", action=action, id=one.id, name=one.name, attributes=attributes)

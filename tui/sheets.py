"""What the sheets of a container say: names and values. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from engine.model import Container, CreateOptions
from tui import figures, why
from tui.rows import Row


class Entry(NamedTuple):
    """A name and its value; an empty name is a sentence, with nothing at all it is a blank line."""

    name: str
    value: str
    look: str = ""


BLANK = Entry("", "")


def why_entries(row: Row, now_ns: int) -> list[Entry]:
    """Why it is as it is, and the times and figures that say so."""
    said = [Entry("", sentence.text, sentence.tone) for sentence in why.explain(row, now_ns)]
    return [*said, BLANK, *_filled(_times(row)), BLANK, *_filled(_figures(row))]


def config_entries(container: Container) -> list[Entry]:
    """How it was made."""
    return [
        *_filled(_identity(container)),
        BLANK,
        *_filled(_program(container)),
        BLANK,
        *_filled(_surroundings(container)),
    ]


def _times(row: Row) -> Iterator[tuple[str, str]]:
    state = row.container.state
    yield "created", figures.moment(row.container.created_ns)
    yield "started", figures.moment(state.started_ns) if state.started_ns else ""
    yield "ended", figures.moment(state.finished_ns) if state.finished_ns and not row.alive else ""
    yield "run", str(state.run) if state.run else ""
    yield "restarts", str(state.restarts) if state.restarts else ""
    yield "pid", str(state.pid) if state.pid else ""


def _figures(row: Row) -> Iterator[tuple[str, str]]:
    stats = row.stats
    if stats is None:
        return
    yield "cpu", f"{figures.cores(stats.cpu_cores)} cores" + _of(stats.cpu_limit_cores, figures.cores)
    yield "throttled", f"{figures.percent(stats.throttled_ratio)} of periods" if stats.throttled_ratio else ""
    yield "memory", figures.size(stats.memory_bytes) + _of(stats.memory_limit_bytes, figures.size)
    yield "cache", figures.size(stats.memory_cache_bytes)
    yield "peak", figures.size(stats.memory_peak_bytes)
    yield "OOM kills", str(stats.oom_kills) if stats.oom_kills else ""
    yield "processes", str(stats.pids) + _of(stats.pids_limit, str)
    yield "read", figures.size(stats.read_bytes)
    yield "written", figures.size(stats.write_bytes)
    yield "received", _flow(stats.rx_bytes, stats.rx_bytes_per_second, stats.rx_drops)
    yield "sent", _flow(stats.tx_bytes, stats.tx_bytes_per_second, stats.tx_drops)


def _identity(container: Container) -> Iterator[tuple[str, str]]:
    yield "id", container.id
    yield "image", container.image
    yield "image id", container.image_id
    yield "created", figures.moment(container.created_ns)


def _program(container: Container) -> Iterator[tuple[str, str]]:
    options = container.options
    yield "command", " ".join(container.command)
    yield "directory", options.workdir or ""
    yield "user", options.user or ""
    yield "terminal", "yes" if options.tty else "no"
    yield "input", "open" if options.interactive else "closed"
    yield "restart", _restart(options)
    yield "stop", f"{options.stop_signal or 'the signal of its image'}, then SIGKILL after {_timeout(options)} s"
    yield "limits", ", ".join(why.limits(options.limits))
    yield "privileged", "yes: it can do everything to this host" if options.privileged else ""
    yield "added", ", ".join(options.cap_add)
    yield "dropped", ", ".join(options.cap_drop)


def _surroundings(container: Container) -> Iterator[tuple[str, str]]:
    options = container.options
    yield "hostname", options.hostname or ""
    yield "network", options.network
    for endpoint in container.endpoints:
        yield endpoint.interface, ", ".join(filter(None, (endpoint.address, endpoint.address6, endpoint.mac)))
    yield "ports", ", ".join(ports(container))
    yield "root", "read only" if options.read_only else "writable"
    for bind in options.binds:
        yield "mount", f"{bind.source} on {bind.target}" + (", read only" if bind.read_only else "")
    for volume in options.volumes:
        yield "volume", f"{volume.name} on {volume.target}" + (", read only" if volume.read_only else "")
    for target, settings in options.tmpfs.items():
        yield "tmpfs", f"{target} {settings}"
    for variable in options.env:
        yield "env", variable
    for key, value in options.labels.items():
        yield "label", f"{key}={value}"


def ports(container: Container) -> list[str]:
    """What is published, the host's side first: 8080 -> 80/tcp."""
    return [f"{_at(port.address)}{port.host} -> {port.container}/{port.protocol}" for port in container.ports]


def _at(address: str) -> str:
    if not address:
        return ""
    return f"[{address}]:" if ":" in address else f"{address}:"


def _flow(count: int, rate: float, drops: int) -> str:
    """Empty where nothing ever went through."""
    if not count and not drops:
        return ""
    lost = f", {drops} packets dropped" if drops else ""
    return f"{figures.size(count)}, now {figures.rate(rate)}{lost}"


def _restart(options: CreateOptions) -> str:
    most = f", at most {options.restart.max_retries} times" if options.restart.max_retries else ""
    return options.restart.name + most


def _timeout(options: CreateOptions) -> int:
    return 10 if options.stop_timeout_seconds is None else options.stop_timeout_seconds


def _of(limit: float | None, write: object) -> str:
    return f" of {write(limit)}" if limit is not None and callable(write) else ""


def _filled(pairs: Iterable[tuple[str, str]]) -> list[Entry]:
    """Without those that have no value."""
    return [Entry(name, value) for name, value in pairs if value]

"""The host's figures for the top strip."""

import os
import socket
from typing import NamedTuple


class HostSample(NamedTuple):
    """The host at one moment."""

    hostname: str
    cpus: int
    cpu_ratio: float
    """Share of all cores that was busy since the last sample, 0 to 1."""
    memory_bytes: int
    """In use: what cannot be had without swapping."""
    memory_total_bytes: int
    load: float
    """Average number of runnable tasks over the last minute."""
    pressure: dict[str, float]
    """cpu, memory, io -> share of the last ten seconds in which some task waited for it, 0 to 1; empty where the
    kernel does not say."""


class HostSampler:
    """Measures between two calls; used by one thread."""

    def __init__(self) -> None:
        import psutil  # Here and not above: it takes ten milliseconds, which the first paint need not wait for.

        self._psutil = psutil
        self._hostname = socket.gethostname()
        self._cpus = os.cpu_count() or 1
        psutil.cpu_percent(None)

    def sample(self) -> HostSample:
        """The host now."""
        memory = self._psutil.virtual_memory()
        return HostSample(
            self._hostname,
            self._cpus,
            self._psutil.cpu_percent(None) / 100,
            memory.total - memory.available,
            memory.total,
            os.getloadavg()[0],
            pressure(),
        )


def pressure(folder: str = "/proc/pressure") -> dict[str, float]:
    """Pressure stall information of the whole host. Source: Documentation/accounting/psi.rst."""
    found = {}
    for resource in ("cpu", "memory", "io"):
        try:
            with open(f"{folder}/{resource}", encoding="ascii") as file:
                found[resource] = parse_pressure(file.read(4096))
        except (OSError, ValueError):
            continue
    return found


def parse_pressure(text: str) -> float:
    """`some avg10=1.50 avg60=...` -> 0.015. Raises ValueError where there is no such line."""
    for line in text.splitlines():
        kind, *fields = line.split()
        if kind == "some":
            return float(dict(field.split("=", 1) for field in fields).get("avg10", "")) / 100
    raise ValueError("no line begins with some")

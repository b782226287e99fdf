"""The figures of a cgroup in the shape of `runc events --stats`: what its `data` holds. Pure but for reading.

A file that is not there leaves its figures out, or at 0. Times are in nanoseconds, sizes in bytes; "no limit" is the
greatest number of 64 bits. Source: runc's types/events.go, from which the names are.
"""

import os
from collections.abc import Callable
from typing import Any, Final

from engine.cgroup import convert

Read = Callable[[str, str], str]
"""The text of a file of this cgroup, by controller and name; empty where there is none."""

UNLIMITED: Final = (1 << 64) - 1
_NSEC: Final = 1000
_PAGES: Final = "/sys/kernel/mm/hugepages"
_CPUSET_FLAGS: Final = (
    ("cpu_exclusive", "cpuset.cpu_exclusive"),
    ("mem_hardwall", "cpuset.mem_hardwall"),
    ("mem_exclusive", "cpuset.mem_exclusive"),
    ("memory_migrate", "cpuset.memory_migrate"),
    ("memory_spread_page", "cpuset.memory_spread_page"),
    ("memory_spread_slab", "cpuset.memory_spread_slab"),
    ("memory_pressure", "cpuset.memory_pressure"),
    ("sched_load_balance", "cpuset.sched_load_balance"),
    ("sched_relax_domain_level", "cpuset.sched_relax_domain_level"),
)


def number(text: str, otherwise: int = 0) -> int:
    """A file of one number; `max` is no limit."""
    word = text.strip()
    if word == "max":
        return UNLIMITED
    return int(word) if word.lstrip("-").isdecimal() else otherwise


def whole(cpu: dict[str, Any], read: Read, memory: dict[str, Any], blkio: dict[str, Any], huge: Any) -> dict[str, Any]:
    """All of it, from what differs between the versions and what does not."""
    limit = number(read("pids", "pids.max"))
    return {
        "cpu": cpu,
        "cpuset": cpuset(read),
        "memory": memory,
        "pids": {"current": number(read("pids", "pids.current")), "limit": 0 if limit == UNLIMITED else limit},
        "blkio": blkio,
        "hugetlb": huge,
        "intel_rdt": {},
        "network_interfaces": None,
    }


def cpuset(read: Read) -> dict[str, Any]:
    """Lists as numbers, and v1's flags, which are 0 on v2."""
    found: dict[str, Any] = {name: number(read("cpuset", file)) for name, file in _CPUSET_FLAGS}
    for name in ("cpus", "mems"):
        if numbers := sorted(convert.parse_list(read("cpuset", f"cpuset.{name}"))):
            found[name] = numbers
    return found


def entry(limit: int, usage: int, peak: int, failures: int) -> dict[str, int]:
    """Of one kind of memory."""
    return {"limit": limit, "usage": usage, "max": peak, "failcnt": failures}


def page_sizes() -> list[str]:
    """Of huge pages on this machine, as file names have them: 2MB, 1GB."""
    try:
        kibibytes = sorted(int(name[len("hugepages-") : -len("kB")]) for name in os.listdir(_PAGES))
    except (OSError, ValueError):
        return []
    return [_page_size(size) for size in kibibytes]


def _page_size(kibibytes: int) -> str:
    for unit, factor in (("GB", 1 << 20), ("MB", 1 << 10)):
        if kibibytes >= factor:
            return f"{kibibytes // factor}{unit}"
    return f"{kibibytes}KB"


def pressure(text: str) -> dict[str, dict[str, float | int]] | None:
    """A pressure file, `some avg10=0.00 ... total=0` a line; None where the kernel has none.

    Source: Documentation/accounting/psi.rst.
    """
    found: dict[str, dict[str, float | int]] = {}
    for line in text.splitlines():
        kind, *words = line.split()
        pairs = (word.partition("=") for word in words)
        found[kind] = {key: int(value) if key == "total" else float(value) for key, _, value in pairs}
    return found or None


def usec(value: int) -> int:
    """Microseconds as nanoseconds."""
    return value * _NSEC


def with_pressure(found: dict[str, Any], text: str) -> dict[str, Any]:
    """A section, and how long processes waited for it, where the kernel says so."""
    measured = pressure(text)
    return found if measured is None else {**found, "psi": measured}

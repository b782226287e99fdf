"""What the files of a cgroup say, as readings of a sample. Pure: text in, numbers out.

A line that is not understood is skipped: newer kernels add lines, and a graph must not die of one.
Sources: Documentation/admin-guide/cgroup-v1/ (cpuacct, memory, blkio-controller) and cgroup-v2.rst.
"""

import os
from collections.abc import Callable
from typing import Final

from engine.cgroup.protocol import Readings

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_UNLIMITED: Final = 1 << 62
"""v1 shows "no limit" as the greatest number of whole pages, which depends on the page size."""


def flat_keyed(text: str) -> dict[str, int]:
    """A flat-keyed file such as v2 `cpu.stat` or v1 `memory.stat`: `key number` a line."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if value.isdecimal():
            found[key] = int(value)
    return found


def number(text: str) -> int | None:
    """A file of one number; None for `max`, for v1's number without limit, and for what is no number."""
    word = text.strip()
    if not word.isdecimal():
        return None
    return value if (value := int(word)) < _UNLIMITED else None


def reads(field: str, divide: int = 1) -> Callable[[str], Readings]:
    """A parser for a file whose one number is this field of the sample."""

    def parse(text: str) -> Readings:
        value = number(text)
        return {field: value if value is None else value // divide}

    return parse


def v1_cpuacct_stat(text: str) -> Readings:
    """`cpuacct.stat`, in clock ticks."""
    values = flat_keyed(text)
    return {
        "cpu_user_usec": values.get("user", 0) * 1_000_000 // _TICKS,
        "cpu_system_usec": values.get("system", 0) * 1_000_000 // _TICKS,
    }


def v1_cpu_stat(text: str) -> Readings:
    """v1 `cpu.stat`; the time is in nanoseconds."""
    values = flat_keyed(text)
    return {
        "periods": values.get("nr_periods", 0),
        "throttled_periods": values.get("nr_throttled", 0),
        "throttled_usec": values.get("throttled_time", 0) // 1000,
    }


def v1_memory_stat(text: str) -> Readings:
    """v1 `memory.stat`; the lines in `total_` include nested cgroups."""
    values = flat_keyed(text)
    return {
        "inactive_file_bytes": values.get("total_inactive_file", 0),
        "memory_cache_bytes": values.get("total_cache", 0),
        "swap_bytes": values.get("total_swap", 0),
    }


def v1_blkio(text: str) -> Readings:
    """`blkio.throttle.io_service_bytes_recursive`: `major:minor operation bytes` a line, then a total."""
    found: Readings = {"read_bytes": 0, "write_bytes": 0}
    fields = {"Read": "read_bytes", "Write": "write_bytes"}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in fields and words[2].isdecimal():
            field = fields[words[1]]
            found[field] = (found[field] or 0) + int(words[2])
    return found


def oom_kills(text: str) -> Readings:
    """The line `oom_kill` of v1 `memory.oom_control` (since 4.13) or v2 `memory.events`."""
    return {"oom_kills": flat_keyed(text).get("oom_kill", 0)}


def v2_cpu_stat(text: str) -> Readings:
    """v2 `cpu.stat`; the lines on periods are there only with the cpu controller."""
    values = flat_keyed(text)
    return {
        "cpu_usec": values.get("usage_usec", 0),
        "cpu_user_usec": values.get("user_usec", 0),
        "cpu_system_usec": values.get("system_usec", 0),
        "periods": values.get("nr_periods", 0),
        "throttled_periods": values.get("nr_throttled", 0),
        "throttled_usec": values.get("throttled_usec", 0),
    }


def v2_memory_stat(text: str) -> Readings:
    """v2 `memory.stat`."""
    values = flat_keyed(text)
    return {"inactive_file_bytes": values.get("inactive_file", 0), "memory_cache_bytes": values.get("file", 0)}


def v2_io_stat(text: str) -> Readings:
    """`io.stat`: a device a line, then `rbytes=n wbytes=n rios=n ...`."""
    read = write = 0
    for line in text.splitlines():
        for word in line.split()[1:]:
            key, _, value = word.partition("=")
            if value.isdecimal():
                read += int(value) if key == "rbytes" else 0
                write += int(value) if key == "wbytes" else 0
    return {"read_bytes": read, "write_bytes": write}


def unreclaimable(current: int, memory_stat: str) -> int:
    """Bytes of `memory.current` (v2) that cannot be got back by dropping caches."""
    values = flat_keyed(memory_stat)
    caches = sum(values.get(key, 0) for key in ("inactive_file", "active_file", "slab_reclaimable"))
    return max(0, current - caches)

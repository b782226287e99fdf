"""The figures of a v1 cgroup, as `runc events --stats` has them. Pure but for reading."""

import os
from typing import Any, Final

from engine.cgroup import figures, stats
from engine.cgroup.figures import Read

_TICK_NSEC: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_BFQ: Final = (
    ("ioServicedRecursive", "blkio.bfq.io_serviced_recursive"),
    ("ioServiceBytesRecursive", "blkio.bfq.io_service_bytes_recursive"),
)
_CFQ: Final = (
    ("sectorsRecursive", "blkio.sectors_recursive"),
    ("ioServiceTimeRecursive", "blkio.io_service_time_recursive"),
    ("ioWaitTimeRecursive", "blkio.io_wait_time_recursive"),
    ("ioMergedRecursive", "blkio.io_merged_recursive"),
    ("ioQueueRecursive", "blkio.io_queued_recursive"),
    ("ioTimeRecursive", "blkio.time_recursive"),
    ("ioServicedRecursive", "blkio.io_serviced_recursive"),
    ("ioServiceBytesRecursive", "blkio.io_service_bytes_recursive"),
)
_THROTTLE: Final = (
    ("ioServicedRecursive", "blkio.throttle.io_serviced_recursive"),
    ("ioServiceBytesRecursive", "blkio.throttle.io_service_bytes_recursive"),
)


def read_all(read: Read) -> dict[str, Any]:
    """`data` of the event."""
    return figures.whole(_cpu(read), read, _memory(read), _blkio(read), _hugetlb(read))


def _cpu(read: Read) -> dict[str, Any]:
    """`cpuacct.usage_all` is `cpu user system` a line, in nanoseconds, after a heading."""
    shares = stats.flat_keyed(read("cpuacct", "cpuacct.stat"))
    rows = [line.split() for line in read("cpuacct", "cpuacct.usage_all").splitlines()[1:]]
    usage = {
        "total": figures.number(read("cpuacct", "cpuacct.usage")),
        "percpu": [int(word) for word in read("cpuacct", "cpuacct.usage_percpu").split()],
        "percpu_kernel": [int(row[2]) for row in rows if len(row) == 3],
        "percpu_user": [int(row[1]) for row in rows if len(row) == 3],
        "kernel": shares.get("system", 0) * _TICK_NSEC,
        "user": shares.get("user", 0) * _TICK_NSEC,
    }
    return {"usage": usage, "throttling": _throttling(stats.flat_keyed(read("cpu", "cpu.stat")))}


def _throttling(values: dict[str, int]) -> dict[str, int]:
    return {
        "periods": values.get("nr_periods", 0),
        "throttledPeriods": values.get("nr_throttled", 0),
        "throttledTime": values.get("throttled_time", 0),
    }


def _memory(read: Read) -> dict[str, Any]:
    raw = stats.flat_keyed(read("memory", "memory.stat"))
    kinds = {"usage": "memory", "swap": "memory.memsw", "kernel": "memory.kmem", "kernelTCP": "memory.kmem.tcp"}
    return {"cache": raw.get("cache", 0), **{key: _entry(read, prefix) for key, prefix in kinds.items()}, "raw": raw}


def _entry(read: Read, prefix: str) -> dict[str, int]:
    files = ("limit_in_bytes", "usage_in_bytes", "max_usage_in_bytes", "failcnt")
    limit, usage, peak, failures = (figures.number(read("memory", f"{prefix}.{file}")) for file in files)
    return figures.entry(limit, usage, peak, failures)


def _blkio(read: Read) -> dict[str, Any]:
    """From the first of the schedulers that counted anything; throttling counts for all of them."""
    for family in (_BFQ, _CFQ, _THROTTLE):
        found = {key: entries for key, file in family if (entries := _entries(read("blkio", file)))}
        if found:
            return found
    return {}


def _entries(text: str) -> list[dict[str, Any]]:
    """`major:minor operation value` a line, or without an operation; the total at the end is nobody's."""
    found = []
    for words in map(str.split, text.splitlines()):
        major, colon, minor = words[0].partition(":") if words else ("", "", "")
        if colon and len(words) in (2, 3) and words[-1].isdecimal():
            operation = {"op": words[1]} if len(words) == 3 else {}
            found.append({"major": int(major), "minor": int(minor), **operation, "value": int(words[-1])})
    return found


def _hugetlb(read: Read) -> dict[str, dict[str, int]]:
    found = {}
    for size in figures.page_sizes():
        names = (f"hugetlb.{size}.rsvd", f"hugetlb.{size}")
        prefix = next((name for name in names if read("hugetlb", f"{name}.usage_in_bytes")), None)
        if prefix:
            files = {"usage": "usage_in_bytes", "max": "max_usage_in_bytes", "failcnt": "failcnt"}
            found[size] = {key: figures.number(read("hugetlb", f"{prefix}.{file}")) for key, file in files.items()}
    return found

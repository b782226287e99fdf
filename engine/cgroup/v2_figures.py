"""The figures of a v2 cgroup, in v1's words, as `runc events --stats` has them. Pure but for reading."""

from typing import Any, Final

from engine.cgroup import figures, stats
from engine.cgroup.figures import UNLIMITED, Read

_IO: Final = {
    "rbytes": ("ioServiceBytesRecursive", "Read"),
    "wbytes": ("ioServiceBytesRecursive", "Write"),
    "rios": ("ioServicedRecursive", "Read"),
    "wios": ("ioServicedRecursive", "Write"),
}


def read_all(read: Read) -> dict[str, Any]:
    """`data` of the event."""
    blkio = figures.with_pressure(_io(read("io", "io.stat")), read("io", "io.pressure"))
    return figures.whole(_cpu(read), read, _memory(read), blkio, _hugetlb(read))


def _cpu(read: Read) -> dict[str, Any]:
    values = stats.flat_keyed(read("cpu", "cpu.stat"))
    usage = {
        "total": figures.usec(values.get("usage_usec", 0)),
        "kernel": figures.usec(values.get("system_usec", 0)),
        "user": figures.usec(values.get("user_usec", 0)),
    }
    throttling = {
        "periods": values.get("nr_periods", 0),
        "throttledPeriods": values.get("nr_throttled", 0),
        "throttledTime": figures.usec(values.get("throttled_usec", 0)),
    }
    return figures.with_pressure({"usage": usage, "throttling": throttling}, read("cpu", "cpu.pressure"))


def _memory(read: Read) -> dict[str, Any]:
    """v1's swap is memory and swap together."""
    raw = stats.flat_keyed(read("memory", "memory.stat"))
    alone, swap = _entry(read, "memory"), _entry(read, "memory.swap")
    limit = UNLIMITED if UNLIMITED in (alone["limit"], swap["limit"]) else alone["limit"] + swap["limit"]
    found = {
        "cache": raw.get("file", 0),
        "usage": alone,
        "swap": figures.entry(limit, alone["usage"] + swap["usage"], 0, 0),
        "kernel": figures.entry(0, raw.get("kernel", 0), 0, 0),
        "kernelTCP": figures.entry(0, 0, 0, 0),
        "raw": raw,
    }
    return figures.with_pressure(found, read("memory", "memory.pressure"))


def _entry(read: Read, prefix: str) -> dict[str, int]:
    limit, usage, peak = (figures.number(read("memory", f"{prefix}.{file}")) for file in ("max", "current", "peak"))
    failures = stats.flat_keyed(read("memory", f"{prefix}.events")).get("max", 0)
    return figures.entry(limit, usage, peak, failures)


def _io(text: str) -> dict[str, Any]:
    """`major:minor rbytes=n wbytes=n rios=n ...` a device."""
    found: dict[str, Any] = {}
    for device, *words in filter(None, map(str.split, text.splitlines())):
        major, _, minor = device.partition(":")
        for key, _, value in (word.partition("=") for word in words):
            if key in _IO and value.isdecimal() and major.isdecimal() and minor.isdecimal():
                table, operation = _IO[key]
                entry = {"major": int(major), "minor": int(minor), "op": operation, "value": int(value)}
                found.setdefault(table, []).append(entry)
    return found


def _hugetlb(read: Read) -> dict[str, dict[str, int]]:
    found = {}
    for size in figures.page_sizes():
        names = (f"hugetlb.{size}.rsvd", f"hugetlb.{size}")
        prefix = next((name for name in names if read("hugetlb", f"{name}.current")), None)
        if prefix:
            failures = stats.flat_keyed(read("hugetlb", f"{prefix}.events")).get("max", 0)
            found[size] = {"usage": figures.number(read("hugetlb", f"{prefix}.current")), "failcnt": failures}
    return found

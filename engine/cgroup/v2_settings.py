"""OCI `linux.resources` as writes into the files of cgroup v2. Pure.

v2 has no files for swappiness and the OOM killer; runtimes pass over them there. Devices have no files either but a
program on the cgroup: device_filter.py.
Source: Documentation/admin-guide/cgroup-v2.rst.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.cgroup import convert, fields, stats, v1_settings
from engine.cgroup.protocol import Exists, Setting
from engine.errors import InvalidInput


def plan(resources: dict[str, Any], exists: Exists, now: Mapping[str, str]) -> list[Setting]:
    """The writes; `now` has the texts of memory.max and cpu.max, of which only a part may be given.

    `unified` comes last, so that it is what counts. Raises InvalidInput.
    """
    cpu = fields.section(resources, "cpu")
    return [
        *_memory(fields.section(resources, "memory"), now),
        *_cpu(cpu, now),
        *v1_settings.cpuset(cpu),
        *v1_settings.pids(fields.section(resources, "pids")),
        *_io(fields.section(resources, "blockIO"), exists),
        *v1_settings.hugetlb(resources, exists, "max"),
        *v1_settings.rdma(fields.section(resources, "rdma")),
        *unified(fields.section(resources, "unified")),
    ]


def _memory(memory: dict[str, Any], now: Mapping[str, str]) -> Iterator[Setting]:
    limit, swap = fields.number(memory, "limit") or None, fields.number(memory, "swap") or None
    if limit == -1 and swap is None:
        swap = -1  # as on v1, where it cannot be otherwise
    found = [
        ("memory.max", limit, "memory limit"),
        ("memory.swap.max", None if swap is None else _swap(swap, limit, now), "swap limit"),
        ("memory.low", fields.number(memory, "reservation") or None, "memory reservation"),
    ]
    for file, value, what in found:
        if value is not None:
            yield Setting("memory", file, convert.limit_text(value), what)


def _swap(memsw: int, limit: int | None, now: Mapping[str, str]) -> int:
    if limit is None:
        in_force = stats.number(now.get("memory.max", "max"))
        limit = -1 if in_force is None else in_force
    try:
        return convert.swap_from_memsw(memsw, limit)
    except ValueError as err:
        raise InvalidInput(str(err), hint="--memory-swap counts both; -1 is unlimited swap") from err


def _cpu(cpu: dict[str, Any], now: Mapping[str, str]) -> Iterator[Setting]:
    """A burst must fit the quota in force, so it is tried before and after it. An idle cgroup takes no weight."""
    idle, shares, burst = fields.number(cpu, "idle"), v1_settings.shares(cpu), fields.number(cpu, "burst")
    if idle is not None:
        yield Setting("cpu", "cpu.idle", str(idle), "idle scheduling")
    if shares is not None and idle != 1:
        yield Setting("cpu", "cpu.weight", str(convert.weight_from_shares(shares)), "CPU weight")
    if burst is not None:
        yield Setting("cpu", "cpu.max.burst", str(burst), "CPU burst")
    quota, period = fields.number(cpu, "quota") or None, fields.number(cpu, "period") or None
    if quota is not None or period is not None:
        # The file is "quota period"; a write without the period keeps it, but none can be without the quota.
        first = now.get("cpu.max", "max").split()[0] if quota is None else convert.limit_text(quota)
        yield Setting("cpu", "cpu.max", first if period is None else f"{first} {period}", "CPU quota")


def _io(block: dict[str, Any], exists: Exists) -> Iterator[Setting]:
    """BFQ's file has v1's range; io.weight (io.cost) has one of its own. Neither has weights for leaves."""
    is_bfq = exists("io", "io.bfq.weight")
    file = "io.bfq.weight" if is_bfq else "io.weight"
    if weight := fields.number(block, "weight"):
        value = str(weight) if is_bfq else f"default {convert.io_weight_from_blkio(weight)}"
        yield Setting("io", file, value, "block I/O weight")
    for entry in fields.items(block, "weightDevice"):
        if weight := fields.number(entry, "weight"):
            own = weight if is_bfq else convert.io_weight_from_blkio(weight)
            yield Setting("io", file, f"{fields.device(entry)} {own}", "block I/O weight")
    for key, _v1, word, what in v1_settings.RATES:
        for entry in fields.items(block, key):
            value = f"{fields.device(entry)} {word}={fields.required(entry, 'rate') or 'max'}"
            yield Setting("io", "io.max", value, what)


def unified(found: dict[str, Any]) -> Iterator[Setting]:
    """Files by name: `controller.parameter`, several lines being several writes. Raises InvalidInput."""
    for name, value in found.items():
        if "/" in name or "\0" in name:
            raise InvalidInput(f"unified resource {name[:80]!r} must be a file name (no slashes)")
        controller, dot, parameter = name.partition(".")
        if not (controller and dot and parameter):
            raise InvalidInput(f"unified resource {name[:80]!r} must be in the form CONTROLLER.PARAMETER")
        if not isinstance(value, str):
            raise InvalidInput(f"the value of the unified resource {name[:80]!r} is not text")
        for line in value.splitlines() or [""]:
            yield Setting(controller, name, line, f"unified resource {name}")

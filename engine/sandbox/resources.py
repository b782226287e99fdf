"""Limits as an operator states them, turned into `linux.resources` of the OCI runtime-spec, with Docker's rules.

Everything is checked here, before a container exists; what the kernel of this host can do is the cgroup room's affair.
Source: OCI runtime-spec 1.2, config-linux.md, "Control groups"; Docker's "Runtime options with Memory, CPUs, and GPUs".
"""

import os
import stat
from typing import Any, Final

from engine.errors import InvalidInput
from engine.model import DeviceRate, Limits

MEMORY_MIN_BYTES: Final = 6 << 20
PERIOD_USEC: Final = 100_000
"""The kernel's default, to which `cpus` is applied."""
PERIOD_RANGE: Final = (1_000, 1_000_000)
QUOTA_MIN_USEC: Final = 1_000
SHARES_RANGE: Final = (2, 262_144)
WEIGHT_RANGE: Final = (10, 1_000)
CPU_NUMBER_MAX: Final = 8_191
"""The kernel's own bound on CPUs; it also bounds what a range such as 0-99999999 may cost us."""


def resources(limits: Limits) -> dict[str, Any]:
    """`linux.resources`, with a section only for what is limited. Raises `InvalidInput`."""
    sections = {
        "memory": _memory(limits),
        "cpu": _cpu(limits) | _cpuset(limits),
        "pids": _pids(limits),
        "blockIO": _block(limits),
    }
    return {name: section for name, section in sections.items() if section}


def _memory(limits: Limits) -> dict[str, int]:
    """`--memory-swap` counts both; without it a container may use as much swap as memory. 0 is Docker's "not set"."""
    limit, swap, reservation = limits.memory_bytes, limits.memory_swap_bytes, limits.memory_reservation_bytes
    found = {}
    if limit:
        _at_least_minimum(limit, "memory limit")
        found = {"limit": limit, "swap": _swap(limit, swap or 2 * limit)}
    elif swap and swap != -1:
        raise InvalidInput("a limit of memory and swap needs a memory limit", hint="give --memory too")
    if reservation:
        _at_least_minimum(reservation, "memory reservation")
        if limit and reservation > limit:
            raise InvalidInput("the memory reservation is above the memory limit", hint="reserve less than --memory")
        found["reservation"] = reservation
    return found


def _swap(limit: int, swap: int) -> int:
    if swap != -1 and swap < limit:
        raise InvalidInput(
            "the limit of memory and swap is below the memory limit",
            hint="--memory-swap counts both: give at least as much as --memory, or -1 for unlimited swap",
        )
    return swap


def _at_least_minimum(value: int, what: str) -> None:
    if value < MEMORY_MIN_BYTES:
        raise InvalidInput(f"a {what} of {value} bytes is too small", hint="the minimum is 6m")


def _cpu(limits: Limits) -> dict[str, int]:
    if limits.cpus and (limits.cpu_quota_usec or limits.cpu_period_usec):
        raise InvalidInput("--cpus cannot be combined with --cpu-quota and --cpu-period", hint="give one or the other")
    found = {}
    if limits.cpu_shares:
        found["shares"] = _in_range(limits.cpu_shares, SHARES_RANGE, "CPU shares", "1024 is the default")
    if limits.cpus:
        found |= {"quota": _quota_of(limits.cpus), "period": PERIOD_USEC}
    if limits.cpu_period_usec:
        found["period"] = _in_range(limits.cpu_period_usec, PERIOD_RANGE, "a CPU period", "microseconds")
    if limits.cpu_quota_usec:
        found["quota"] = _checked_quota(limits.cpu_quota_usec)
    return found


def _quota_of(cpus: float) -> int:
    count = os.cpu_count() or 1
    if not 0.01 <= cpus <= count:
        raise InvalidInput(f"{cpus:g} CPUs are out of range", hint=f"from 0.01 to {count}, which this host has")
    return round(cpus * PERIOD_USEC)


def _checked_quota(quota_usec: int) -> int:
    """-1 is no quota."""
    if quota_usec != -1 and quota_usec < QUOTA_MIN_USEC:
        raise InvalidInput(f"a CPU quota of {quota_usec} is too small", hint=f"the minimum is {QUOTA_MIN_USEC} us")
    return quota_usec


def _in_range(value: int, bounds: tuple[int, int], what: str, note: str) -> int:
    low, high = bounds
    if not low <= value <= high:
        raise InvalidInput(f"{what} of {value} is out of range", hint=f"from {low} to {high}; {note}")
    return value


def _cpuset(limits: Limits) -> dict[str, str]:
    found = {}
    for key, text in (("cpus", limits.cpuset_cpus), ("mems", limits.cpuset_mems)):
        if text:
            parse_list(text)
            found[key] = text
    return found


def parse_list(text: str) -> set[int]:
    """A list such as `0-2,4` as numbers. Raises `InvalidInput`.

    Source: cpuset(7), "List format".
    """
    numbers: set[int] = set()
    for piece in text.split(","):
        first, dash, last = piece.strip().partition("-")
        try:
            low, high = _number(first), _number(last if dash else first)
            if low > high:
                raise ValueError(piece)
        except ValueError:
            raise InvalidInput(f"{text!r} is not a list of CPUs or memory nodes", hint="such as 0-2,4") from None
        numbers.update(range(low, high + 1))
    return numbers


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:8]) <= CPU_NUMBER_MAX):
        raise ValueError(text)
    return int(text[:8])


def _pids(limits: Limits) -> dict[str, int]:
    """0 and below are no limit, with Docker as with the OCI."""
    if limits.pids is None:
        return {}
    return {"limit": limits.pids if limits.pids > 0 else -1}


def _block(limits: Limits) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if limits.blkio_weight:
        found["weight"] = _in_range(limits.blkio_weight, WEIGHT_RANGE, "a block I/O weight", "500 is the default")
    rates = {
        "throttleReadBpsDevice": limits.device_read_bps,
        "throttleWriteBpsDevice": limits.device_write_bps,
        "throttleReadIOPSDevice": limits.device_read_iops,
        "throttleWriteIOPSDevice": limits.device_write_iops,
    }
    return found | {key: [_rate(rate) for rate in wanted] for key, wanted in rates.items() if wanted}


def _rate(wanted: DeviceRate) -> dict[str, int]:
    """The kernel knows a device by its numbers."""
    try:
        status = os.stat(wanted.path)
    except OSError as err:
        raise InvalidInput(f"there is no device {wanted.path}", hint="lsblk -p lists them") from err
    if not stat.S_ISBLK(status.st_mode):
        raise InvalidInput(f"{wanted.path} is not a block device", hint="lsblk -p lists them")
    if wanted.rate <= 0:
        raise InvalidInput(f"a rate of {wanted.rate} for {wanted.path} is too small", hint="such as 10mb")
    return {"major": os.major(status.st_rdev), "minor": os.minor(status.st_rdev), "rate": wanted.rate}

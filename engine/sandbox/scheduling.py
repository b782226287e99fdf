"""Scheduler, I/O priority and CPU affinity of a program. Standard library only.

`process.scheduler`, `process.ioPriority`, `process.execCPUAffinity` of the OCI runtime-spec.
"""

import errno
import os
from typing import Any, Final, NamedTuple

from engine import errors
from engine.kernel import const, scheduling
from engine.sandbox import fields

POLICIES: Final = {
    "SCHED_OTHER": 0,
    "SCHED_FIFO": 1,
    "SCHED_RR": 2,
    "SCHED_BATCH": 3,
    "SCHED_ISO": 4,
    "SCHED_IDLE": 5,
    "SCHED_DEADLINE": 6,
}
"""Source: linux/sched.h. SCHED_ISO has a number, and no kernel has it."""
FLAGS: Final = {
    "SCHED_FLAG_RESET_ON_FORK": 0x01,
    "SCHED_FLAG_RECLAIM": 0x02,
    "SCHED_FLAG_DL_OVERRUN": 0x04,
    "SCHED_FLAG_KEEP_POLICY": 0x08,
    "SCHED_FLAG_KEEP_PARAMS": 0x10,
    "SCHED_FLAG_UTIL_CLAMP_MIN": 0x20,
    "SCHED_FLAG_UTIL_CLAMP_MAX": 0x40,
}
IO_CLASSES: Final = {"IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3}
EVERY_CPU: Final = (1 << scheduling.CPUS_MAX) - 1
_NICE: Final = ("SCHED_OTHER", "SCHED_BATCH")
_REALTIME: Final = ("SCHED_FIFO", "SCHED_RR")


class Scheduler(NamedTuple):
    """The arguments of sched_setattr(2)."""

    policy: int
    flags: int
    nice: int
    priority: int
    runtime_nsec: int
    deadline_nsec: int
    period_nsec: int


def parse_scheduler(wanted: dict[str, Any] | None) -> Scheduler | None:
    """`process.scheduler`. Raises `InvalidInput`."""
    if wanted is None:
        return None
    policy = fields.text(wanted, "policy")
    if not policy:
        raise errors.InvalidInput("scheduler policy is required")
    if policy not in POLICIES:
        raise errors.InvalidInput(f"invalid scheduler policy: {policy}", hint=f"one of {', '.join(POLICIES)}")
    nice, priority = _number(wanted, "nice"), _number(wanted, "priority")
    times = [_number(wanted, field) for field in ("runtime", "deadline", "period")]
    _check_scheduler(policy, nice, priority, times)
    return Scheduler(POLICIES[policy], _scheduler_flags(fields.strings(wanted, "flags")), nice, priority, *times)


def _check_scheduler(policy: str, nice: int, priority: int, times: list[int]) -> None:
    if policy in _NICE and not -20 <= nice <= 19:
        raise errors.InvalidInput(f"invalid scheduler.nice: {nice}", hint="from -20 to 19")
    if priority and policy not in _REALTIME:
        raise errors.InvalidInput("scheduler.priority can only be specified for SchedFIFO or SchedRR policy")
    if any(times) and policy != "SCHED_DEADLINE":
        raise errors.InvalidInput("scheduler runtime/deadline/period can only be specified for SchedDeadline policy")
    if not (-(2**31) <= nice < 2**31 and 0 <= priority < 2**32 and all(0 <= time < 2**64 for time in times)):
        raise errors.InvalidInput("a number of the scheduler is out of range")


def _scheduler_flags(names: list[str]) -> int:
    for name in names:
        if name not in FLAGS:
            raise errors.InvalidInput(f"invalid scheduler flag: {name}", hint=f"one of {', '.join(FLAGS)}")
    return sum(FLAGS[name] for name in set(names))


def _number(wanted: dict[str, Any], field: str) -> int:
    value = wanted.get(field)
    if value is None:
        return 0
    if type(value) is not int:
        raise errors.InvalidInput(f"{field} is not a number: {value!r}")
    return value


def schedule(scheduler: Scheduler) -> None:
    """Apply it to this process. Raises `SetupFailed`."""
    try:
        scheduling.sched_setattr(*scheduler)
    except OSError as err:
        number = err.errno or 0
        words = os.strerror(number).lower()
        if number == errno.EPERM and scheduler.policy == const.SCHED_DEADLINE:
            words = f"process scheduler can't be used together with AllowedCPUs: {words}"
        raise errors.SetupFailed(f"unable to set scheduler: {words}", hint="see sched(7)", errno=number) from err


def parse_io_priority(wanted: dict[str, Any] | None) -> tuple[int, int] | None:
    """`process.ioPriority` as class and priority. Raises `InvalidInput`."""
    if wanted is None:
        return None
    priority, name = _number(wanted, "priority"), fields.text(wanted, "class")
    if not 0 <= priority <= 7:
        raise errors.InvalidInput(f"invalid ioPriority.Priority: {priority}", hint="from 0 to 7")
    if name not in IO_CLASSES:
        raise errors.InvalidInput(f'invalid ioPriority.Class: "{name}"', hint=f"one of {', '.join(IO_CLASSES)}")
    return IO_CLASSES[name], priority


def set_io_priority(class_: int, priority: int, *, pid: int = 0) -> None:
    """Apply it to a process, 0 for this one. Raises `SetupFailed`."""
    try:
        scheduling.ioprio_set(pid, class_, priority)
    except OSError as err:
        words = os.strerror(err.errno or 0).lower()
        raise errors.SetupFailed(f"failed to set io priority: {words}", errno=err.errno or 0) from err


def parse_cpus(text: Any, what: str = "CPU affinity") -> int | None:
    """A list such as `0-3,7` as a mask; None where there is none. Raises `InvalidInput`.

    Source: cpuset(7), "List format".
    """
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise errors.InvalidInput(f"invalid {what}: {text!r} is not a list")
    mask = 0
    for piece in text.split(","):
        mask |= _range(piece.strip(), what)
    return mask


def _range(piece: str, what: str) -> int:
    first, dash, last = piece.partition("-")
    numbers = (first, last) if dash else (first, first)
    if not all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers):
        raise errors.InvalidInput(f"invalid {what}: {piece!r} is neither a number nor a range", hint="such as 0-3,7")
    low, high = (int(number) for number in numbers)
    if not low <= high < scheduling.CPUS_MAX:
        raise errors.InvalidInput(f"invalid {what}: {piece!r} is out of range", hint=f"below {scheduling.CPUS_MAX}")
    return (1 << high + 1) - (1 << low)


def set_affinity(mask: int) -> None:
    """Let this process run on these CPUs, as far as its cpuset has them. Raises `SetupFailed`."""
    try:
        scheduling.sched_setaffinity(mask)
    except OSError as err:
        words = os.strerror(err.errno or 0).lower()
        raise errors.SetupFailed(f"unable to set the CPU affinity: {words}", errno=err.errno or 0) from err

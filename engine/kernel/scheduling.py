"""Whose turn it is, and where: the calls of sched(7), ioprio_set(2), set_mempolicy(2). Standard library only.

All but ioprio_set act on the calling thread; its program and its children inherit the choice.
"""

import struct

from engine.kernel import const, syscalls

CPUS_MAX = 8192
"""Of the widest mask that a kernel takes (CONFIG_NR_CPUS); it ignores what it has not."""


def sched_setattr(
    policy: int, flags: int, nice: int, priority: int, runtime_nsec: int, deadline_nsec: int, period_nsec: int
) -> None:
    """sched_setattr(2), with the first version of its structure."""
    values = (policy, flags, nice, priority, runtime_nsec, deadline_nsec, period_nsec)
    attributes = struct.pack("IIQiIQQQ", 48, *values)
    syscalls.raw("sched_setattr", None, 0, attributes, 0)


def sched_setaffinity(mask: int) -> None:
    """sched_setaffinity(2): the CPUs whose bits are set, as far as they are there and the cpuset allows them."""
    size = CPUS_MAX // 8
    syscalls.raw("sched_setaffinity", None, 0, size, mask.to_bytes(size, "little"))


def ioprio_set(pid: int, class_: int, priority: int) -> None:
    """ioprio_set(2) for one thread; 0 is the calling one."""
    syscalls.raw("ioprio_set", None, const.IOPRIO_WHO_PROCESS, pid, class_ << const.IOPRIO_CLASS_SHIFT | priority)


def set_mempolicy(mode: int, nodes: int, highest: int) -> None:
    """set_mempolicy(2): NUMA nodes as a mask of `highest` bits; 0 bits for no nodes."""
    size = (highest + 63) // 64 * 8
    mask = nodes.to_bytes(size, "little") if size else None
    # The kernel takes one bit less than it is told.
    syscalls.raw("set_mempolicy", None, mode, mask, highest + 1 if size else 0)


def personality(persona: int) -> None:
    """personality(2)."""
    syscalls.raw("personality", hex(persona), persona)

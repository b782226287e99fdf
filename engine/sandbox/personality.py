"""`linux.personality` and `linux.memoryPolicy` of the OCI runtime-spec. Standard library only."""

import os
from typing import Any, Final, NamedTuple

from engine import errors
from engine.kernel import scheduling
from engine.sandbox import fields
from engine.sandbox.scheduling import parse_cpus

DOMAINS: Final = {"LINUX": 0x0000, "LINUX32": 0x0008}
"""Source: personality(2), sys/personality.h."""
MODES: Final = {
    "MPOL_DEFAULT": 0,
    "MPOL_PREFERRED": 1,
    "MPOL_BIND": 2,
    "MPOL_INTERLEAVE": 3,
    "MPOL_LOCAL": 4,
    "MPOL_PREFERRED_MANY": 5,
    "MPOL_WEIGHTED_INTERLEAVE": 6,
}
FLAGS: Final = {"MPOL_F_NUMA_BALANCING": 1 << 13, "MPOL_F_RELATIVE_NODES": 1 << 14, "MPOL_F_STATIC_NODES": 1 << 15}
"""Source of both: set_mempolicy(2), linux/mempolicy.h."""


class MemoryPolicy(NamedTuple):
    """The arguments of set_mempolicy(2)."""

    mode: int
    """With its flags."""
    nodes: int
    """A mask."""


def parse_personality(wanted: dict[str, Any] | None) -> int | None:
    """`linux.personality`. Raises `InvalidInput`: the specification names no flag that a runtime must know."""
    if wanted is None:
        return None
    domain = fields.text(wanted, "domain")
    if domain not in DOMAINS:
        raise errors.InvalidInput(f"invalid personality domain {domain}", hint="LINUX or LINUX32")
    if fields.strings(wanted, "flags"):
        raise errors.InvalidInput("personality flags not supported", hint="leave the flags out")
    return DOMAINS[domain]


def parse_memory_policy(wanted: dict[str, Any] | None) -> MemoryPolicy | None:
    """`linux.memoryPolicy`; an empty one is none. Raises `InvalidInput`."""
    if not wanted:
        return None
    mode, flags = fields.text(wanted, "mode"), fields.strings(wanted, "flags")
    if mode not in MODES:
        raise errors.InvalidInput(f'invalid memory policy mode "{mode}"', hint=f"one of {', '.join(MODES)}")
    for flag in flags:
        if flag not in FLAGS:
            raise errors.InvalidInput(f'invalid memory policy flag "{flag}"', hint=f"one of {', '.join(FLAGS)}")
    nodes = parse_cpus(wanted.get("nodes"), "memory policy nodes") or 0
    return MemoryPolicy(MODES[mode] | sum(FLAGS[flag] for flag in set(flags)), nodes)


def set_memory_policy(policy: MemoryPolicy) -> None:
    """Apply it to this process. Raises `SetupFailed`."""
    try:
        scheduling.set_mempolicy(policy.mode, policy.nodes, policy.nodes.bit_length())
    except OSError as err:
        words = os.strerror(err.errno or 0).lower()
        raise errors.SetupFailed(f"set_mempolicy: {words}", hint="see set_mempolicy(2)", errno=err.errno or 0) from err


def set_personality(persona: int) -> None:
    """Apply it to this process. Raises `SetupFailed`."""
    try:
        scheduling.personality(persona)
    except OSError as err:
        words = os.strerror(err.errno or 0).lower()
        raise errors.SetupFailed(f"cannot set the personality: {words}", errno=err.errno or 0) from err

"""Numbers of the OCI runtime-spec, which speaks cgroup v1, as cgroup v2 takes them. Pure.

Sources: OCI runtime-spec, config-linux.md, "Control groups"; the conversions as runc and crun do them, so that a
container has the same weight whichever runs it.
"""

import math
from typing import Final

SHARES_MIN: Final = 2
SHARES_MAX: Final = 1 << 18
WEIGHT_MAX: Final = 10_000


def weight_from_shares(shares: int) -> int:
    """v1 cpu.shares (2 to 262144, default 1024) as v2 cpu.weight (1 to 10000, default 100).

    A curve through minimum, default and maximum. Until 2025 runtimes used a straight line, which made 39 of the
    default. Source: runc 1.3.2 and crun 1.23, from opencontainers/cgroups pull request 20.
    """
    if shares <= SHARES_MIN:
        return 1
    if shares >= SHARES_MAX:
        return WEIGHT_MAX
    log = math.log2(shares)
    return math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34))


def io_weight_from_blkio(weight: int) -> int:
    """v1 blkio.weight (10 to 1000) as v2 io.weight (1 to 10000), on a straight line.

    Source: crun(1), "cgroup v2", row blkio weight.
    """
    return 1 + (weight - 10) * 9999 // 990


def swap_from_memsw(memsw: int, memory: int) -> int:
    """v1 counts memory and swap together, v2 swap alone; -1 is unlimited in both.

    Raises ValueError where both together are less than the memory.
    """
    if memsw < 0 or memory < 0:
        return memsw
    if memsw < memory:
        raise ValueError("memory and swap together are less than the memory alone")
    return memsw - memory


def limit_text(value: int) -> str:
    """A limit as v2 files (and v1 pids.max) take it; a negative one is none."""
    return str(value) if value >= 0 else "max"


def parse_list(text: str) -> frozenset[int]:
    """A list of CPUs or memory nodes, such as `0-2,4`. Raises ValueError.

    Source: cpuset(7), "List format".
    """
    found: set[int] = set()
    for part in text.strip().split(","):
        if not part.strip():
            continue
        first, dash, last = part.strip().partition("-")
        low, high = int(first), int(last if dash else first)
        if not 0 <= low <= high < 1 << 16:
            raise ValueError(f"{part.strip()} is no range of numbers")
        found.update(range(low, high + 1))
    return frozenset(found)

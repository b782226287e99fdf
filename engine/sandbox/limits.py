"""`process.rlimits` of the OCI runtime-spec. Standard library only."""

import errno
import os
import resource
from typing import Any, Final

from engine import errors
from engine.kernel import syscalls

LIMITS: Final = {
    "RLIMIT_CPU": 0,
    "RLIMIT_FSIZE": 1,
    "RLIMIT_DATA": 2,
    "RLIMIT_STACK": 3,
    "RLIMIT_CORE": 4,
    "RLIMIT_RSS": 5,
    "RLIMIT_NPROC": 6,
    "RLIMIT_NOFILE": 7,
    "RLIMIT_MEMLOCK": 8,
    "RLIMIT_AS": 9,
    "RLIMIT_LOCKS": 10,
    "RLIMIT_SIGPENDING": 11,
    "RLIMIT_MSGQUEUE": 12,
    "RLIMIT_NICE": 13,
    "RLIMIT_RTPRIO": 14,
    "RLIMIT_RTTIME": 15,
}
"""Source: getrlimit(2), asm-generic/resource.h; the numbers of x86_64 and aarch64."""
UNLIMITED: Final = 2**64 - 1
Rlimits = tuple[tuple[str, int, int], ...]
"""Name, soft and hard limit; UNLIMITED for none."""


def parse(rlimits: list[dict[str, Any]]) -> Rlimits:
    """The limits of a spec. Raises `InvalidInput` for an unknown type, for one given twice, and for no numbers."""
    found = tuple(_parse(wanted) for wanted in rlimits)
    names = [name for name, _, _ in found]
    for name in names:
        if names.count(name) > 1:
            raise errors.InvalidInput(f"rlimits has {name} twice", hint="give each limit once")
    return found


def _parse(wanted: dict[str, Any]) -> tuple[str, int, int]:
    name, soft, hard = wanted.get("type"), wanted.get("soft", 0), wanted.get("hard", 0)
    if not isinstance(name, str) or name not in LIMITS:
        raise errors.InvalidInput(f"wrong rlimit value: {name}", hint="one of those of getrlimit(2)")
    for value in (soft, hard):
        if type(value) is not int or not -1 <= value <= UNLIMITED:
            raise errors.InvalidInput(f"the limit {name} is not a number from 0 to {UNLIMITED}: {value!r}")
    return name, _unsigned(soft), _unsigned(hard)


def _unsigned(value: int) -> int:
    """-1 stands for no limit, as in Docker's options."""
    return UNLIMITED if value < 0 else value


def clamp(soft: int, hard: int, highest: int) -> tuple[int, int]:
    """A limit as far as the present hard limit allows. UNLIMITED or -1 stands for no limit, in and out."""
    soft, hard, highest = (_unsigned(value) for value in (soft, hard, highest))
    hard = min(hard, highest)
    return min(soft, hard), hard


def limit(rlimits: Rlimits, *, strict: bool) -> list[str]:
    """Set the limits of this process.

    Raising a hard limit needs CAP_SYS_RESOURCE, which a container's host may not have itself. Those that cannot be
    raised are as high as may be, with a warning each; with `strict` they are a `SetupFailed`.
    """
    return [warning for wanted in rlimits if (warning := _limit(*wanted, strict))]


def _limit(name: str, soft: int, hard: int, strict: bool) -> str | None:
    number = LIMITS[name]
    try:
        _set(0, number, soft, hard)
    except (PermissionError, ValueError) as err:
        if strict:
            raise _failure(number, err) from err
        highest = resource.getrlimit(number)[1]
        _set(0, number, *clamp(soft, hard, highest))
        return f"the limit {name.removeprefix('RLIMIT_').lower()} cannot be above the engine's own, {highest}"
    return None


def raise_hard(pid: int, rlimits: Rlimits) -> None:
    """Raise the hard limits of another process where they must be higher, as far as we may.

    A process in a user namespace of its own has lost the right; what it then sets itself is within these.
    """
    for name, _, hard in rlimits:
        number = LIMITS[name]
        present = resource.prlimit(pid, number)
        if hard > _unsigned(present[1]):
            try:
                _set(pid, number, _unsigned(present[0]), hard)
            except (PermissionError, ValueError):
                continue


def _set(pid: int, number: int, soft: int, hard: int) -> None:
    syscalls.entering("prlimit64")
    resource.prlimit(pid, number, (_native(soft), _native(hard)))


def _native(value: int) -> int:
    return resource.RLIM_INFINITY if value >= UNLIMITED else value


def _failure(number: int, err: Exception) -> errors.EngineError:
    code = errno.EINVAL if isinstance(err, ValueError) else errno.EPERM
    words = os.strerror(code).lower()
    hint = "CAP_SYS_RESOURCE is needed to raise a hard limit"
    return errors.SetupFailed(f"error setting rlimit type {number}: {words}", hint=hint, errno=code)

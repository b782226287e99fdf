"""What a program may do: limits, user, capabilities, no_new_privs. Standard library only.

    limits -> bounding set -> groups, gid, uid (keeping capabilities) -> capability sets -> no_new_privs

Each step needs rights that a later one gives up. A seccomp filter and an AppArmor profile are loaded after the
capabilities and before no_new_privs where the spec wants none of it, after it otherwise: at the end of `restrict`.
"""

import errno
import resource
from typing import Any, Final, NamedTuple

from engine.kernel import const, files, syscalls
from engine.sandbox import capabilities
from engine.sandbox.users import User

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
_EVERY: Final = (1 << len(capabilities.NAMES)) - 1
"""`--privileged`: whatever there is, without a word about what there is not."""


class Sets(NamedTuple):
    """The capability sets of a process, as bit masks."""

    bounding: int
    effective: int
    permitted: int
    inheritable: int
    ambient: int


def parse_sets(wanted: dict[str, list[str]]) -> Sets:
    """`process.capabilities` of the OCI runtime-spec. Raises `InvalidInput` for a name that is none."""
    return Sets(*(capabilities.mask(wanted.get(field, ())) for field in Sets._fields))


def clamp(soft: int, hard: int, highest: int) -> tuple[int, int]:
    """A limit as far as the present hard limit allows. UNLIMITED or -1 stands for no limit, in and out."""
    soft, hard, highest = (UNLIMITED if value < 0 else value for value in (soft, hard, highest))
    hard = min(hard, highest)
    return min(soft, hard), hard


def limit(rlimits: list[dict[str, Any]]) -> list[str]:
    """Set the limits; those that need more rights than we have come as close as may be, with a warning each."""
    return [warning for wanted in rlimits if (warning := _limit(wanted["type"], wanted["soft"], wanted["hard"]))]


def _limit(name: str, soft: int, hard: int) -> str | None:
    """Raising a hard limit needs CAP_SYS_RESOURCE, which a container's host may not have itself."""
    number = LIMITS[name]
    try:
        _set_limit(number, *clamp(soft, hard, UNLIMITED))
    except (PermissionError, ValueError):
        highest = resource.getrlimit(number)[1]
        _set_limit(number, *clamp(soft, hard, highest))
        return f"the limit {name.removeprefix('RLIMIT_').lower()} cannot be above the engine's own, {highest}"
    return None


def _set_limit(number: int, soft: int, hard: int) -> None:
    syscalls.entering("prlimit64")
    resource.setrlimit(number, (_native(soft), _native(hard)))


def _native(value: int) -> int:
    return resource.RLIM_INFINITY if value >= UNLIMITED else value


def become(user: User, sets: Sets) -> list[str]:
    """Give up what is not wanted for good, and become the user. Capabilities that we lack ourselves: a warning."""
    available = syscalls.capget()[1]
    _bound(sets.bounding)
    syscalls.prctl(const.PR_SET_KEEPCAPS, 1)
    syscalls.setgroups(user.groups)
    syscalls.setresgid(user.gid)
    syscalls.setresuid(user.uid)
    syscalls.prctl(const.PR_SET_KEEPCAPS, 0)
    syscalls.capset(*(bits & available for bits in (sets.effective, sets.permitted, sets.inheritable)))
    _raise_ambient(sets.ambient & sets.permitted & sets.inheritable & available)
    lacking = () if sets.permitted == _EVERY else capabilities.names(sets.permitted & ~available)
    return [f"the engine itself does not have {', '.join(lacking)}"] if lacking else []


def restrict(no_new_privileges: bool) -> None:
    """The last step before the program is executed, when no more rights are needed."""
    if no_new_privileges:
        syscalls.prctl(const.PR_SET_NO_NEW_PRIVS, 1)


def _bound(bounding: int) -> None:
    """Drop from the bounding set what is not wanted, up to the last capability that this kernel knows."""
    for number in range(64):
        if bounding >> number & 1:
            continue
        try:
            syscalls.prctl(const.PR_CAPBSET_DROP, number)
        except OSError as err:
            if err.errno != errno.EINVAL:
                raise
            return


def _raise_ambient(bits: int) -> None:
    syscalls.prctl(const.PR_CAP_AMBIENT, const.PR_CAP_AMBIENT_CLEAR_ALL)
    for number in range(len(capabilities.NAMES)):
        if bits >> number & 1:
            syscalls.prctl(const.PR_CAP_AMBIENT, const.PR_CAP_AMBIENT_RAISE, number)


def raise_oom_score(value: int) -> None:
    """Make the kernel's out-of-memory killer prefer this process; never the other way, which may be refused.

    Source: proc_pid_oom_score_adj(5). `/proc` is the host's still.
    """
    path = "/proc/self/oom_score_adj"
    if value > int(files.read(path)):
        files.write(path, str(value))

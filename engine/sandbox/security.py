"""What a program may do: user, capabilities, no_new_privs, the filter. Standard library only.

    limits -> bounding set -> groups, gid, uid (keeping capabilities) -> capability sets, with what is still needed
    -> scheduler -> no_new_privs, capability sets as wanted, filter     where the spec wants no_new_privs
                 -> filter, capability sets as wanted                   where not: the filter needs CAP_SYS_ADMIN

Each step needs rights that a later one gives up. What comes after the filter must pass it: so that is capset(2) at
most, and what `finish` does to become the program.
"""

import errno
import os
from typing import Final, NamedTuple

from engine import errors
from engine.kernel import const, files, syscalls
from engine.sandbox import capabilities
from engine.sandbox.users import User

_EVERY: Final = (1 << len(capabilities.NAMES)) - 1
"""`--privileged`: whatever there is, without a word about what there is not."""
SYS_ADMIN: Final = 1 << capabilities.NAMES.index("CAP_SYS_ADMIN")
SYS_NICE: Final = 1 << capabilities.NAMES.index("CAP_SYS_NICE")


class Sets(NamedTuple):
    """The capability sets of a process, as bit masks."""

    bounding: int
    effective: int
    permitted: int
    inheritable: int
    ambient: int


def parse_sets(wanted: dict[str, list[str]]) -> Sets:
    """`process.capabilities` of the OCI runtime-spec. A name that is none is passed over: see `Process.warnings`."""
    return Sets(*(capabilities.known(wanted.get(field) or ()) for field in Sets._fields))


def become(user: User, wanted: Sets | None, needed: int) -> tuple[Sets, list[str]]:
    """Give up what is not wanted for good, and become the user.

    Capabilities that we lack ourselves, and ambient ones that cannot be, are a warning. Those of `needed` are kept
    until `settle`, to which the sets that are returned go.
    """
    available = syscalls.capget()[1]
    sets = wanted or _untouched(user, available)
    _bound(sets.bounding)
    syscalls.prctl(const.PR_SET_KEEPCAPS, 1)
    _set_groups(user.groups)
    _set_ids(user)
    syscalls.prctl(const.PR_SET_KEEPCAPS, 0)
    within = sets._replace(
        **{name: getattr(sets, name) & available for name in ("effective", "permitted", "inheritable")}
    )
    settle(within, needed & available)
    warnings = _raise_ambient(sets.ambient)
    lacking = () if sets.permitted == _EVERY else capabilities.names(sets.permitted & ~available)
    return within, [*warnings, *([f"the engine itself does not have {', '.join(lacking)}"] if lacking else [])]


def settle(sets: Sets, needed: int) -> None:
    """Have the sets as they are wanted, and `needed` beside them. Raises `SetupFailed` for sets that contradict."""
    try:
        syscalls.capset(sets.effective | needed, sets.permitted | needed, sets.inheritable)
    except PermissionError as err:
        raise errors.SetupFailed(
            "unable to apply caps: operation not permitted",
            hint="effective must lie within permitted, and inheritable within bounding",
            errno=errno.EPERM,
        ) from err


def _untouched(user: User, available: int) -> Sets:
    """A spec without capabilities: the kernel's own rules, by which another user than root keeps none."""
    held = available if user.uid == 0 else 0
    return Sets(-1, held, held, 0, 0)


def _set_groups(groups: tuple[int, ...]) -> None:
    """In a user namespace whose maps were written without privilege nobody can set groups, root included.

    Source: user_namespaces(7), "The /proc/PID/setgroups file".
    """
    try:
        syscalls.setgroups(groups)
    except PermissionError:
        if files.read("/proc/self/setgroups").strip() != "deny":
            raise


def _set_ids(user: User) -> None:
    """EINVAL: the user namespace has no such id."""
    for word, call, number in (("gid", syscalls.setresgid, user.gid), ("uid", syscalls.setresuid, user.uid)):
        try:
            call(number)
        except OSError as err:
            if err.errno != errno.EINVAL:
                raise
            message = f"cannot set{word} to unmapped {word} {number} in user namespace"
            raise errors.SetupFailed(message, hint="choose another user, or map more ids", errno=errno.EINVAL) from err


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


def _raise_ambient(bits: int) -> list[str]:
    """Ambient are only those that are permitted and inheritable too."""
    syscalls.prctl(const.PR_CAP_AMBIENT, const.PR_CAP_AMBIENT_CLEAR_ALL)
    warnings = []
    for name in capabilities.names(bits):
        try:
            syscalls.prctl(const.PR_CAP_AMBIENT, const.PR_CAP_AMBIENT_RAISE, capabilities.NAMES.index(name))
        except PermissionError:
            warnings.append(f"can't raise ambient capability {name}: operation not permitted")
    return warnings


def restrict(no_new_privileges: bool) -> None:
    """What no program that is executed can take back."""
    if no_new_privileges:
        syscalls.prctl(const.PR_SET_NO_NEW_PRIVS, 1)


def set_oom_score(value: int | None, *, strict: bool, pid: int | str = "self") -> None:
    """How readily the kernel's out-of-memory killer takes a process. `/proc` is the host's still.

    Lowering needs CAP_SYS_RESOURCE: without `strict` a score that is lower than the present one is passed over.
    Source: proc_pid_oom_score_adj(5). Raises `SetupFailed`.
    """
    path = f"/proc/{pid}/oom_score_adj"
    if value is None or value == (present := int(files.read(path))) or (value < present and not strict):
        return
    try:
        files.write(path, str(value))
    except OSError as err:
        words = os.strerror(err.errno or 0).lower()
        hint = f"CAP_SYS_RESOURCE is needed to have less than {present}"
        message = f"failed to set oom_score_adj to {value}: {words}"
        raise errors.SetupFailed(message, hint=hint, errno=err.errno or 0) from err

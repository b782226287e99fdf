"""The flags of a bind mount, which are those of its source until options say otherwise. Pure; standard library only.

    no flag named       the source's flags stay
    any flag named      exactly the named ones, as mount(8) has it; access times stay unless one is named
    flags are locked    what the source forbids stays forbidden, and what would lift it is refused

Flags are locked in a user namespace: its root must not lift what the host's root has set (mount_namespaces(7),
"Restrictions on mount namespaces"). There a mount that the parent hands over is not locked by the kernel, so that
the same rules are applied here.
"""

import errno
import os
from typing import Final, NamedTuple

from engine.kernel import const, syscalls
from engine.sandbox.options import Parsed

_PLAIN: Final = {
    const.MS_RDONLY: const.MOUNT_ATTR_RDONLY,
    const.MS_NOSUID: const.MOUNT_ATTR_NOSUID,
    const.MS_NODEV: const.MOUNT_ATTR_NODEV,
    const.MS_NOEXEC: const.MOUNT_ATTR_NOEXEC,
    const.MS_NODIRATIME: const.MOUNT_ATTR_NODIRATIME,
    const.MS_NOSYMFOLLOW: const.MOUNT_ATTR_NOSYMFOLLOW,
}
_FORBIDDING: Final = const.MS_RDONLY | const.MS_NOSUID | const.MS_NODEV | const.MS_NOEXEC
_CHOICE: Final = const.MS_NOATIME | const.MS_RELATIME | const.MS_STRICTATIME
_TIMES: Final = _CHOICE | const.MS_NODIRATIME
_KEPT: Final = const.MS_BIND | const.MS_REC | const.MS_REMOUNT
_OF_STATVFS: Final = {
    os.ST_RDONLY: const.MS_RDONLY,
    os.ST_NOSUID: const.MS_NOSUID,
    os.ST_NODEV: const.MS_NODEV,
    os.ST_NOEXEC: const.MS_NOEXEC,
    os.ST_NOATIME: const.MS_NOATIME,
    os.ST_NODIRATIME: const.MS_NODIRATIME,
    os.ST_RELATIME: const.MS_RELATIME,
}


class Attributes(NamedTuple):
    """MOUNT_ATTR_* for mount_setattr(2)."""

    wanted: int
    unwanted: int


def exact(parsed: Parsed) -> Attributes | None:
    """What the options say, where no flag is locked; None where they name no flag."""
    return _exact(parsed) if parsed.flags & ~_KEPT or parsed.cleared else None


def _exact(parsed: Parsed) -> Attributes:
    wanted = sum(attribute for flag, attribute in _PLAIN.items() if parsed.flags & flag)
    times = parsed.flags & _TIMES
    mask = sum(_PLAIN.values()) if times else sum(_PLAIN.values()) & ~const.MOUNT_ATTR_NODIRATIME
    unwanted = (mask | const.MOUNT_ATTR__ATIME) if times else mask
    return Attributes(wanted | _choice(parsed.flags), unwanted & ~wanted)


def _choice(flags: int) -> int:
    """Which of the three access times; as mount(2) decides it."""
    if flags & const.MS_STRICTATIME:
        return const.MOUNT_ATTR_STRICTATIME
    return const.MOUNT_ATTR_NOATIME if flags & const.MS_NOATIME else const.MOUNT_ATTR_RELATIME


def locked(parsed: Parsed, source: int) -> Attributes:
    """The same for named flags where those of the source, MS_*, are locked. Raises OSError (EPERM) for lifting one."""
    times = parsed.flags & _TIMES
    if not source & _FORBIDDING & ~parsed.flags and (not times or _settled(times) == source & _TIMES):
        return _exact(parsed)
    if source & parsed.cleared & (_FORBIDDING | _TIMES) or (times and times != source & _TIMES):
        raise syscalls.failure(errno.EPERM, "mount_setattr")
    return _exact(parsed._replace(flags=parsed.flags | source & (_FORBIDDING | _TIMES)))


def _settled(times: int) -> int:
    """The access times that mount(2) makes of these flags."""
    names = {
        const.MOUNT_ATTR_STRICTATIME: const.MS_STRICTATIME,
        const.MOUNT_ATTR_NOATIME: const.MS_NOATIME,
        const.MOUNT_ATTR_RELATIME: const.MS_RELATIME,
    }
    return names[_choice(times)] | times & const.MS_NODIRATIME


def of_mount(fd: int) -> int:
    """MS_* of the mount that a descriptor lies on."""
    syscalls.entering("fstatfs")
    found = os.fstatvfs(fd).f_flag
    flags = sum(flag for bit, flag in _OF_STATVFS.items() if found & bit)
    return flags if flags & _CHOICE else flags | const.MS_STRICTATIME

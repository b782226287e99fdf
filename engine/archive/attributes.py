"""What a file has besides its content: owner, extended attributes, permissions, time; given by descriptor."""

import errno
import os
import stat
from collections.abc import Mapping
from typing import Final, NamedTuple

from engine.archive.member import Member
from engine.archive.place import by_descriptor
from engine.archive.refusals import quoted
from engine.errors import EngineError, InvalidInput, MissingFeature

_NAMES: Final = (b"user.", b"system.posix_acl_", b"security.capability")
"""Of extended attributes that are copied; the others are the kernel's and the host's own."""
_OVERLAY: Final = b"user.overlay."
_UNSUPPORTED: Final = frozenset({errno.EOPNOTSUPP, errno.EPERM, errno.EACCES, errno.EINVAL})
"""A file system that has no such attributes, or takes them for no such file."""
_TIME_MAX: Final = (1 << 34) * 10**9
"""Nanoseconds of what every file system can keep, the year 2514."""
ID_MAX: Final = (1 << 32) - 2
_SET_ID: Final = stat.S_ISUID | stat.S_ISGID


class Manner(NamedTuple):
    """How attributes are given."""

    owner: tuple[int, int] | None = None
    """uid and gid of everything; None: as the archive says."""
    ids: int = ID_MAX + 1
    """How many ids there are; a file of another one is refused."""
    trusted: bool = True
    """False: devices are refused, set-user-ID, set-group-ID and file capabilities are left out."""


def dress(target: int | str, member: Member, manner: Manner) -> None:
    """Give a file its attributes; `target` is a descriptor, or the path of one for what cannot be opened.

    The owner first, since a change of it takes set-user-ID and capabilities away; the time last. Raises OSError,
    InvalidInput.
    """
    _set_owner(target, owner_of(member, manner))
    _set_attributes(target, member.xattrs, manner)
    if member.kind != stat.S_IFLNK:
        os.chmod(target, member.mode if manner.trusted else member.mode & ~_SET_ID)
    set_time(target, member)


def dress_at(fd: int, member: Member, manner: Manner) -> None:
    """The same by a descriptor that was opened with O_PATH, of a link itself for one."""
    dress(by_descriptor(fd), member, manner)


def set_time(target: int | str, member: Member) -> None:
    """Times of access and of change."""
    time_ns = max(-_TIME_MAX, min(member.mtime_ns, _TIME_MAX))
    os.utime(target, ns=(time_ns, time_ns))


def _set_owner(target: int | str, owner: tuple[int, int]) -> None:
    try:
        os.chown(target, *owner)
    except OSError as err:
        if err.errno != errno.EINVAL:
            raise
        raise _no_id(*owner) from err


def _no_id(uid: int, gid: int) -> InvalidInput:
    return InvalidInput(
        f"there is no owner {uid}:{gid} where it is to be copied", hint="leave the owners out: without -a"
    )


def owner_of(member: Member, manner: Manner) -> tuple[int, int]:
    """uid and gid. Raises InvalidInput where there is no such id."""
    if manner.owner is not None:
        return manner.owner
    if not (0 <= member.uid < manner.ids and 0 <= member.gid < manner.ids):
        raise _no_id(member.uid, member.gid)
    return member.uid, member.gid


def _set_attributes(target: int | str, xattrs: Mapping[bytes, bytes], manner: Manner) -> None:
    for name, value in xattrs.items():
        if not is_copied(name) or (name.startswith(b"security.") and not manner.trusted):
            continue
        try:
            os.setxattr(target, name, value)
        except OSError as err:
            if err.errno not in _UNSUPPORTED:
                raise


def read_attributes(fd: int) -> dict[bytes, bytes]:
    """Those of an O_PATH descriptor that are copied."""
    path = by_descriptor(fd)
    try:
        names = [os.fsencode(name) for name in os.listxattr(path)]
        return {name: os.getxattr(path, name) for name in sorted(names) if is_copied(name)}
    except OSError as err:
        if err.errno in (errno.EOPNOTSUPP, errno.ENODATA, errno.EPERM, errno.EACCES):
            return {}  # it has none, or lost one just now
        raise


def is_copied(name: bytes) -> bool:
    """Whether an extended attribute is part of a file, wherever it goes."""
    return name.startswith(_NAMES) and not name.startswith(_OVERLAY)


def refuse_device(path: str) -> EngineError:
    """The error for a device that a stranger may have made."""
    return InvalidInput(
        f"{quoted(os.fsencode(path))} is a device, which is not copied like that",
        hint="copy it with all it is: qd cp -a",
    )


def forbidden_device(path: str, err: OSError) -> EngineError:
    """The error for a node that the kernel lets nobody make there. Source: user_namespaces(7)."""
    hint = "a container with ids of its own is given devices when it is made: --device"
    return MissingFeature(
        f"the device {quoted(os.fsencode(path))} cannot be made there: operation not permitted",
        hint=hint,
        errno=err.errno or 0,
    )

"""What an entry of a layer gets besides its content, as its archive has it.

The owner first, since a change of owner takes set-user-id and capabilities away; then permissions, extended
attributes, and the time at the end. Nothing follows a link: a file and a directory are given by descriptor, anything
else by its name in a directory, and is what was just made there.
"""

import errno
import os
import stat
from collections.abc import Mapping
from typing import Final

from engine.archive.member import Member
from engine.archive.refusals import damaged, quoted
from engine.errors import EngineError
from engine.layers.folders import DEFAULT_ACL, Folder

OVERLAY: Final = (b"trusted.overlay.", b"user.overlay.")
"""Orders to overlay, which an archive must not give. Source: Documentation/filesystems/overlayfs.rst."""
_OTHERS: Final = frozenset({b"security.selinux", b"security.evm", b"system.nfs4_acl"})
"""Words of the machine or the file server where the archive was made, wrong on any other."""
_ID_MAX: Final = (1 << 32) - 2
"""chown(2) takes the number after it for "leave it"."""
_SECONDS_MAX: Final = (1 << 63) - 1
"""Of time_t; the file system itself cuts what it cannot keep."""


def dress_file(fd: int, member: Member) -> None:
    """Owner, permissions, extended attributes and time of an open file. Raises OSError, InvalidInput."""
    os.fchown(fd, *owner(member))
    os.fchmod(fd, member.mode & 0o7777)
    if member.xattrs:
        _set_attributes(fd, member)
    time_ns = _time(member)
    os.utime(fd, ns=(time_ns, time_ns))


def dress_entry(folder: int, name: str, member: Member) -> None:
    """The same of a link, a device or a fifo that was just made under this name."""
    os.chown(name, *owner(member), dir_fd=folder, follow_symlinks=False)
    if member.kind != stat.S_IFLNK:
        os.chmod(name, member.mode & 0o7777, dir_fd=folder)
    if member.xattrs:
        _set_attributes(f"/proc/self/fd/{folder}/{name}", member)
    time_ns = _time(member)
    os.utime(name, ns=(time_ns, time_ns), dir_fd=folder, follow_symlinks=False)


def dress_folder(folder: Folder, member: Member, *, again: bool) -> None:
    """The same of a directory; time and default ACL come to it when it is closed. `again`: it had others before."""
    os.fchown(folder.fd, *owner(member))
    os.fchmod(folder.fd, member.mode & 0o7777)
    if again:
        strip(folder.fd, keep=member.xattrs)
    if member.xattrs:
        _set_attributes(folder.fd, member)
    folder.default_acl = member.xattrs.get(os.fsencode(DEFAULT_ACL))
    folder.mtime_ns = _time(member)


def strip(fd: int, keep: Mapping[bytes, bytes]) -> None:
    """Take away the extended attributes that are not in `keep`, but for overlay's and the kernel's own."""
    for name in _names(fd):
        if name not in keep and not is_refused(name):
            os.removexattr(fd, name)


def _names(fd: int) -> list[bytes]:
    try:
        return [os.fsencode(name) for name in os.listxattr(fd)]
    except OSError as err:
        if err.errno == errno.EOPNOTSUPP:
            return []
        raise


def owner(member: Member) -> tuple[int, int]:
    """uid and gid. Raises InvalidInput for what no file can have."""
    if not (0 <= member.uid <= _ID_MAX and 0 <= member.gid <= _ID_MAX):
        raise damaged(f"{quoted(member.path)} belongs to {member.uid}:{member.gid}, which no file can")
    return member.uid, member.gid


def is_refused(name: bytes) -> bool:
    """Whether no archive can give a file this extended attribute."""
    return name.startswith(OVERLAY) or name in _OTHERS


def _time(member: Member) -> int:
    """Nanoseconds that utimensat(2) takes."""
    limit = _SECONDS_MAX * 10**9
    return max(-limit, min(member.mtime_ns, limit))


def _set_attributes(where: int | str, member: Member) -> None:
    for name, value in member.xattrs.items():
        if is_refused(name) or (
            name == DEFAULT_ACL.encode() and isinstance(where, int) and member.kind == stat.S_IFDIR
        ):
            continue
        if b"\0" in name:
            raise damaged(f"{quoted(member.path)} has an extended attribute with a NUL in its name")
        try:
            if isinstance(where, int):
                os.setxattr(where, name, value)
            else:
                os.setxattr(where, name, value, follow_symlinks=False)
        except OSError as err:
            _consider(err, member, name, len(value))


def _consider(err: OSError, member: Member, name: bytes, size: int) -> None:
    """What the file system or the kind of file cannot have is left out, as other tools do; anything else is raised."""
    if err.errno == errno.EOPNOTSUPP:
        return
    if err.errno == errno.EPERM and name.startswith((b"user.", b"security.")) and name != b"security.capability":
        return  # user.* is for files and directories alone; labels of a security module that is not in use here
    if err.errno in {errno.EINVAL, errno.ERANGE, errno.E2BIG}:
        raise damaged(f"{quoted(member.path)} has an extended attribute {quoted(name)} that is none") from err
    if err.errno == errno.ENOSPC:
        raise EngineError(
            f"there is no room for the extended attribute {quoted(name)} of {quoted(member.path)}, {size} bytes",
            hint="free some space, or keep the state folder on a file system with larger attributes, as XFS",
            errno=errno.ENOSPC,
        ) from err
    raise err

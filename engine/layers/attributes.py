"""What of an entry a layer carries besides stat(2): extended attributes, the target of a link, the content.

Entries are given by the descriptor of their directory and their name; nothing follows a link.
"""

import errno
import os
import stat
from typing import Final

from engine.layers.dressing import is_refused

_NONE: Final = frozenset({errno.EOPNOTSUPP, errno.ENODATA, errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""No attributes here, or the entry is gone."""

FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOATIME
"""Open a file without waiting for a fifo, and without a trace in the container's layer."""
_PIECE: Final = 1 << 20


def place(folder: int, name: str) -> str:
    """A path for the calls that take no descriptor of a directory; its last part must not be followed."""
    return f"/proc/self/fd/{folder}/{name}"


def read(where: str | int) -> dict[bytes, bytes]:
    """The extended attributes of a path, whose last part is not followed, or of an open file; sorted by name."""
    try:
        names = os.listxattr(where) if isinstance(where, int) else os.listxattr(where, follow_symlinks=False)
    except OSError as err:
        if err.errno in _NONE:
            return {}
        raise
    found = {}
    for name in sorted(map(os.fsencode, names)):
        if not is_refused(name) and (value := _value(where, name)) is not None:
            found[name] = value
    return found


def _value(where: str | int, name: bytes) -> bytes | None:
    """None where it has gone meanwhile."""
    try:
        if isinstance(where, int):
            return os.getxattr(where, name)
        return os.getxattr(where, name, follow_symlinks=False)
    except OSError as err:
        if err.errno in _NONE:
            return None
        raise


def target(folder: int, name: str) -> bytes:
    """Where a symbolic link points; empty where it is none any more."""
    try:
        return os.fsencode(os.readlink(name, dir_fd=folder))
    except OSError as err:
        if err.errno in {errno.ENOENT, errno.EINVAL}:
            return b""
        raise


def open_file(folder: int, name: str) -> int | None:
    """A regular file for reading; None where something else is there by now, or nothing."""
    try:
        fd = os.open(name, FILE, dir_fd=folder)
    except OSError as err:
        if err.errno in {errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.ENODEV}:
            return None
        raise
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    return None


def is_same_content(one: tuple[int, str], other: tuple[int, str], size: int) -> bool:
    """Whether two regular files, each (directory, name), have the same first `size` bytes."""
    fds: list[int] = []
    try:
        for folder, name in (one, other):
            fd = open_file(folder, name)
            if fd is None:
                return False
            fds.append(fd)
        return _is_same(fds[0], fds[1], size)
    finally:
        for fd in fds:
            os.close(fd)


def _is_same(one: int, other: int, size: int) -> bool:
    buffers = bytearray(min(size, _PIECE)), bytearray(min(size, _PIECE))
    at = 0
    while at < size:
        got = os.preadv(one, [buffers[0]], at)
        if not got or os.preadv(other, [buffers[1]], at) != got or buffers[0][:got] != buffers[1][:got]:
            return False
        at += got
    return True

"""What file system something lies on. Standard library only."""

import ctypes

from engine.kernel import syscalls

_libc = ctypes.CDLL(None, use_errno=True)
_STATFS_BYTES = 256
"""More than `struct statfs` has on any architecture; its first field is the type, a long."""


def file_system_type(fd: int) -> int:
    """fstatfs(2): the magic number of the file system."""
    syscalls.entering("fstatfs")
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    syscalls.check(_libc.fstatfs(fd, buffer), "fstatfs", fd)
    return ctypes.c_ulong.from_buffer(buffer).value

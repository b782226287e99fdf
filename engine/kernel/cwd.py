"""getcwd(2) as the kernel answers it. Standard library only."""

import ctypes

from engine.kernel import syscalls

_PATH_MAX = 4096


def getcwd() -> bytes:
    """The working directory; it starts with `(unreachable)` where it lies outside of the process's root.

    The C library's own getcwd(3) climbs up from such a directory by itself, and may meet the root's inode on the way.
    """
    buffer = ctypes.create_string_buffer(_PATH_MAX)
    syscalls.raw("getcwd", None, buffer, _PATH_MAX)
    return buffer.value

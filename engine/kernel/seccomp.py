"""seccomp(2): load a filter, and ask what the kernel knows. Standard library only."""

import ctypes
import errno
import struct

from engine.kernel import const, syscalls

INSTRUCTION_BYTES = 8
"""Of one `struct sock_filter`."""
INSTRUCTIONS_MAX = 4096
"""BPF_MAXINSNS of linux/bpf_common.h: a longer program is refused by the kernel."""


def set_filter(program: bytes, flags: int) -> int:
    """SECCOMP_SET_MODE_FILTER: from here on the program judges each call of this thread.

    Returns the listener's descriptor, close-on-exec, with SECCOMP_FILTER_FLAG_NEW_LISTENER, and 0 without.
    Raises OSError: EACCES without CAP_SYS_ADMIN and no_new_privs, EINVAL for a program that is none.
    """
    instructions = ctypes.create_string_buffer(program, len(program))
    length = len(program) // INSTRUCTION_BYTES
    header = struct.pack("HxxxxxxP", length, ctypes.addressof(instructions))
    return syscalls.raw("seccomp", None, const.SECCOMP_SET_MODE_FILTER, flags, header)


def knows_flags(flags: int) -> bool:
    """Whether this kernel knows the flags: it looks at them before it looks for the program, which is not there."""
    try:
        syscalls.raw("seccomp", None, const.SECCOMP_SET_MODE_FILTER, flags, None)
    except OSError as err:
        return err.errno == errno.EFAULT
    return True

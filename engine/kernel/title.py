"""The name and the command line under which other processes see this one. Standard library only."""

import ctypes

from engine.kernel import files, syscalls

_ARG_START = 45
"""Fields 48 and 49 of /proc/PID/stat, counted from 0 after the name."""


def set_title(text: str) -> None:
    """Replace the name, and the command line where it is long enough.

    /proc/PID/cmdline shows the memory in which the arguments were passed, so that memory is overwritten.
    Source: proc_pid_cmdline(5), proc_pid_stat(5).
    """
    name = text.encode()
    syscalls.set_name(name)
    fields = files.read("/proc/self/stat").rpartition(")")[2].split()
    start, end = (int(fields[index]) for index in (_ARG_START, _ARG_START + 1))
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)
        ctypes.memmove(start, name, min(len(name), end - start - 1))

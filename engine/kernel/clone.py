"""clone3(2): a child in namespaces and in a cgroup of its own, with a pidfd. Standard library only.

The child has a copy of the interpreter and goes on with the same Python code, as after os.fork(). CPython's own
preparations for a fork are made round the call, and the interpreter lock is held across it.
Where clone3 is not there (ENOSYS: an old kernel, or the seccomp filter of an outer container, which cannot look into
its argument), clone(2) does the same without CLONE_INTO_CGROUP.
"""

import ctypes
import errno
import os
import signal
import struct
from typing import NamedTuple

from engine.kernel import const, syscalls

_python = ctypes.PyDLL(None, use_errno=True)
_python.syscall.restype = ctypes.c_long


class Cloned(NamedTuple):
    """The result of a clone, in the parent and in the child."""

    pid: int
    """0 in the child."""
    pidfd: int
    """Close-on-exec; -1 in the child."""


def clone(flags: int, cgroup: int | None = None) -> Cloned:
    """clone3(2) with SIGCHLD and a pidfd; `cgroup` is a descriptor of a cgroup v2 directory to be born in.

    With CLONE_PARENT it is a child of the caller's parent, to whom its end is told as the caller's would be.
    The caller has one thread. Raises OSError; a refused CLONE_INTO_CGROUP is not told from other refusals.
    """
    syscalls.entering("clone3")
    try:
        return _clone3(flags, cgroup)
    except OSError as err:
        if err.errno != errno.ENOSYS or cgroup is not None:
            raise
    return _clone2(flags)


def _clone3(flags: int, cgroup: int | None) -> Cloned:
    pidfd = ctypes.c_int(-1)
    if cgroup is not None:
        flags |= const.CLONE_INTO_CGROUP
    end = 0 if flags & const.CLONE_PARENT else signal.SIGCHLD
    arguments = ctypes.create_string_buffer(
        struct.pack("11Q", flags | const.CLONE_PIDFD, ctypes.addressof(pidfd), 0, 0, end, 0, 0, 0, 0, 0, cgroup or 0)
    )
    pid = _fork_with("clone3", ctypes.addressof(arguments), 88)
    return Cloned(pid, pidfd.value if pid else -1)


def _clone2(flags: int) -> Cloned:
    pidfd = ctypes.c_int(-1)
    pid = _fork_with("clone", flags | const.CLONE_PIDFD | signal.SIGCHLD, 0, ctypes.addressof(pidfd), 0, 0)
    return Cloned(pid, pidfd.value if pid else -1)


def _fork_with(call: str, *arguments: int) -> int:
    """Make the call as os.fork() makes its own.

    Source: the C API's PyOS_BeforeFork, PyOS_AfterFork_Parent, PyOS_AfterFork_Child.
    """
    number = const.NUMBERS.get(call)
    if number is None:
        raise syscalls.failure(errno.ENOSYS, call)
    longs = [ctypes.c_long(value) for value in (number, *arguments)]
    ctypes.pythonapi.PyOS_BeforeFork()
    pid = int(_python.syscall(*longs))
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    error = ctypes.get_errno()
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(error, f"{call}: {os.strerror(error)}")
    return pid

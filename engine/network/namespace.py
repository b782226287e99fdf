"""Being in another network namespace, for the moment in which a socket is made there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.kernel import const, syscalls


@contextmanager
def inside(pid: int) -> Iterator[None]:
    """This thread is in the network namespace of that process within the block; await nothing in there.

    Sockets that are made there stay there, and /proc/sys/net is that namespace's. Raises: OSError.
    """
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        theirs = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            syscalls.setns(theirs, const.CLONE_NEWNET)
        finally:
            os.close(theirs)
        try:
            yield
        finally:
            _go_back(own)
    finally:
        os.close(own)


def _go_back(own: int) -> None:
    """A process that stayed in a container's network would do there what it means for the host: rather none at all.

    Another one is started, and finds everything as it is.
    """
    for _ in range(2):
        with suppress(OSError):
            syscalls.setns(own, const.CLONE_NEWNET)
            return
    os.abort()

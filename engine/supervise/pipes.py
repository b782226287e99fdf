"""The standard streams of a child without a terminal. Standard library only."""

import os
import stat
from contextlib import suppress

from engine.kernel import files
from engine.sandbox import userns
from engine.sandbox.child import Stdio


def make(stdin: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(the container's three ends, our ends): stdin's writer only where it is kept open, else /dev/null inside."""
    ours: list[int] = []
    if stdin:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        ours.append(writer)
    else:
        reader = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    theirs = [reader]
    for _ in range(2):
        reader, writer = os.pipe2(os.O_CLOEXEC)
        theirs.append(writer)
        ours.append(reader)
    return tuple(theirs), tuple(ours)


def give(stdio: Stdio | None, pid: int) -> None:
    """Let root of the process's user namespace own its pipes: else it could not open /dev/stdout by that name.

    One that has died already tells by itself what it died of.
    """
    with suppress(OSError):
        owner = userns.owner_of(pid) if stdio is not None else 0
        for fd in {*(stdio or ())} if owner else ():
            if stat.S_ISFIFO(os.fstat(fd).st_mode):
                files.chown(fd, owner)


def close(fds: tuple[int, ...]) -> None:
    """Close all of them."""
    for fd in fds:
        os.close(fd)

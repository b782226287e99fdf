"""The descriptors that a caller passes on to the program: 3 and the following. Standard library only.

A number of them that the caller left empty must not become one of ours: it would reach the program, and a folder of
the host's with it (CVE-2024-21626 of runc). So each is filled before anything is opened, with what exec closes.
"""

import errno
import fcntl
import os

from engine.errors import InvalidInput
from engine.runtime import notify
from engine.runtime.arguments import Given

_MOST = 1024


def reserve(given: Given) -> int:
    """How many there are: those of `--preserve-fds`, and those of systemd's socket activation. Raises `InvalidInput`.

    Called before anything is opened that stays open. As with crun, some may be missing.
    """
    text = given.text("preserve-fds", "0")
    if not (text.isascii() and text.isdigit() and int(text[:5]) < _MOST):
        raise InvalidInput(f"invalid value {text[:20]!r} for --preserve-fds", hint="how many descriptors from 3 on")
    count = int(text) + notify.listening()
    for number in range(3, 3 + count):
        if not _is_open(number):
            _fill(number)
    return count


def _is_open(number: int) -> bool:
    try:
        fcntl.fcntl(number, fcntl.F_GETFD)
    except OSError as err:
        if err.errno != errno.EBADF:
            raise
        return False
    return True


def _fill(number: int) -> None:
    """The lowest free number is the one that is asked for, since those below are taken."""
    fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    if fd != number:
        os.dup2(fd, number, inheritable=False)
        os.close(fd)

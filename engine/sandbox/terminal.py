"""The terminal of a container's program, from the container's own devpts. Standard library only."""

import errno
import fcntl
import os
import stat
import struct
from typing import Final, NamedTuple

from engine.kernel import const, files, syscalls
from engine.sandbox.beneath import Root
from engine.sandbox.operations import Pty, Site

_PTMX: Final = os.makedev(5, 2)


class Console(NamedTuple):
    """Open a terminal and let it be seen as /dev/console."""

    def execute(self, site: Site) -> None:
        """The pair is left in `site.terminal`."""
        pty = open_pty(site.root)
        site.terminal = pty
        flags = const.OPEN_TREE_CLONE | const.AT_EMPTY_PATH
        with (
            files.closing(site.root.file("/dev/console", 0o600)) as place,
            files.closing(syscalls.open_tree(pty.slave, "", flags)) as tree,
        ):
            syscalls.move_mount(tree, place)

    def describe(self) -> str:
        return "open the terminal /dev/console"


def open_pty(root: Root) -> Pty:
    """A new pair from /dev/pts beneath `root`.

    The other end comes from the master itself (TIOCGPTPEER) and not from a path. In a container that runs already,
    /dev/pts/ptmx may be anything by now: only the kernel's own device is accepted, and opening it cannot block.
    """
    master = root.open("/dev/pts/ptmx", os.O_RDWR | os.O_NONBLOCK)
    try:
        status = os.fstat(master)
        if not stat.S_ISCHR(status.st_mode) or status.st_rdev != _PTMX:
            raise syscalls.failure(errno.ENOTTY, "openat2", "/dev/pts/ptmx")
        os.set_blocking(master, True)
        syscalls.ioctl(master, const.TIOCSPTLCK, struct.pack("i", 0))
        slave = syscalls.ioctl(master, const.TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except BaseException:
        os.close(master)
        raise
    return Pty(master, slave)


def set_size(fd: int, size: tuple[int, int] | None) -> None:
    """Rows and columns; None leaves the kernel's 0 by 0."""
    if size is not None:
        rows, columns = (min(max(0, number), 0xFFFF) for number in size)
        syscalls.ioctl(fd, const.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def take_as_controlling(fd: int) -> None:
    """Make the terminal the controlling one of this session."""
    syscalls.ioctl(fd, const.TIOCSCTTY, 0)


def place_stdio(stdio: tuple[int, int, int]) -> None:
    """Make three descriptors 0, 1 and 2. They may be these numbers themselves, in any order."""
    safe = [_above_stdio(fd) for fd in stdio]
    for target, fd in enumerate(safe):
        files.duplicate(fd, target)


def _above_stdio(fd: int) -> int:
    return fd if fd > 2 else fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)

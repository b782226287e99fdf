"""The operator's terminal in raw mode, and back."""

import os
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.cli.guard import LEAVE_SCREEN, Attributes


@contextmanager
def raw_mode(fd: int) -> Iterator[None]:
    """Raw until the block ends, however it ends; nothing happens to what is not a terminal."""
    try:
        saved = termios.tcgetattr(fd)
    except termios.error:
        yield
        return
    try:
        tty.setraw(fd, termios.TCSADRAIN)
        yield
    finally:
        restore(fd, saved)


def restore(fd: int, saved: Attributes) -> None:
    """Put the attributes back at once; a terminal that is gone needs nothing."""
    with suppress(termios.error):
        termios.tcsetattr(fd, termios.TCSANOW, saved)


def leave_screen(fd: int) -> None:
    """Undo what a full-screen program did to the terminal; for ends that the program did not choose."""
    if os.isatty(fd):
        with suppress(OSError):
            os.write(fd, LEAVE_SCREEN)


def size_of(*fds: int) -> tuple[int, int] | None:
    """Rows and columns of the first of these that is a terminal and knows them."""
    for fd in fds:
        with suppress(OSError):
            size = os.get_terminal_size(fd)
            if size.lines and size.columns:
                return size.lines, size.columns
    return None

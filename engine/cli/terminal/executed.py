"""Attached to a program that `exec` started: its descriptors are here, and nothing of it is recorded."""

import fcntl
import os
import select
import struct
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from engine.cli.terminal.keyboard import Keyboard
from engine.cli.terminal.output import STDIN, STDOUT, write_all
from engine.cli.terminal.raw import size_of
from engine.cli.terminal.relay import READABLE, Ending, Relay, Watched
from engine.cli.terminal.signals import Signals
from engine.connection import Connection
from engine.errors import Unreachable

_READ_BYTES: Final = 1 << 16


class ExecutedRelay(Relay):
    """Relays one program; `outputs` says which of its descriptors goes to which of ours."""

    def __init__(
        self,
        connection: Connection,
        outputs: dict[int, int],
        keyboard: Keyboard | None,
        signals: Signals,
        master: int | None,
    ) -> None:
        super().__init__(connection, keyboard, signals)
        self._outputs = dict(outputs)
        self._master = master
        self._loss: Unreachable | None = None

    def run(self) -> Ending:
        """Relay; after the exit take what is still there, but wait for nobody else who holds the other end.

        Raises `Unreachable` where the program has ended after the engine was lost: nobody knows its exit code.
        """
        ending = super().run()
        if ending.exit_code is not None:
            for fd in tuple(self._outputs):
                while fd in self._outputs and _is_readable(fd):
                    self._read(fd)
        return ending

    def resized(self) -> None:
        """TIOCSWINSZ on the master; the kernel tells the program."""
        size = size_of(STDIN, STDOUT)
        if self._master is not None and size is not None:
            set_size(self._master, *size)

    def lost(self, err: Unreachable) -> None:
        """The descriptors are the program's own: the session goes on without the engine, until they end."""
        self._loss = err

    def output(self) -> bool:
        """Nothing is ahead of the descriptors; with all of them at their end nobody is left to say more."""
        if self._loss is not None and not self._outputs:
            raise self._loss
        return False

    def watched(self) -> Watched:
        """The outputs besides; the master of a terminal has both directions on one descriptor."""
        watched = super().watched()
        for fd in self._outputs:
            events = watched[fd][0] if fd in watched else 0
            watched[fd] = (events | READABLE, self._reaction(fd))
        return watched

    def _reaction(self, fd: int) -> Callable[[int], None]:
        def react(events: int) -> None:
            if events & select.POLLOUT and self.keyboard is not None:
                self.keyboard.flush()
            if events & READABLE:
                self._read(fd)

        return react

    def _read(self, fd: int) -> None:
        """Pass on what is there; at the end (EIO on a terminal) the descriptor is watched no more."""
        data = b""
        with suppress(OSError):
            data = os.read(fd, _READ_BYTES)
        if data:
            write_all(self._outputs[fd], data)
        else:
            del self._outputs[fd]


def set_size(master: int, rows: int, columns: int) -> None:
    """ioctl_tty(2), TIOCSWINSZ."""
    with suppress(OSError):
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _is_readable(fd: int) -> bool:
    poller = select.poll()
    poller.register(fd, READABLE)
    return bool(poller.poll(0))

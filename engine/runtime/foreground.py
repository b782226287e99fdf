"""A program in the foreground: its terminal is ours, signals go to it, and its end is our exit code.

Standard library only. The caller's terminal is raw meanwhile, and as it was whatever happens.
"""

import contextlib
import fcntl
import os
import select
import signal
import termios
import tty
from collections.abc import Iterator
from typing import Any, Final

from engine.kernel import syscalls
from engine.sandbox.drive import Created
from engine.sandbox.reaper import exit_code

_PIECE: Final = 1 << 16
_OURS: Final = (signal.SIGCHLD, signal.SIGWINCH, signal.SIGPIPE, signal.SIGURG)
"""Signals that are for us: they are not passed on."""


class Session:
    """Waits for a program, and carries bytes and signals meanwhile."""

    def __init__(self, created: Created, signals: int) -> None:
        self._created = created
        self._signals = signals
        self._input = 0
        self._typed = b""
        self._open = created.terminal is not None
        if created.terminal is not None:
            os.set_blocking(created.terminal, False)

    def wait(self) -> int:
        """The exit code, 128+n after signal n."""
        while True:
            ready, writable, _ = select.select(self._watched(), self._full(), [])
            if self._signals in ready:
                self._handle_signals()
            if self._created.terminal in ready:
                self._print()
            if self._input in ready and self._open:
                self._read_input()
            if writable and self._open:
                self._type()
            if self._created.pidfd in ready:
                return self._end()

    def _watched(self) -> list[int]:
        found = [self._created.pidfd, self._signals]
        if self._open and self._created.terminal is not None:
            found.append(self._created.terminal)
            if self._input >= 0 and not self._typed:
                found.append(self._input)
        return found

    def _full(self) -> list[int]:
        """The terminal, as long as it has not taken all that was typed.

        To wait for that in write(2) would be a deadlock with a program that waits for its output to be read.
        """
        terminal = self._created.terminal
        return [terminal] if terminal is not None and self._open and self._typed else []

    def _print(self) -> None:
        assert self._created.terminal is not None
        try:
            data = os.read(self._created.terminal, _PIECE)
        except OSError:  # EIO: nobody has the other side open any more
            data = b""
        if data:
            _write_all(1, data)
        else:
            self._open = False

    def _read_input(self) -> None:
        try:
            self._typed = os.read(self._input, _PIECE)
        except OSError:  # EIO: our terminal has gone, or we are in its background
            self._typed = b""
        if not self._typed:
            self._input = -1

    def _type(self) -> None:
        assert self._created.terminal is not None
        try:
            self._typed = self._typed[os.write(self._created.terminal, self._typed) :]
        except BlockingIOError:
            return
        except OSError:
            self._typed = b""

    def _handle_signals(self) -> None:
        for number in set(os.read(self._signals, _PIECE)):
            if number == signal.SIGWINCH:
                self.resize()
            elif number not in _OURS:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._created.pidfd, number)

    def resize(self) -> None:
        """Give the program's terminal the size of ours."""
        if self._created.terminal is None:
            return
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
            fcntl.ioctl(self._created.terminal, termios.TIOCSWINSZ, size)

    def _end(self) -> int:
        """What the terminal still holds comes out first."""
        while self._open and select.select(self._watched()[2:3], [], [], 0)[0]:
            self._print()
        return exit_code(os.waitpid(self._created.pid, 0)[1])


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


@contextlib.contextmanager
def attending(created: Created) -> Iterator[Session]:
    """A session with signals caught, and with the terminal raw if there is one on both sides."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    with contextlib.ExitStack() as undo:
        for fd in (reader, writer):
            undo.callback(os.close, fd)
        before = signal.set_wakeup_fd(writer)
        undo.callback(signal.set_wakeup_fd, before)
        _catch(undo)
        if created.terminal is not None:
            _set_output(created.terminal, termios.ONLCR, False)
            _make_raw(undo)
        session = Session(created, reader)
        session.resize()
        yield session


def _catch(undo: contextlib.ExitStack) -> None:
    """Every signal that can be caught ends up as a byte in the pipe; they were blocked since before the clone."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):
            undo.callback(signal.signal, number, signal.signal(number, _noted))
    syscalls.set_signal_mask(0)


def _noted(_number: int, _frame: Any) -> None:
    """The byte in the pipe is what counts."""


def _make_raw(undo: contextlib.ExitStack) -> None:
    if not os.isatty(0):
        return
    settings = termios.tcgetattr(0)
    undo.callback(termios.tcsetattr, 0, termios.TCSADRAIN, settings)
    tty.setraw(0)
    # What comes out of the container ends its lines with a bare newline: ours turns it into what a screen needs.
    _set_output(0, termios.OPOST, True)


def _set_output(fd: int, flag: int, on: bool) -> None:
    """One flag of how a terminal treats output. Source: termios(3), c_oflag."""
    settings = termios.tcgetattr(fd)
    settings[1] = settings[1] | flag if on else settings[1] & ~flag
    termios.tcsetattr(fd, termios.TCSANOW, settings)

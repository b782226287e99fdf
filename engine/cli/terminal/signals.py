"""Signals as bytes of a pipe: one poll(2) waits for them and for everything else, and none is lost between."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType


class Signals:
    """The reading end of the pipe."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        """For poll(2)."""
        return self._fd

    def take(self) -> list[int]:
        """The numbers of the signals that have come."""
        try:
            return list(os.read(self._fd, 512))
        except BlockingIOError:
            return []


@contextmanager
def caught(numbers: Iterable[int]) -> Iterator[Signals]:
    """Catch these signals; what was ignored before (nohup) stays ignored. For the main thread only."""
    with ExitStack() as undo:
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        undo.callback(os.close, reader)
        undo.callback(os.close, writer)
        before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        undo.callback(signal.set_wakeup_fd, before)
        for number in numbers:
            if signal.getsignal(number) is not signal.SIG_IGN:
                undo.callback(signal.signal, number, signal.signal(number, _nothing))
        yield Signals(reader)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A handler must be there for the interpreter to write the byte."""

"""Attached to a container's own terminal or pipes: input by a socket, output from the log on disk."""

import select
import signal
import socket
from collections.abc import Callable
from typing import Final

from engine.cli.terminal.keyboard import Keyboard
from engine.cli.terminal.output import STDERR, STDIN, STDOUT, copy_range
from engine.cli.terminal.raw import size_of
from engine.cli.terminal.relay import READABLE, Ending, Relay, Watched
from engine.cli.terminal.signals import Signals
from engine.session import Attached
from engine.supervise.log import LogReader, Stream

_BATCH: Final = 16
"""Pieces of output between two looks at the keyboard: a flood must not hold up ctrl-C."""
_INTERRUPTS_TO_LEAVE: Final = 3
"""A program that ignores SIGINT would hold the operator for ever."""


class AttachedRelay(Relay):
    """Relays one attachment; `forward` sends a signal to the container, None lets signals end the attachment."""

    def __init__(
        self, session: Attached, keyboard: Keyboard | None, signals: Signals, forward: Callable[[int], None] | None
    ) -> None:
        super().__init__(session.connection, keyboard, signals)
        self._session = session
        self._forward = forward
        self._interrupts = 0
        self._stream_open = True

    def output(self) -> bool:
        """The next pieces of the log."""
        return write_log(self._session.log, _BATCH)

    def resized(self) -> None:
        """Tell the container's terminal."""
        size = size_of(STDIN, STDOUT)
        if self._session.tty and size is not None:
            self._session.resize(*size)

    def signalled(self, number: int) -> None:
        """Forward; the third interrupt leaves."""
        self._interrupts += number in (signal.SIGINT, signal.SIGTERM)
        if self._forward is None or self._interrupts >= _INTERRUPTS_TO_LEAVE:
            self.ending = Ending(signal=number)
        else:
            self._forward(number)

    def watched(self) -> Watched:
        """The stream has both directions on one descriptor."""
        watched = super().watched()
        if self._stream_open:
            fd = self._session.stream.fileno()
            events = watched[fd][0] if fd in watched else 0
            watched[fd] = (events | READABLE, self._on_stream)
        return watched

    def _on_stream(self, events: int) -> None:
        """The log has grown, or, at the end of the stream, the run is over and its exit code is on its way."""
        if events & select.POLLOUT and self.keyboard is not None:
            self.keyboard.flush()
        if events & READABLE:
            self._stream_open = _has_more(self._session)


def write_log(log: LogReader, batch: int) -> bool:
    """Write the next `batch` pieces to where they belong; whether there were any."""
    before = log.position
    for span in log.spans(batch):
        if span.stream != Stream.STDIN:
            copy_range(log.output, span.offset, span.length, STDERR if span.stream == Stream.STDERR else STDOUT)
        if log.position - before >= batch:
            break
    return log.position > before


def write_rest(log: LogReader) -> None:
    """Write everything up to the end of the log."""
    while write_log(log, _BATCH * 64):
        pass


def _has_more(session: Attached) -> bool:
    try:
        return bool(session.stream.recv(1 << 16, socket.MSG_DONTWAIT))
    except BlockingIOError:
        return True
    except ConnectionError:
        return False

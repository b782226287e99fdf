"""Standard input on its way to the program."""

import os
from typing import Final, Protocol

from engine.cli.terminal.detach import DetachKeys

PENDING_MAX: Final = 1 << 16
"""No more is read while this much waits for the program: memory stays bounded, and the writer of a pipe waits."""


class Sink(Protocol):
    """Where the program's standard input begins. No method blocks."""

    def fileno(self) -> int:
        """For poll(2)."""

    def write(self, data: bytes) -> int:
        """How many bytes were taken. Raises BlockingIOError or another OSError."""

    def close(self) -> None:
        """Tell the program that there is no more."""


class Keyboard:
    """Reads a descriptor, looks for the detach keys, and keeps what the sink cannot take yet."""

    def __init__(self, fd: int, keys: DetachKeys, sink: Sink) -> None:
        self.fd = fd
        self.sink = sink
        self.ended = False
        """Whether standard input is at its end."""
        self._keys = keys
        self._pending = b""
        self._closed = False

    def can_read(self) -> bool:
        """Whether the descriptor is worth waiting for."""
        return not self.ended and len(self._pending) < PENDING_MAX

    def can_write(self) -> bool:
        """Whether something waits for the sink."""
        return bool(self._pending)

    def read(self) -> bool:
        """Take what is there and pass it on; whether the detach keys were pressed."""
        try:
            data = os.read(self.fd, PENDING_MAX)
        except OSError:  # EIO: the terminal is gone, which is an end like any other
            data = b""
        detached = False
        if data:
            data, detached = self._keys.feed(data)
            self._pending += data
        else:
            self.ended = True
        self.flush()
        return detached

    def flush(self) -> None:
        """Give the sink what it takes; close it once everything is through."""
        try:
            while self._pending:
                self._pending = self._pending[self.sink.write(self._pending) :]
        except BlockingIOError:
            return
        except OSError:  # the program closed its standard input: what is typed goes nowhere, as in a shell
            self._pending, self.ended = b"", True
        if self.ended:
            self.close()

    def close(self) -> None:
        """Close the sink, once."""
        if not self._closed:
            self._closed = True
            self.sink.close()

"""The three kinds of standard input that a program can have."""

import os
import select
import socket
from contextlib import suppress
from typing import Final

_TERMINAL_PIECE: Final = 512
"""What a terminal surely takes once poll(2) says that it takes something: its descriptor is shared with the engine,
so that it must not be made non-blocking."""


class SocketSink:
    """The stream of an attached container."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream

    def fileno(self) -> int:
        """For poll(2)."""
        return self._stream.fileno()

    def write(self, data: bytes) -> int:
        """send(2) without waiting."""
        return self._stream.send(data, socket.MSG_DONTWAIT)

    def close(self) -> None:
        """The end of the file for the container."""
        with suppress(OSError):
            self._stream.shutdown(socket.SHUT_WR)


class PipeSink:
    """The writing end of a pipe that is ours alone."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        os.set_blocking(fd, False)

    def fileno(self) -> int:
        """For poll(2)."""
        return self._fd

    def write(self, data: bytes) -> int:
        """write(2) without waiting."""
        return os.write(self._fd, data)

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._fd)


class TerminalSink:
    """The master of a program's terminal."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        """For poll(2)."""
        return self._fd

    def write(self, data: bytes) -> int:
        """write(2) of a small piece, if there is room."""
        poller = select.poll()
        poller.register(self._fd, select.POLLOUT)
        if not any(events & select.POLLOUT for _fd, events in poller.poll(0)):
            raise BlockingIOError
        return os.write(self._fd, data[:_TERMINAL_PIECE])

    def close(self) -> None:
        """Nothing: a terminal has no end of file but the key for it."""

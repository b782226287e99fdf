"""The supervisor's half of a session, played by a test: sockets, a record, and an exit code when the test says so."""

import json
import os
import socket
from pathlib import Path
from typing import Self

from engine import wire
from engine.connection import Connection
from engine.session import Attached
from engine.supervise.log import LogWriter


class SupervisorSide:
    """An attached session's other end; `session()` makes the client's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.writer = LogWriter(str(folder))
        self.stream: socket.socket
        self.connection: socket.socket
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for sock in self._open:
            sock.close()
        self.writer.close()

    def session(self, *, tty: bool = False, stdin_open: bool = True, position: int = 0) -> Attached:
        """A new session; the one before, if any, is lost as when a supervisor dies."""
        for sock in self._open:
            sock.close()
        self.stream, stream = socket.socketpair()
        self.connection, connection = socket.socketpair()
        self._open = [self.stream, self.connection]
        fds = [stream.detach(), *(os.open(self._folder / name, os.O_RDONLY) for name in ("output", "index"))]
        result = {"id": "c" * 64, "tty": tty, "stdin_open": stdin_open, "position": position}
        return Attached(Connection(connection), fds, result)

    def write(self, stream: int, data: bytes) -> None:
        """The container says something."""
        self.writer.append(stream, data)
        self.stream.send(b".")

    def read_input(self) -> bytes:
        """What the client has passed on, to its end."""
        data = b""
        while piece := self.stream.recv(1 << 16):
            data += piece
        return data

    def exit(self, code: int) -> None:
        """The run is over."""
        self.stream.shutdown(socket.SHUT_WR)
        wire.send(self.connection, {"event": {"exit": code}})

    def requests(self) -> list[dict[str, object]]:
        """What the client has asked for on its connection so far."""
        self.connection.setblocking(False)
        data = b""
        try:
            while piece := self.connection.recv(1 << 16):
                data += piece
        except BlockingIOError:
            pass
        return [json.loads(line) for line in data.splitlines()]

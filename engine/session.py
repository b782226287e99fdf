"""What a client holds while it is attached to a container, or has started a program in one."""

import os
import socket
from typing import Any

from engine import errors
from engine.connection import Connection
from engine.supervise.log import LogReader


class Attached:
    """A container's own terminal or pipes.

    Output is read from the log on disk, so that a slow reader slows nobody and misses nothing. `stream` is a
    socket: what is written to it is the container's standard input (shut it down for writing to send the end of
    file); what is read from it is worth nothing, but says that the log has grown, or, at its end, that the run is over.
    """

    def __init__(self, connection: Connection, fds: list[int], result: dict[str, Any]) -> None:
        stream, output, index = fds
        self.id: str = result["id"]
        self.tty: bool = result["tty"]
        self.stdin_open: bool = result["stdin_open"]
        self.connection = connection
        self.stream = socket.socket(fileno=stream)
        self.log = LogReader(output, index)
        self.log.seek(result["position"])

    def resize(self, rows: int, columns: int) -> None:
        """The size of the client's terminal."""
        self.connection.send("resize", {"ref": self.id, "size": [rows, columns]})

    def exit_code(self) -> int:
        """Block until the run is over; its exit code. All output is in the log by then."""
        return _exit_code(self.connection)

    def close(self) -> None:
        """Detach."""
        self.stream.close()
        self.log.close()
        self.connection.close()


class Executed:
    """A program started by `execute`: with a tty `fds` is [master], else [stdin writer, stdout, stderr readers];
    empty where it was started detached."""

    def __init__(self, connection: Connection, fds: list[int], result: dict[str, Any]) -> None:
        self.id: str = result["id"]
        self.tty: bool = result["tty"]
        self.fds = fds
        self.connection = connection

    def exit_code(self) -> int:
        """Block until the program ends; its exit code."""
        return _exit_code(self.connection)

    def close(self) -> None:
        """Close the descriptors: a program on a terminal gets SIGHUP, as when a terminal closes."""
        for fd in self.fds:
            os.close(fd)
        self.fds = []
        self.connection.close()


def _exit_code(connection: Connection) -> int:
    """The code in the event `{"exit": code}`; replies to resizes that come before it are passed over."""
    while True:
        message = connection.receive()
        if "error" in message:
            raise errors.from_json(message["error"])
        if "event" in message and "exit" in message["event"]:
            return int(message["event"]["exit"])

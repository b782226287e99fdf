"""The supervisor's protocol: one JSON object a line, with file descriptors beside a line (SCM_RIGHTS).

    client                                       supervisor
    {"method": M, "params": {...}}  ---------->
                                    <----------  {"event": ...}       any number, only where the method says so
                                    <----------  {"result": ...}      or {"error": {kind, message, hint, errno}}
    (next request on the same connection)

Descriptors travel with the first byte of the line that speaks of them, in both directions; a client that sends some
waits for the answer before it sends more. A line has at most LINE_MAX bytes.
`hello` comes first and carries the protocol version, checked by both sides.
"""

import array
import json
import socket
import struct
from typing import Any, Final

PROTOCOL: Final = 1
LINE_MAX: Final = 8 << 20
FDS_MAX: Final = 16
_RIGHTS_SPACE: Final = socket.CMSG_SPACE(FDS_MAX * array.array("i").itemsize)


def encode(message: dict[str, Any]) -> bytes:
    """A message as it is sent."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"


def send(sock: socket.socket, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
    """Send one message on a blocking socket, the descriptors with its first byte."""
    data = encode(message)
    if not fds:
        return sock.sendall(data)
    sent = socket.send_fds(sock, [data], list(fds))
    return sock.sendall(data[sent:])


def receive_bytes(sock: socket.socket, size: int = 1 << 16) -> tuple[bytes, list[int]]:
    """recvmsg(2): some bytes, and the descriptors that came with them, close-on-exec."""
    data, ancillary, _flags, _address = sock.recvmsg(size, _RIGHTS_SPACE, socket.MSG_CMSG_CLOEXEC)
    fds: list[int] = []
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            usable = len(content) - len(content) % struct.calcsize("i")
            fds.extend(struct.unpack(f"{usable // 4}i", content[:usable]))
    return data, fds


class LineReader:
    """Cuts what a socket delivers into lines; keeps the descriptors that came before a line's end."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.fds: list[int] = []

    def feed(self, data: bytes, fds: list[int]) -> list[bytes]:
        """The lines completed by `data`. Raises ValueError where a line grows beyond LINE_MAX."""
        self.fds.extend(fds)
        self._buffer += data
        if len(self._buffer) > LINE_MAX and b"\n" not in self._buffer:
            raise ValueError("the line is too long")
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = rest
        return [bytes(line) for line in lines]

    def take_fds(self) -> list[int]:
        """The descriptors received so far; they are the caller's now."""
        fds, self.fds = self.fds, []
        return fds

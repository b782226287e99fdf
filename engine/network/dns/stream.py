"""Messages on a connection: each behind its length. Source: RFC 1035, 4.2.2."""

import asyncio
import socket
from typing import Final

_LENGTH_BYTES: Final = 2


async def send(sock: socket.socket, data: bytes) -> None:
    """One message. Raises: OSError."""
    await asyncio.get_running_loop().sock_sendall(sock, len(data).to_bytes(_LENGTH_BYTES) + data)


async def receive(sock: socket.socket) -> bytes:
    """One message. Raises: OSError; EOFError where the connection has ended."""
    return await _exactly(sock, int.from_bytes(await _exactly(sock, _LENGTH_BYTES)))


async def _exactly(sock: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = await asyncio.get_running_loop().sock_recv(sock, size - len(found))
        if not piece:
            raise EOFError("the connection has ended")
        found += piece
    return bytes(found)

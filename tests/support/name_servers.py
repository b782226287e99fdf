"""Name servers of every kind: honest, silent, forging, cutting off, failing. They know one address of every name."""

import asyncio
import socket
import struct
from typing import Any

HONEST = "127.0.1.1"
SILENT = "127.0.1.2"
NOBODY = "127.0.1.3"
FORGER = "127.0.1.4"
CUTTER = "127.0.1.5"
FAILING = "127.0.1.6"
REFUSER = "127.0.1.7"
HONEST6 = "::1"
"""Each is a name server of another kind on port 53; nobody listens on the third."""
ELSEWHERE = "192.0.2.1"
"""What they say of each name."""
FORGED = "192.0.2.66"
MANY = 60
"""So many addresses has a name that begins with `many`."""


def answer(query: bytes, address: str = ELSEWHERE, rcode: int = 0, flags: int = 0, *, limit: int = MANY) -> bytes:
    """With an address, whatever was asked for."""
    end = query.index(b"\0", 12) + 5
    count = min(MANY if query[12:].lower().startswith(b"\x04many") else 1, limit) if not rcode else 0
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 300, 4) + socket.inet_aton(address)
    return query[:2] + struct.pack("!HHHHH", 0x8180 | rcode | flags, 1, count, 0, 0) + query[12:end] + record * count


def forgeries(query: bytes) -> list[bytes]:
    """What an attacker would send: a wrong id, another name, another type, the question; then comes the truth."""
    wrong = answer(query, FORGED)
    other = query[:13] + bytes([query[13] ^ 1]) + query[14:]
    kind = query.index(b"\0", 12) + 2
    return [
        bytes([wrong[0] ^ 1]) + wrong[1:],
        answer(other, FORGED),
        wrong[:kind] + bytes([wrong[kind] ^ 0x20]) + wrong[kind + 1 :],
        query,
        b"",
        wrong[:11],
        answer(query),
    ]


def replies(server: str, query: bytes, *, by_tcp: bool) -> list[bytes]:
    """What this kind of server sends."""
    if server == SILENT:
        return []
    if server == FORGER:
        return forgeries(query)[-1:] if by_tcp else forgeries(query)
    if server == FAILING:
        return [answer(query, rcode=2)]
    if server == REFUSER:
        return [query[:2] + struct.pack("!HHHHH", 0x8185, 0, 0, 0, 0)]
    if server == CUTTER and not by_tcp:
        return [answer(query, flags=0x0200, limit=0)]
    return [answer(query)]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: str) -> None:
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for reply in replies(self._server, data, by_tcp=False):
            self._transport.sendto(reply, addr)


async def _stream(server: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    size = int.from_bytes(await reader.readexactly(2))
    for reply in replies(server, await reader.readexactly(size), by_tcp=True):
        writer.write(len(reply).to_bytes(2) + reply)
    await writer.drain()
    writer.close()


async def listen() -> None:
    """All of them, on the loopback of this namespace, until the loop ends."""
    loop = asyncio.get_running_loop()
    for server in (HONEST, SILENT, FORGER, CUTTER, FAILING, REFUSER, HONEST6):
        await loop.create_datagram_endpoint(lambda server=server: _Datagrams(server), local_addr=(server, 53))
        await asyncio.start_server(lambda *ends, server=server: _stream(server, *ends), server, 53)

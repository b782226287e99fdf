"""A name server of a laboratory: it knows one name, over UDP and TCP, and remembers who asked for what."""

import socket
import struct
import threading
from contextlib import suppress

from support.netlab import Machine

KNOWN = "known.lab.test"
ADDRESS = "192.0.2.53"
_NAME_ERROR = 3


class NameServer:
    """Answers A for `KNOWN`; anything else does not exist."""

    def __init__(self, machine: Machine, address: str) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.asked: list[tuple[str, str]] = []
        """Who, and for which name."""
        self._udp = machine.socket(family, socket.SOCK_DGRAM)
        self._tcp = machine.socket(family, socket.SOCK_STREAM)
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for sock in (self._udp, self._tcp):
            sock.bind((address, 53))
        self._tcp.listen(8)
        targets = (self._serve_datagrams, self._serve_streams)
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Shut both sockets, and wait for their threads."""
        for sock in (self._udp, self._tcp):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._udp.close()
        self._tcp.close()

    def _serve_datagrams(self) -> None:
        while True:
            query, peer = self._udp.recvfrom(4096)
            if not query:
                return
            self._udp.sendto(self._answer(query, peer[0]), peer)

    def _serve_streams(self) -> None:
        with suppress(OSError):
            while True:
                connection, peer = self._tcp.accept()
                with connection, suppress(OSError):
                    connection.settimeout(5)
                    (size,) = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
                    answer = self._answer(connection.recv(size, socket.MSG_WAITALL), peer[0])
                    connection.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, query: bytes, peer: str) -> bytes:
        """The question again, and one record where it is the known one. Source: RFC 1035, section 4."""
        name, end = _name(query)
        self.asked.append((peer, name))
        question = query[12 : end + 4]
        (kind,) = struct.unpack_from("!H", query, end)
        known = name.lower() == KNOWN
        record = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(ADDRESS) if known and kind == 1 else b""
        flags = 0x8180 | (0 if known else _NAME_ERROR)
        return query[:2] + struct.pack("!HHHHH", flags, 1, int(bool(record)), 0, 0) + question + record


def _name(query: bytes) -> tuple[str, int]:
    """The name of the first question, and where it ends."""
    labels, at = [], 12
    while size := query[at]:
        labels.append(query[at + 1 : at + 1 + size].decode())
        at += size + 1
    return ".".join(labels), at + 1

"""The sockets of a container's resolver, in the container's network namespace, and what leads its questions to them.

A program asks 127.0.0.11, port 53. A rule in that namespace sends this, and nothing else, to the sockets' own port, so
that a name server in the container keeps port 53 for itself, on this address, too. The sockets are the supervisor's:
no firewall of the host and no route lies between. As long as they are open the namespace exists.
"""

import errno
import socket
import struct
from contextlib import ExitStack, closing
from typing import Final, NamedTuple

from engine import errors
from engine.network import namespace
from engine.network.table.libnftables import Nft

ADDRESS: Final = "127.0.0.11"
PORT: Final = 53
TABLE: Final = "quarterdeck-dns"
_PREFERRED: Final = 61053
"""Above the ports that are given out by the kernel. The next supervisor takes the same, so that what programs in the
container have been talking to goes on: to the kernel's connection tracking their sockets are led to this port."""
_IP_PKTINFO: Final = 8  # linux/in.h
_SOURCE: Final = [(socket.SOL_IP, _IP_PKTINFO, struct.pack("=i4s4s", 0, socket.inet_aton(ADDRESS), bytes(4)))]
"""struct in_pktinfo, ip(7): any interface, this address of ours."""
_BACKLOG: Final = 16
_BUFFER_BYTES: Final = 128 << 10
"""Of each socket and direction: what one container's questions take of the host's memory while they wait."""
_RULES: Final = f"""table ip {TABLE} {{
    chain output {{
        type nat hook output priority -100; policy accept;
        ip daddr {ADDRESS} udp dport {PORT} dnat to {ADDRESS}:%d
        ip daddr {ADDRESS} tcp dport {PORT} dnat to {ADDRESS}:%d
    }}
}}
"""
_AFRESH: Final = f"add table ip {TABLE}\ndelete table ip {TABLE}\n"


class Sockets(NamedTuple):
    """Bound, not blocking, `tcp` listening."""

    udp: socket.socket
    tcp: socket.socket

    def send(self, data: bytes, receiver: tuple[str, int]) -> None:
        """A datagram, from our address: a socket that was bound while loopback was down has forgotten it, since in a
        namespace without any route the kernel takes every address for a broadcast one. Raises: OSError."""
        self.udp.sendmsg([data], _SOURCE, 0, receiver)

    def close(self) -> None:
        """Both; doing it twice is no error."""
        self.udp.close()
        self.tcp.close()


def open_sockets(pid: int) -> Sockets:
    """In the network namespace of this process, with the rule; one that an earlier supervisor has left is replaced.

    Raises: OSError, EngineError, MissingFeature.
    """
    with ExitStack() as undo, namespace.inside(pid):
        udp = undo.enter_context(_bound(socket.SOCK_DGRAM))
        tcp = undo.enter_context(_bound(socket.SOCK_STREAM))
        tcp.listen(_BACKLOG)
        _lead(udp.getsockname()[1], tcp.getsockname()[1])
        undo.pop_all()
    return Sockets(udp, tcp)


def _bound(kind: int) -> socket.socket:
    with ExitStack() as undo:
        sock = undo.enter_context(socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        if kind == socket.SOCK_STREAM:  # connections of the last supervisor may still be going away
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(sock)
        undo.pop_all()
    return sock


def _bind(sock: socket.socket) -> None:
    try:
        sock.bind((ADDRESS, _PREFERRED))
    except OSError as err:
        if err.errno != errno.EADDRINUSE:
            raise
        sock.bind((ADDRESS, 0))  # a program of the container has it


def _lead(udp: int, tcp: int) -> None:
    """To these ports. A table that is right already stays: with a change that takes something away, or fails, goes
    a grace period of the kernel's, for which the loop would wait."""
    with closing(Nft()) as nft:
        found = _listed(nft)
        if found is None:
            nft.run(_RULES % (udp, tcp))
        elif not _is_right(found, udp, tcp):
            nft.run(_AFRESH + _RULES % (udp, tcp))


def _listed(nft: Nft) -> str | None:
    """The table as it is; None: there is none; empty: nobody can say, so that it has to be made anew."""
    try:
        return nft.run(f"list table ip {TABLE}")
    except errors.EngineError as err:
        return None if err.errno == errno.ENOENT else ""


def _is_right(listing: str, udp: int, tcp: int) -> bool:
    """Whether it says what we would; versions of nft have two words for the priority."""
    wanted = (_RULES % (udp, tcp)).replace("priority -100", "priority dstnat")
    return listing.replace("priority -100", "priority dstnat").split() == wanted.split()

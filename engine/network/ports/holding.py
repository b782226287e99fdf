"""Ports of the host, bound by us while a container has them, so that nobody else gets them.

What is published is forwarded before it reaches a socket of the host, so nothing listens on these: whoever gets
through to them all the same (the rules are not there yet, or do not forward that way) is refused at once.
"""

import errno
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Final, NamedTuple

from engine import errors
from engine.model import Port
from engine.network.ports import holders

ANYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - what an operator publishes
_KINDS: Final = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_NO_FAMILY: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
"""What binding on :: says where the host has no IPv6."""


class Bound(NamedTuple):
    """One socket: a published port in one family."""

    port: Port
    host: str
    """The address that it is bound to."""
    socket: socket.socket


class Held:
    """Sockets until they are closed."""

    def __init__(self, bound: Iterable[Bound] = ()) -> None:
        self.bound = tuple(bound)

    def close(self) -> None:
        """Let go of every one; again is no error."""
        for one in self.bound:
            one.socket.close()


def hold(ports: Sequence[Port]) -> Held:
    """Bind each settled port; all of them or none.

    Raises: Conflict naming the process that has it, InvalidInput for an address that is not the host's.
    """
    with ExitStack() as undo:
        bound = []
        for port in ports:
            for one in _bind(port):
                undo.callback(one.socket.close)
                bound.append(one)
        undo.pop_all()
    return Held(bound)


def hold_what_is_free(ports: Sequence[Port]) -> tuple[Held, list[str]]:
    """For containers that run already: what cannot be had is told in a sentence each, and forwarded all the same."""
    bound: list[Bound] = []
    warnings: list[str] = []
    for port in ports:
        try:
            bound += hold([port]).bound
        except errors.EngineError as err:
            warnings.append(err.message)
    return Held(bound), warnings


def is_free(port: Port) -> bool:
    """Whether it could be held at this moment."""
    try:
        hold([port]).close()
    except errors.Conflict:
        return False
    return True


def told(port: Port) -> str:
    """8080, 53/udp, 127.0.0.1:8080, [::1]:8080."""
    address = f"[{port.address}]:" if ":" in port.address else f"{port.address}:" if port.address else ""
    return f"{address}{port.host}" + ("" if port.protocol == "tcp" else f"/{port.protocol}")


def another(port: Port) -> str:
    """A hint."""
    free = port.host + 1 if port.host < 65535 else port.host - 1
    suffix = "" if port.protocol == "tcp" else f"/{port.protocol}"
    return f"publish another one: -p {free}:{port.container}{suffix}"


def _bind(port: Port) -> Iterator[Bound]:
    if port.protocol not in _KINDS:
        return  # sctp: making a socket would load a module of the kernel that the host may do without
    for host in [port.address] if port.address else ANYWHERE:
        try:
            yield Bound(port, host, _open(port, host))
        except OSError as err:
            if port.address or host != "::" or err.errno not in _NO_FAMILY:
                raise _refusal(port, host, err) from err


def _open(port: Port, host: str) -> socket.socket:
    """A socket bound there. Raises: OSError."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, _KINDS[port.protocol])
    with ExitStack() as undo:
        undo.callback(made.close)
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if port.protocol == "udp":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the least there is: nobody reads it
        _claim(made, (host, port.host))
        undo.pop_all()
    return made


def _claim(made: socket.socket, place: tuple[str, int]) -> None:
    """bind(2), also past connections of the last owner that wait for their end (TIME_WAIT). Raises: OSError."""
    try:
        made.bind(place)
    except OSError as err:
        if err.errno != errno.EADDRINUSE or made.type != socket.SOCK_STREAM:
            raise
        _claim_past_connections(made, place)


def _claim_past_connections(made: socket.socket, place: tuple[str, int]) -> None:
    """SO_REUSEADDR also gets past others that are bound with it and do not listen; listen(2) does not, and needs the
    port alone from then on. shutdown(2) ends the listening and leaves the socket bound, and without the option, so
    that nobody else can listen there: bind(2) may succeed for them, listen(2) says EADDRINUSE."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(place)
    made.listen(1)
    made.shutdown(socket.SHUT_RDWR)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)


def _refusal(port: Port, host: str, err: OSError) -> errors.EngineError:
    if err.errno == errno.EADDRINUSE:
        holder = holders.who(port.protocol, host, port.host) or "another process"
        return errors.Conflict(
            f"port {told(port)} on the host is taken by {holder}", hint=another(port), errno=errno.EADDRINUSE
        )
    if err.errno in _NO_FAMILY:
        return errors.InvalidInput(
            f"the host has no address {host}", hint="ip address shows those that it has", errno=err.errno or 0
        )
    return errors.EngineError(f"port {told(port)} on the host cannot be had: {err.strerror}", errno=err.errno or 0)

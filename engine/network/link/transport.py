"""A socket to the kernel's routing netlink: many requests in one send, and dumps.

The kernel works a send off before it returns, message by message, and goes on past one that fails. Only the last is to
be acknowledged, as failures are reported without being asked for; so a batch costs two system calls.
"""

import os
import socket
import struct
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Final

from engine.network.link import numbers
from engine.network.link.encoding import HEADER, Request, attributes, messages, text_of

_RECEIVE_BYTES: Final = 1 << 16
_TIMEOUT_SECONDS: Final = 5.0
_DUMP_TRIES: Final = 5
"""A dump that was overtaken by a change (NLM_F_DUMP_INTR) may lack something; the last try is taken as it is."""
_DUMP_MESSAGES: Final = 1 << 20
"""A router with the whole Internet's routes has about as many."""
_NLMSGERR_ATTR_MSG: Final = 1
_NLM_F_CAPPED: Final = 0x100
_NETLINK_CAP_ACK: Final = 10


class Refused(OSError):
    """The kernel refused a request; the text says which and why."""

    def __init__(self, failures: dict[int, tuple[int, str]], requests: Sequence[Request]) -> None:
        self.failures = frozenset(failures)
        """Indexes of those that failed; the others of the batch were done."""
        first = min(failures)
        code, words = failures[first]
        reason = f"{os.strerror(code)} ({words})" if words else os.strerror(code)
        super().__init__(code, f"netlink: could not {requests[first].what}: {reason}")


class Transport:
    """A socket of the network namespace in which it is made, wherever the thread goes afterwards. Raises: OSError."""

    def __init__(self) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        self.socket = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        self.socket.settimeout(_TIMEOUT_SECONDS)
        for option in (_NETLINK_CAP_ACK, numbers.NETLINK_EXT_ACK, numbers.NETLINK_GET_STRICT_CHK):
            self.socket.setsockopt(numbers.SOL_NETLINK, option, 1)

    def __enter__(self) -> "Transport":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def send(self, requests: Sequence[Request]) -> None:
        """Have them all done, in this order. Raises: Refused, which says what of it was not done; OSError."""
        if not requests:
            return
        last = len(requests) - 1
        parts = [
            request.encoded(numbers.NLM_F_REQUEST | (numbers.NLM_F_ACK if index == last else 0), index)
            for index, request in enumerate(requests)
        ]
        self.socket.send(b"".join(parts))
        if failures := self._failures(last):
            raise Refused(failures, requests)

    def _failures(self, last: int) -> dict[int, tuple[int, str]]:
        """Error numbers and the kernel's words, by index."""
        failures = {}
        while True:
            for kind, flags, sequence, body in messages(self.socket.recv(_RECEIVE_BYTES)):
                if kind != numbers.NLMSG_ERROR:
                    continue
                if code := _code(body):
                    failures[sequence] = (code, _words(body, flags))
                if sequence == last:
                    return failures

    def ask(self, request: Request) -> bytes | None:
        """The body of the one answer; None where there is no such thing. Raises: Refused, OSError."""
        self.socket.send(request.encoded(numbers.NLM_F_REQUEST, 0))
        for kind, flags, _sequence, body in messages(self.socket.recv(_RECEIVE_BYTES)):
            if kind != numbers.NLMSG_ERROR:
                return body
            if code := _code(body):
                raise Refused({0: (code, _words(body, flags))}, [request])
        return None

    def dump(self, request: Request) -> list[bytes]:
        """The bodies of all answers. Raises: Refused, OSError."""
        for _ in range(_DUMP_TRIES):
            bodies, is_whole = self._dump_once(request)
            if is_whole:
                break
        return bodies

    def _dump_once(self, request: Request) -> tuple[list[bytes], bool]:
        self.socket.send(request.encoded(numbers.NLM_F_REQUEST | numbers.NLM_F_DUMP, 0))
        bodies: list[bytes] = []
        is_whole = True
        for kind, flags, body in self._parts():
            is_whole = is_whole and not flags & numbers.NLM_F_DUMP_INTR
            if kind == numbers.NLMSG_ERROR or (kind == numbers.NLMSG_DONE and _code(body)):
                raise Refused({0: (_code(body), "")}, [request])
            if kind != numbers.NLMSG_DONE and len(bodies) < _DUMP_MESSAGES:
                bodies.append(body)
        return bodies, is_whole

    def _parts(self) -> Iterator[tuple[int, int, bytes]]:
        """Type, flags and body of everything until the end of a dump, which is the last."""
        while True:
            for kind, flags, _sequence, body in messages(self.socket.recv(_RECEIVE_BYTES)):
                yield kind, flags, body
                if kind in (numbers.NLMSG_DONE, numbers.NLMSG_ERROR):
                    return


def _code(body: bytes) -> int:
    """struct nlmsgerr and the end of a dump begin with a negated errno; 0 is success."""
    return -int(struct.unpack_from("=i", body)[0]) if len(body) >= 4 else 0


def _words(body: bytes, flags: int) -> str:
    """The kernel's own explanation, which follows the header of the request that it is about."""
    if not flags & _NLM_F_CAPPED:
        return ""
    return text_of(attributes(body, 4 + HEADER.size).get(_NLMSGERR_ATTR_MSG, b""))

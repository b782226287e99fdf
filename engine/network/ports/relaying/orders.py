"""What the supervisor tells the relay, over a socketpair whose packets stay whole.

supervisor                                     relay
SERVE, with the sockets --------------------->            it takes what comes to them from now on
DROP -------------------------------------------->        it closes those
          <------------------------------------- DROPPED  and they are nobody's any more
          <------------------------------------- EOF      it was idle, or has died: the supervisor watches again
EOF ---------------------------------------------->       no more comes in; what is connected goes on to its end
"""

import enum
import json
import socket
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

PACKET_MAX: Final = 1 << 16
SOCKETS_MAX: Final = 64
"""In one packet; the kernel takes 253. Source: unix(7), SCM_MAX_FD."""


class Order(enum.StrEnum):
    """The first field of a packet."""

    SERVE = "serve"
    DROP = "drop"
    DROPPED = "dropped"


class Way(NamedTuple):
    """Where what comes to one socket is to go."""

    number: int
    """By which it is dropped again."""
    protocol: str
    """tcp or udp."""
    target: str
    port: int


class Packet(NamedTuple):
    """One that has come."""

    order: Order
    ways: tuple[Way, ...]
    """For SERVE, with a descriptor each."""
    numbers: tuple[int, ...]
    """For the other two."""
    fds: tuple[int, ...]


def send(channel: socket.socket, order: Order, what: Sequence[Any], fds: Sequence[int] = ()) -> None:
    """Raises: OSError; BlockingIOError where the other side does not read."""
    data = json.dumps([order.value, *what]).encode()
    if fds:
        socket.send_fds(channel, [data], list(fds), socket.MSG_NOSIGNAL)
    else:
        channel.send(data, socket.MSG_NOSIGNAL)


def receive(channel: socket.socket) -> Packet | None:
    """None at the end. Raises: OSError, BlockingIOError where there is nothing yet."""
    data, fds, _flags, _from = socket.recv_fds(channel, PACKET_MAX, SOCKETS_MAX)
    if not data:
        return None
    order, *what = json.loads(data)
    if order == Order.SERVE:
        return Packet(Order.SERVE, tuple(Way(*fields) for fields in what), (), tuple(fds))
    return Packet(Order(order), (), tuple(what), tuple(fds))

"""The words between the keeper and a process that is becoming a container's. Standard library only."""

import array
import enum
import json
import socket
from typing import Any, Final, NamedTuple

from engine import errors

PACKET_MAX: Final = 1 << 16
"""Bytes of one packet; a longer text is cut by its sender."""
TEXT_MAX: Final = 4096
FDS_MAX: Final = 200
"""Descriptors beside one packet; the kernel takes 253."""


class Kind(enum.StrEnum):
    """One JSON object a packet on an AF_UNIX SOCK_SEQPACKET pair, in this order.

    parent                       child (create)
      clone3  ---------------->
                                 leaves the parent's descriptors, joins its cgroups
      MAPPED  ---------------->  {"trees": [place ...]} with their descriptors, several packets, an empty one last:
                                 only with a user namespace, whose maps are written by then
              <----------------  SUCCEEDED  {"pid": ...} with a pidfd: another child goes on; see `handover`
                                 makes its namespaces
              <----------------  UNSHARED   in its namespaces
      (the network of the new    mounts, pivot_root, masks: at the same time, since neither
      namespace, by the pid)     needs the other
      GO      ---------------->  {"size": [rows, columns] or null}
              <----------------  HOOKS      only where the spec has some for the parent: before pivot_root
      HOOKED  ---------------->
              <----------------  TTY        with the master of its terminal (SCM_RIGHTS), if it has one
                                 user, capabilities, limits
              <----------------  WARNING    {"text": ...}, at any time after GO
              <----------------  SECCOMP    {"fd": number} of the listener in the child
              <----------------  READY      only where something else says when the program starts
              <----------------  ERROR      an error's JSON form; then it exits with the error's code
              <----  EOF  -----  the socket is close-on-exec: the program runs

    A program started by `enter` says neither UNSHARED nor waits for GO. EOF without ERROR before GO, or with the pidfd
    ready, is a child that was killed.
    """

    MAPPED = "mapped"
    SUCCEEDED = "succeeded"
    UNSHARED = "unshared"
    GO = "go"
    HOOKS = "hooks"
    HOOKED = "hooked"
    TTY = "tty"
    WARNING = "warning"
    SECCOMP = "seccomp"
    READY = "ready"
    ERROR = "error"


class Message(NamedTuple):
    """One packet."""

    kind: Kind
    data: dict[str, Any]
    """WARNING: text. SECCOMP: fd, the listener's number in the child. ERROR: see `engine.errors`. GO: size.
    Empty for the others."""


class GoneAway(Exception):
    """The other side closed its end."""


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


def encode(kind: Kind, /, **data: Any) -> bytes:
    """A packet."""
    return _ENCODER.encode({"type": kind, **data}).encode()


BARE: Final = {kind: encode(kind) for kind in Kind}
"""The packets without data, made beforehand: in a new child each page that the encoder touches must be copied."""


def decode(packet: bytes) -> Message:
    """A packet as it was sent. Raises ValueError for anything else."""
    data = json.loads(packet)
    if not isinstance(data, dict):
        raise ValueError("not an object")
    return Message(Kind(data.pop("type", None)), data)


def receive(channel: socket.socket) -> tuple[Message, list[int]]:
    """The next message and the descriptors beside it, close-on-exec.

    Raises BlockingIOError on a socket that does not block, `GoneAway` at the end, ValueError for nonsense.
    """
    try:
        packet, fds = _receive(channel)
    except ConnectionResetError:  # the other side left something unread: what it said before is still there
        packet, fds = _receive(channel)
    if not packet:
        raise GoneAway
    return decode(packet), fds


def _receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    """As `socket.recv_fds`, which drops its flags: the descriptors would be inherited by whatever is executed next.

    Source: CPython 3.11, Lib/socket.py.
    """
    fds = array.array("i")
    room = socket.CMSG_LEN(FDS_MAX * fds.itemsize)
    packet, beside, _flags, _address = channel.recvmsg(PACKET_MAX, room, socket.MSG_CMSG_CLOEXEC)
    for _level, _type, data in beside:
        fds.frombytes(data[: len(data) // fds.itemsize * fds.itemsize])
    return packet, fds.tolist()


def send(channel: socket.socket, packet: bytes, *fds: int) -> None:
    """Send one packet, with descriptors beside it. Raises OSError (EPIPE) when nobody is there."""
    if not fds:
        channel.send(packet, socket.MSG_NOSIGNAL)
    else:
        socket.send_fds(channel, [packet], fds, socket.MSG_NOSIGNAL)


def error_of(message: Message) -> errors.EngineError:
    """The error that an ERROR carries."""
    return errors.from_json(message.data)

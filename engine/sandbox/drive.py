"""The parent's side of a creation for a process that has nothing else to do: it waits. Standard library only."""

import os
import socket
from collections.abc import Callable
from typing import NamedTuple

from engine import errors
from engine.kernel import syscalls
from engine.sandbox import messages
from engine.sandbox.child import Child
from engine.sandbox.messages import Kind


class Created(NamedTuple):
    """What has come of a creation."""

    pid: int
    pidfd: int
    terminal: int | None
    """The master of its terminal, if it has one."""
    listener: int | None
    """Of its seccomp filter, if that asks somebody."""
    warnings: tuple[str, ...]


def drive(
    child: Child,
    *,
    size: tuple[int, int] | None,
    hooks: Callable[[], None],
    waits: bool,
    listened: Callable[[int], None] | None = None,
) -> Created:
    """Talk with the child until its program runs, or until it is READY where it `waits`.

    `hooks` runs those of the parent; `listened` takes a seccomp listener, before any call under the filter can wait
    for an answer. On failure the child is gone when this raises `EngineError`.
    """
    terminal: int | None = None
    listener: int | None = None
    warnings: list[str] = []
    try:
        while True:
            try:
                message, fds = messages.receive(child.channel)
            except messages.GoneAway:
                if waits:
                    raise errors.SetupFailed("the container's first process died while it was made") from None
                break
            match message.kind:
                case Kind.UNSHARED:
                    messages.send(child.channel, messages.encode(Kind.GO, size=size))
                case Kind.HOOKS:
                    hooks()
                    messages.send(child.channel, messages.BARE[Kind.HOOKED])
                case Kind.TTY:
                    terminal = fds[0]
                case Kind.SECCOMP:
                    listener = syscalls.pidfd_getfd(child.pidfd, message.data["fd"])
                    if listened is not None:
                        listened(listener)
                    messages.send(child.channel, messages.BARE[Kind.HOOKED])
                case Kind.WARNING:
                    warnings.append(message.data["text"])
                case Kind.ERROR:
                    raise messages.error_of(message)
                case Kind.READY:
                    break
    except BaseException:
        _close(terminal, listener)
        child.kill()
        raise
    child.channel.close()
    return Created(child.pid, child.pidfd, terminal, listener, tuple(warnings))


def _close(*fds: int | None) -> None:
    for fd in fds:
        if fd is not None:
            os.close(fd)


def send_fd(path: str, data: bytes, *fds: int) -> None:
    """Pass descriptors to who listens on a unix socket. Raises OSError.

    The path may be longer than the 108 bytes that an address holds: then it is named by its folder's descriptor.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as sock:
        folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            sock.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
        finally:
            os.close(folder)
        socket.send_fds(sock, [data], list(fds))

"""The parent's side of a creation for a process that has nothing else to do: it waits. Standard library only."""

import os
import socket
from collections.abc import Callable
from typing import NamedTuple

from engine import errors
from engine.kernel import syscalls
from engine.sandbox import messages
from engine.sandbox.child import Child
from engine.sandbox.messages import Kind, Message


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
    talk = _Talk(child, size, hooks, listened)
    try:
        while not talk.step(waits):
            pass
    except BaseException:
        talk.close()
        child.kill()
        raise
    child.channel.close()
    return Created(child.pid, child.pidfd, talk.terminal, talk.listener, tuple(talk.warnings))


class _Talk:
    """What has come up so far, and the answers."""

    def __init__(
        self,
        child: Child,
        size: tuple[int, int] | None,
        hooks: Callable[[], None],
        listened: Callable[[int], None] | None,
    ) -> None:
        self.terminal: int | None = None
        self.listener: int | None = None
        self.warnings: list[str] = []
        self._child, self._size, self._hooks, self._listened = child, size, hooks, listened

    def step(self, waits: bool) -> bool:
        """Take one message; whether it was the last. Raises `EngineError`."""
        try:
            message, fds = messages.receive(self._child.channel)
        except messages.GoneAway:
            if waits:
                raise errors.SetupFailed("the container's first process died while it was made") from None
            return True
        self._take(message, fds)
        return message.kind is Kind.READY

    def _take(self, message: Message, fds: list[int]) -> None:
        match message.kind:
            case Kind.UNSHARED:
                messages.send(self._child.channel, messages.encode(Kind.GO, size=self._size))
            case Kind.HOOKS:
                self._hooks()
                messages.send(self._child.channel, messages.BARE[Kind.HOOKED])
            case Kind.TTY:
                self.terminal = fds[0]
            case Kind.SECCOMP:
                self._listen(message.data["fd"])
            case Kind.WARNING:
                self.warnings.append(message.data["text"])
            case Kind.ERROR:
                raise messages.error_of(message)

    def _listen(self, number: int) -> None:
        """Fetch the listener that has this number in the child."""
        self.listener = syscalls.pidfd_getfd(self._child.pidfd, number)
        if self._listened is not None:
            self._listened(self.listener)
        messages.send(self._child.channel, messages.BARE[Kind.HOOKED])

    def close(self) -> None:
        """Give up what has come up."""
        for fd in (self.terminal, self.listener):
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

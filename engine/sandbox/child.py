"""A process that is on its way into a container: how it is born, and what both kinds of it have in common.

It has a copy of the keeper's Python and must never go back into the keeper's code: `born` ends in os._exit().
Standard library only.
"""

import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import NamedTuple, NoReturn

from engine import errors
from engine.kernel import clone, const, files, syscalls
from engine.sandbox import explain, messages
from engine.sandbox.messages import Kind

Stdio = tuple[int, int, int]


class Child(NamedTuple):
    """What the keeper holds of a process that it started."""

    pid: int
    pidfd: int
    channel: socket.socket
    """Blocking; see `messages.Kind` for what is said on it. The keeper closes it after EOF."""

    def close(self) -> None:
        """Close both descriptors; the process goes on."""
        os.close(self.pidfd)
        self.channel.close()

    def kill(self) -> None:
        """Kill, reap and close it: for one that must not come to be."""
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED)
        self.close()


class Birth(NamedTuple):
    """What a child is born with."""

    flags: int
    """CLONE_NEW* that clone(2) itself must make."""
    join: tuple[str, ...]
    """`tasks` files of cgroup v1."""
    into: str | None
    """A directory of cgroup v2."""
    keep: tuple[int, ...]
    """Descriptors that it needs, beside its channel."""


def spawn(birth: Birth, main: Callable[["Channel"], NoReturn]) -> Child:
    """Clone a child that runs `main` with its end of the channel.

    Signals are blocked across the clone, so that no handler of the keeper runs in the child. Neither the keeper nor
    its children are dumpable from here on: nobody in a container may look into their memory or follow their links.
    Raises OSError.
    """
    syscalls.prctl(const.PR_SET_DUMPABLE, 0)
    with ExitStack() as undo:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        undo.callback(ours.close)
        with contextlib.closing(theirs), signals_blocked():
            cloned, pending = _clone(birth)
            if cloned.pid == 0:
                _born(birth._replace(into=pending), theirs, main)
            made = Child(cloned.pid, cloned.pidfd, ours)
            undo.callback(made.kill)
        undo.pop_all()
        return made


def _clone(birth: Birth) -> tuple[clone.Cloned, str | None]:
    """The clone, and the cgroup v2 directory that is left to join.

    Where the child cannot be born in it (an old kernel, a seccomp filter, a cgroup that may only be entered later),
    it joins by itself, which is slower.
    """
    if birth.into is not None:
        fd = files.open_path(birth.into, os.O_PATH | os.O_DIRECTORY)
        try:
            return clone.clone(birth.flags, fd), None
        except OSError:
            return clone.clone(birth.flags), birth.into
        finally:
            os.close(fd)
    return clone.clone(birth.flags), None


@contextlib.contextmanager
def signals_blocked() -> Iterator[None]:
    """Every signal waits, in this process and in what it clones."""
    before = syscalls.set_signal_mask(const.ALL_SIGNALS)
    try:
        yield
    finally:
        twice(lambda: syscalls.set_signal_mask(before))


def twice(restore: Callable[[], object]) -> None:
    """Restore a state of the keeper's own, without which it would be worse off than after any error.

    The kernel has no reason to refuse it but a moment's lack of memory, so that a second try is enough.
    """
    try:
        restore()
    except OSError:
        restore()


class Channel:
    """The child's end."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def say(self, kind: Kind, data: Mapping[str, object] | None = None, fds: tuple[int, ...] = ()) -> None:
        """Send a message. Nobody there any more is no error: the container must survive the keeper.

        Without descriptors by write(2): it is the call that a seccomp filter is sure to let pass.
        """
        packet = messages.encode(kind, **data) if data else messages.BARE[kind]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if fds:
                messages.send(self._sock, packet, *fds)
            else:
                os.write(self._sock.fileno(), packet)

    def warn(self, warnings: list[str]) -> None:
        """Send warnings."""
        for text in warnings:
            self.say(Kind.WARNING, {"text": text[: messages.TEXT_MAX]})

    def wait(self) -> dict[str, object]:
        """Wait for GO or HOOKED. Raises `GoneAway` when the parent has gone or gives up."""
        return messages.receive(self._sock)[0].data

    def await_answer(self) -> None:
        """Wait for one without content. Raises `GoneAway`."""
        self.wait()

    def trees(self) -> dict[int, int]:
        """Wait for MAPPED: place in the plan's sources -> descriptor. Raises `GoneAway`."""
        found: dict[int, int] = {}
        while True:
            message, fds = messages.receive(self._sock)
            if not fds:
                return found
            found |= zip(message.data["trees"], fds, strict=True)


def _born(birth: Birth, sock: socket.socket, main: Callable[[Channel], NoReturn]) -> NoReturn:
    """The child's whole life in Python."""
    channel = Channel(sock)
    code = 125
    try:
        _settle(birth, sock.fileno())
        main(channel)
    except errors.EngineError as err:
        code = err.exit_code
        channel.say(Kind.ERROR, _bounded(err))
    except messages.GoneAway:
        pass
    except BaseException as err:  # noqa: BLE001 - the outermost loop of this process
        channel.say(Kind.ERROR, _bounded(errors.SetupFailed(f"the set-up failed: {err!r}")))
    finally:
        os._exit(code)


def _bounded(err: errors.EngineError) -> dict[str, str | int]:
    return {
        key: value[: messages.TEXT_MAX] if isinstance(value, str) else value for key, value in err.to_json().items()
    }


def _settle(birth: Birth, channel: int) -> None:
    """Become a process of its own: nothing of the keeper's is left to be used by mistake.

    Nothing can be imported from here on, since the files would soon be those of the container.
    """
    gc.disable()
    os.umask(0)
    sys.meta_path.clear()
    close_all_but((0, 1, 2, channel, *birth.keep))
    _join(birth)


def inherited(count: int) -> tuple[int, ...]:
    """Which of the first descriptors from 3 on we have inherited: our own are closed by exec."""
    found = []
    for fd in range(3, 3 + count):
        with contextlib.suppress(OSError):  # it is missing
            found += [fd] if os.get_inheritable(fd) else []
    return tuple(found)


def close_all_but(keep: tuple[int, ...]) -> None:
    """Close every descriptor except these: the keeper holds those of other containers."""
    first = 0
    for fd in sorted(set(keep)):
        if fd > first:
            syscalls.close_range(first, fd - 1)
        first = fd + 1
    syscalls.close_range(first)


def _join(birth: Birth) -> None:
    """Attach to the cgroups: in v1 by the task itself, alone, which spares a grace period a hierarchy."""
    procs = () if birth.into is None else (f"{birth.into}/cgroup.procs",)
    for path in (*birth.join, *procs):
        try:
            files.write(path, "0")
        except OSError as err:
            raise explain.step(f"join the cgroup {os.path.dirname(path)}", err) from err

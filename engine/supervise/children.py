"""The keeper's children: what is held for each, from clone to reaping. Standard library only."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from engine import errors
from engine.sandbox import enter, init, messages
from engine.sandbox.child import Child, Stdio
from engine.sandbox.messages import Kind
from engine.state import files
from engine.supervise import pipes

_WITH_STDIN = 3
"""Descriptors of a child without a terminal whose standard input is still open."""


class Say(Protocol):
    """Tell the supervisor something, with descriptors."""

    def __call__(self, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None: ...


class Held:
    """One child: a container's pid 1, or a program entered into one."""

    def __init__(self, key: str, child: Child, fds: tuple[int, ...], folder: str | None) -> None:
        self.key = key
        self.child = child
        self.fds = fds
        """With a terminal, its master, once the child has sent it; else stdin's writer if any, then readers."""
        self.folder = folder
        """Where the exit record goes; None for an entered program, whose end nobody needs after a crash."""
        self.started = False
        self.error: dict[str, Any] | None = None
        """What it said went wrong before its program ran."""
        self.unwanted = False
        """The supervisor gave it up: it does not start any more."""
        self.exit: dict[str, Any] | None = None


class Children:
    """All of them, by key; `<container id>/<run>` for a container, an id for an entered program."""

    def __init__(self, say: Say, watch: Callable[[int], None], unwatch: Callable[[int], None]) -> None:
        self._say = say
        self._watch = watch
        self._unwatch = unwatch
        self._held: dict[str, Held] = {}
        self._channels: dict[int, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def create(self, key: str, order: dict[str, Any], folder: str, terminal: bool, stdin: bool) -> None:
        """Clone a container's pid 1; it waits in its new namespaces for `go`."""

        def clone(stdio: Stdio | None) -> Child:
            child = init.create(init.Order(**order), stdio)
            pipes.give(stdio, child.pid)
            return child

        self._spawn(key, folder, terminal, stdin, clone)

    def enter(self, key: str, order: dict[str, Any], terminal: bool, stdin: bool) -> None:
        """Start one more program in a running container."""

        def clone(stdio: Stdio | None) -> Child:
            wanted = enter.EnterOrder(**order)
            pipes.give(stdio, wanted.pid)
            return enter.enter(wanted, stdio)

        self._spawn(key, None, terminal, stdin, clone)

    def _spawn(
        self,
        key: str,
        folder: str | None,
        terminal: bool,
        stdin: bool,
        clone: Callable[[Stdio | None], Child],
    ) -> None:
        theirs, ours = ((), ()) if terminal else pipes.make(stdin)
        try:
            child = clone(None if terminal else (theirs[0], theirs[1], theirs[2]))
        except (OSError, errors.EngineError) as err:
            pipes.close(ours)
            self._say({"say": "failed", "key": key, "error": _error(err)})
            return
        finally:
            pipes.close(theirs)
        held = Held(key, child, ours, folder)
        self._held[key] = held
        self._channels[child.channel.fileno()] = held
        self._watch(child.channel.fileno())

    def go(self, key: str, size: list[int] | None) -> None:
        """Let a container that waits go on to its program."""
        held = self._held.get(key)
        if held is not None and held.child.channel.fileno() in self._channels:
            with suppress(BrokenPipeError, ConnectionResetError):  # it died; its end tells
                messages.send(held.child.channel, messages.encode(Kind.GO, size=size))

    def abort(self, key: str) -> None:
        """End a container: something else of its start has failed. `exited` tells when it is gone."""
        held = self._held.get(key)
        if held is not None:
            held.unwanted = True
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(held.child.pidfd, signal.SIGKILL)

    def hear(self, fd: int) -> None:
        """A child says something on its channel, or closed it: then its program runs."""
        held = self._channels.get(fd)
        if held is None:
            return
        try:
            message, fds = messages.receive(held.child.channel)
        except messages.GoneAway:
            self._end_of_channel(held)
            return
        match message.kind:
            case Kind.UNSHARED:
                self._say({"say": "unshared", "key": held.key, "pid": held.child.pid})
            case Kind.TTY:
                held.fds = tuple(fds)
            case Kind.WARNING:
                self._say({"say": "warning", "key": held.key, "text": message.data["text"]})
            case Kind.ERROR:
                held.error = message.data

    def _end_of_channel(self, held: Held) -> None:
        """EOF: exec has worked, or the child died before it; its exit tells which comes with an error before it."""
        self._close_channel(held)
        if held.error is not None or held.unwanted:
            return
        held.started = True
        self._say({"say": "started", "key": held.key, "pid": held.child.pid}, held.fds)
        if held.folder is None:
            pipes.close(held.fds)
            held.fds = ()

    def _close_channel(self, held: Held) -> None:
        fd = held.child.channel.fileno()
        if self._channels.pop(fd, None) is not None:
            self._unwatch(fd)
            held.child.channel.close()

    def reap(self) -> None:
        """Take every child that has ended; strangers are orphans that came to us as their subreaper."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for held in [held for held in self._held.values() if held.child.pid == pid]:
                self._ended(held, status)

    def _ended(self, held: Held, status: int) -> None:
        while held.child.channel.fileno() in self._channels:
            self.hear(held.child.channel.fileno())
        held.exit = {"code": exit_code(status), "time_ns": time.time_ns()}
        if held.folder is not None and held.started:
            with suppress(FileNotFoundError):
                files.replace(f"{held.folder}/exit.json", json.dumps(held.exit).encode(), durable=False)
        self._tell_end(held)
        if held.folder is None or held.error is not None:
            self.forget(held.key)

    def _tell_end(self, held: Held) -> None:
        """A failure is told when its process is gone, so that its cgroup can be removed by whoever hears of it."""
        if held.error is not None:
            self._say({"say": "failed", "key": held.key, "error": held.error})
        else:
            assert held.exit is not None
            self._say({"say": "exited", "key": held.key, **held.exit})

    def end_stdin(self, key: str) -> None:
        """Close the writer of a container's standard input, so that the container sees its end."""
        held = self._held.get(key)
        if held is not None and len(held.fds) == _WITH_STDIN:
            os.close(held.fds[0])
            held.fds = held.fds[1:]

    def forget(self, key: str) -> None:
        """The supervisor has seen its end: close what is held for it."""
        held = self._held.get(key)
        if held is None or held.exit is None:
            return
        del self._held[key]
        self._close_channel(held)
        pipes.close(held.fds)
        os.close(held.child.pidfd)

    def report(self) -> None:
        """Tell everything to a supervisor that knows nothing."""
        for held in self._held.values():
            message = {"say": "child", "key": held.key, "pid": held.child.pid, "started": held.started}
            self._say({**message, "exit": held.exit}, held.fds)
        self._say({"say": "listed", "pid": os.getpid()})


def exit_code(status: int) -> int:
    """A wait status as a shell tells it: 128+n after signal n."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _error(err: OSError | errors.EngineError) -> dict[str, Any]:
    if isinstance(err, errors.EngineError):
        return dict(err.to_json())
    return dict(errors.SetupFailed(f"cannot clone a process: {err.strerror}", errno=err.errno or 0).to_json())

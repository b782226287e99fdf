"""Drives `create` and `enter` as the keeper does, and collects what comes of it."""

import os
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

from engine import errors
from engine.model import CreateOptions, ExecOptions
from engine.sandbox import enter, init, messages, spec
from engine.sandbox.child import Child
from engine.sandbox.messages import Kind

ROWS, COLUMNS = 33, 99


class Outcome(NamedTuple):
    """How a program ended."""

    code: int
    """128+n for signal n."""
    out: str
    """Of standard output, or of the terminal."""
    err: str
    warnings: list[str]
    error: errors.EngineError | None
    """What the child reported instead of executing its program."""


class Running:
    """A program between its clone and its end."""

    def __init__(self, child: Child, readers: tuple[int, ...]) -> None:
        self.child = child
        self.readers = readers
        self.warnings: list[str] = []
        self.error: errors.EngineError | None = None

    @property
    def pid(self) -> int:
        return self.child.pid

    def until_exec(self, go: bool = True) -> "Running":
        """Speak with it until its program runs, or it has given up."""
        while True:
            try:
                message, fds = messages.receive(self.child.channel)
            except messages.GoneAway:
                return self
            self._hear(message, fds, go)

    def _hear(self, message: messages.Message, fds: list[int], go: bool) -> None:
        if message.kind is Kind.UNSHARED and go:
            messages.send(self.child.channel, messages.encode(Kind.GO, size=[ROWS, COLUMNS]))
        elif message.kind is Kind.TTY:
            self.readers = tuple(fds)
        elif message.kind is Kind.WARNING:
            self.warnings.append(message.data["text"])
        elif message.kind is Kind.ERROR:
            self.error = messages.error_of(message)

    def kill(self) -> None:
        signal.pidfd_send_signal(self.child.pidfd, signal.SIGKILL)

    def outcome(self) -> Outcome:
        """Read everything, reap, and close."""
        texts = [_read_all(fd) for fd in self.readers] + ["", ""]
        status = os.waitpid(self.child.pid, 0)[1]
        for fd in self.readers:
            os.close(fd)
        self.child.close()
        code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return Outcome(code, texts[0], texts[1], self.warnings, self.error)


class Box:
    """Makes containers from one root."""

    def __init__(self, root: dict[str, Any], rootfs: str) -> None:
        self.root = root
        self.rootfs = rootfs
        self.join: tuple[str, ...] = ()
        self.into: str | None = None
        self.change: Callable[[dict[str, Any]], None] = lambda _spec: None
        """Called with each spec before it is executed."""

    def order(self, options: CreateOptions) -> init.Order:
        made = spec.build("0" * 64, options, {}, hostname=options.hostname or "box", files={}, cgroups_path="/none")
        self.change(made)
        return init.Order(made, self.root, self.rootfs, self.join, self.into, options.init)

    def start(self, *command: str, **options: Any) -> Running:
        """Clone a container; a single word with blanks is a line for the shell."""
        wanted = CreateOptions(image="handmade", command=_command(command), **options)
        order = self.order(wanted)
        return _started(lambda stdio: init.create(order, stdio), wanted.tty)

    def run(self, *command: str, **options: Any) -> Outcome:
        """Run a container to its end."""
        return self.start(*command, **options).until_exec().outcome()

    def enter(self, pid: int, *command: str, options: CreateOptions | None = None, **wanted: Any) -> Running:
        """Start a program in the container of this pid 1."""
        made = options or CreateOptions(image="handmade", command=("sleep",))
        fields = spec.enter_order(made, {}, ExecOptions(command=_command(command), **wanted), pid=pid)
        order = enter.EnterOrder(**fields, join=self.join, into=self.into)
        return _started(lambda stdio: enter.enter(order, stdio), order.terminal)


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    return ("sh", "-c", words[0]) if len(words) == 1 and " " in words[0] else words


def _started(clone: Callable[[tuple[int, int, int] | None], Child], terminal: bool) -> Running:
    if terminal:
        return Running(clone(None), ())
    ends = [os.pipe2(os.O_CLOEXEC) for _ in range(2)]
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    theirs = (null, ends[0][1], ends[1][1])
    try:
        child = clone(theirs)
    except BaseException:
        for reader, _ in ends:
            os.close(reader)
        raise
    finally:
        for fd in theirs:
            os.close(fd)
    return Running(child, (ends[0][0], ends[1][0]))


def _read_all(fd: int) -> str:
    """Up to the end, which a terminal tells as EIO."""
    pieces = bytearray()
    while True:
        try:
            piece = os.read(fd, 1 << 16)
        except OSError:
            piece = b""
        if not piece:
            return pieces.decode(errors="replace")
        pieces += piece

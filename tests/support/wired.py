"""Containers as the network sees them: a process in a network namespace of its own, which a test may speak from."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import NamedTuple

from support.netlab import Machine

from engine.kernel import const, syscalls
from engine.network.link.links import Links

TAG = "abc123"


class Box(NamedTuple):
    """A network namespace and a process that is in it, and does nothing."""

    machine: Machine
    pid: int


class Wired:
    """A host, an engine's links on it, and containers."""

    def __init__(self) -> None:
        self._undo = ExitStack()
        self.host = self._machine("host")
        self.links = Links(TAG)

    def __enter__(self) -> "Wired":
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _machine(self, name: str) -> Machine:
        machine = Machine(name)
        self._undo.callback(machine.close)
        return machine

    def box(self, name: str = "box") -> Box:
        """One more container, which has no interface yet."""
        machine = self._machine(name)
        return Box(machine, self._process(machine))

    def process(self) -> int:
        """A container whose network namespace ends with it, as real ones do."""
        with closing(Machine("process")) as machine:
            return self._process(machine)

    def _process(self, machine: Machine) -> int:
        with machine.enter():
            pid = os.fork()
            if not pid:
                _sleep()
        self._undo.callback(end, pid)
        return pid

    def rootless(self) -> int:
        """A process in a user namespace that owns its network namespace, as an engine's containers are by default."""
        receiver, sender = os.pipe()
        if not (pid := os.fork()):
            syscalls.unshare(const.CLONE_NEWUSER | const.CLONE_NEWNET)
            os.write(sender, b".")
            _sleep()
        self._undo.callback(end, pid)
        os.close(sender)
        assert os.read(receiver, 1) == b"."
        os.close(receiver)
        return pid

    def kinds(self) -> dict[str, str]:
        """The links of the engine."""
        with self.host.enter():
            return self.links.own()


def _sleep() -> None:
    while True:
        signal.pause()


def end(pid: int) -> None:
    """End a process of a test, which may have ended it before."""
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return


@contextmanager
def wired() -> Iterator[Wired]:
    """One of them, whose host is where this thread is."""
    with Wired() as found, found.host.enter():
        yield found

"""The loop of an attached client: what is typed goes in, what the program says comes out, until one side ends it."""

import select
import signal
from collections.abc import Callable
from typing import Final, NamedTuple

from engine.cli.terminal.keyboard import Keyboard
from engine.cli.terminal.signals import Signals
from engine.connection import Connection
from engine.errors import Unreachable

READABLE: Final = select.POLLIN | select.POLLHUP | select.POLLERR
Watched = dict[int, tuple[int, Callable[[int], None]]]
"""Descriptor -> the events waited for, and what to do with those that came."""


class Ending(NamedTuple):
    """How it ended. Both None: the operator detached."""

    exit_code: int | None = None
    signal: int | None = None


class Relay:
    """What every attachment has: the connection, which tells the exit code, standard input, and signals."""

    def __init__(self, connection: Connection, keyboard: Keyboard | None, signals: Signals) -> None:
        self.connection = connection
        self.keyboard = keyboard
        self.signals = signals
        self.ending: Ending | None = None
        self.connected = True

    def run(self) -> Ending:
        """Relay until it is over. Raises `Unreachable` where the engine is lost on the way."""
        while self.ending is None and self.connection.pending():
            self._on_message(0)
        while self.ending is None:
            busy = self.output()
            watched = self.watched()
            for fd, events in _wait(watched, 0 if busy else None):
                watched[fd][1](events)
        return self.ending

    def output(self) -> bool:
        """Write some of the program's output; whether there is more that is known of already."""
        return False

    def resized(self) -> None:
        """The operator's terminal has another size."""

    def lost(self, err: Unreachable) -> None:
        """The engine has gone, without telling how the program ended: by default that is the end here, too."""
        raise err

    def signalled(self, number: int) -> None:
        """A signal for this process: by default the end of the attachment, not of the program."""
        self.ending = Ending(signal=number)

    def watched(self) -> Watched:
        """Everything that can happen next."""
        watched: Watched = {self.signals.fileno(): (READABLE, self._on_signals)}
        if self.connected:
            watched[self.connection.fileno()] = (READABLE, self._on_message)
        if self.keyboard is not None:
            if self.keyboard.can_read():
                watched[self.keyboard.fd] = (READABLE, self._on_keys)
            if self.keyboard.can_write():
                watched[self.keyboard.sink.fileno()] = (select.POLLOUT, self._on_room)
        return watched

    def _on_message(self, _events: int) -> None:
        try:
            self._take_messages()
        except Unreachable as err:
            self.connected = False
            self.lost(err)

    def _take_messages(self) -> None:
        """The exit event, or the reply to a resize, which says nothing: a size that was refused ends no session."""
        while self.ending is None:
            message = self.connection.receive()
            if "event" in message and "exit" in message["event"]:
                self.ending = Ending(exit_code=int(message["event"]["exit"]))
            if not self.connection.pending():
                return

    def _on_signals(self, _events: int) -> None:
        for number in self.signals.take():
            if number == signal.SIGWINCH:
                self.resized()
            else:
                self.signalled(number)

    def _on_keys(self, _events: int) -> None:
        assert self.keyboard is not None
        if self.keyboard.read():
            self.ending = Ending()

    def _on_room(self, _events: int) -> None:
        assert self.keyboard is not None
        self.keyboard.flush()


def exit_code_of(ending: Ending) -> int:
    """What the process exits with: 0 after detaching, 128+n after a signal."""
    if ending.signal is not None:
        return 128 + ending.signal
    return ending.exit_code or 0


def _wait(watched: Watched, timeout: int | None) -> list[tuple[int, int]]:
    poller = select.poll()
    for fd, (events, _react) in watched.items():
        poller.register(fd, events)
    return poller.poll(timeout)

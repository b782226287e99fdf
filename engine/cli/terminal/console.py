"""`run`, `start -a`, `attach` and `exec` as they look to the operator: one call that returns the exit code.

stdlib and the session alone: nothing here needs the values of `engine.model`.
"""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Final, NamedTuple

from engine.cli.guard import guarded
from engine.cli.terminal.attached import AttachedRelay, write_rest
from engine.cli.terminal.detach import DetachKeys
from engine.cli.terminal.executed import ExecutedRelay, set_size
from engine.cli.terminal.keyboard import Keyboard, Sink
from engine.cli.terminal.output import STDERR, STDIN, STDOUT
from engine.cli.terminal.raw import leave_screen, raw_mode, size_of
from engine.cli.terminal.relay import Ending, exit_code_of
from engine.cli.terminal.signals import Signals, caught
from engine.cli.terminal.sinks import PipeSink, SocketSink, TerminalSink
from engine.errors import Conflict, NotFound, Unreachable
from engine.session import Attached, Executed

ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
FORWARDED_SIGNALS: Final = (*ENDING_SIGNALS, signal.SIGUSR1, signal.SIGUSR2)


class Manners(NamedTuple):
    """How the operator wants to be attached."""

    interactive: bool
    """Standard input goes to the program."""
    detach_keys: bytes
    forward: Callable[[str], None] | None = None
    """Sends a signal, by its name, to the container; None: signals end the attachment."""
    resume: Callable[[int], Attached | int] | None = None
    """Attaches again after the engine was lost, at this position of the log; the exit code if the run is over."""


def attach(session: Attached, manners: Manners) -> int:
    """Relay a container's own terminal or pipes until the run ends or the operator detaches; closes the session."""
    tty = session.tty
    with ExitStack() as undo:
        is_raw = tty and manners.interactive and os.isatty(STDIN)
        signals = undo.enter_context(caught((*FORWARDED_SIGNALS, signal.SIGWINCH)))
        if is_raw:
            _take_terminal(undo)
        ending = _relay_to_the_end(session, manners, signals, None if is_raw else _forwarder(manners))
        return _finish(ending, undo, tty)


def _relay_to_the_end(
    session: Attached, manners: Manners, signals: Signals, forward: Callable[[int], None] | None
) -> Ending:
    """Relay, over as many supervisors as it takes: one that is gone takes no container and no output with it."""
    while True:
        with closing(session):
            try:
                return _relay(session, manners, signals, forward)
            except Unreachable:
                if manners.resume is None:
                    raise
                position = session.log.position
        resumed = manners.resume(position)
        if isinstance(resumed, int):
            return Ending(exit_code=resumed)
        session = resumed


def _relay(session: Attached, manners: Manners, signals: Signals, forward: Callable[[int], None] | None) -> Ending:
    keyboard = _keyboard(manners, session.tty, SocketSink(session.stream)) if session.stdin_open else None
    ending = AttachedRelay(session, keyboard, signals, forward).run()
    if ending.exit_code is not None:
        write_rest(session.log)
    return ending


def attach_program(session: Executed, manners: Manners) -> int:
    """Relay a program started by `exec` until it ends; closes the session."""
    with ExitStack() as undo:
        undo.callback(session.close)
        signals = undo.enter_context(caught((*ENDING_SIGNALS, signal.SIGWINCH)))
        relay = _on_terminal(session, manners, signals, undo) if session.tty else _on_pipes(session, signals, undo)
        return _finish(relay.run(), undo, session.tty)


def _on_terminal(session: Executed, manners: Manners, signals: Signals, undo: ExitStack) -> ExecutedRelay:
    (master,) = session.fds
    if size := size_of(STDIN, STDOUT):
        set_size(master, *size)
    if manners.interactive and os.isatty(STDIN):
        _take_terminal(undo)
    keyboard = _keyboard(manners, True, TerminalSink(master))
    return ExecutedRelay(session.connection, {master: STDOUT}, keyboard, signals, master)


def _on_pipes(session: Executed, signals: Signals, undo: ExitStack) -> ExecutedRelay:
    """The writer of standard input is there only where the program was started with one; it is the keyboard's."""
    *stdin, stdout, stderr = session.fds
    session.fds = [stdout, stderr]
    keyboard = None
    if stdin:
        keyboard = Keyboard(STDIN, DetachKeys(b""), PipeSink(stdin[0]))
        undo.callback(keyboard.close)
    return ExecutedRelay(session.connection, {stdout: STDOUT, stderr: STDERR}, keyboard, signals, None)


def _keyboard(manners: Manners, tty: bool, sink: Sink) -> Keyboard | None:
    """Detach keys exist on a terminal only: a byte of piped data is never a key."""
    if not manners.interactive:
        return None
    return Keyboard(STDIN, DetachKeys(manners.detach_keys if tty else b""), sink)


def _take_terminal(undo: ExitStack) -> None:
    """Raw mode, with a guard started before it: from the first raw moment on a SIGKILL leaves the terminal sane."""
    undo.enter_context(guarded(STDIN))
    undo.enter_context(raw_mode(STDIN))


def _forwarder(manners: Manners) -> Callable[[int], None] | None:
    send = manners.forward
    if send is None:
        return None

    def forward(number: int) -> None:
        try:
            send(signal.Signals(number).name.removeprefix("SIG"))
        except (Conflict, NotFound):  # it has just ended by itself; the exit code is on its way
            return

    return forward


def _finish(ending: Ending, undo: ExitStack, tty: bool) -> int:
    """Restore the terminal first, then say what the operator should know."""
    undo.close()
    if ending.exit_code is None and tty:
        leave_screen(STDOUT)
        os.write(STDOUT, b"\n")
    return exit_code_of(ending)

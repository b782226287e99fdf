"""A screen with containers that can be acted upon: the keys, and what they ask of the application."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from engine.model import Series
from tui import actions
from tui.actions import Action
from tui.host import HostSample
from tui.messages import ActionAsked, Opened, TerminalAsked
from tui.rows import Moment, Row

CHANGING = ("start", "stop", "restart", "kill", "freeze", "delete", "shell", "attach")
"""Actions that are switched off in a dashboard that is read-only: a shell can change everything."""


class ActingScreen(Screen[None]):
    """Lower case reads, upper case changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "log", "Log"),
        Binding("s", "shell", "Shell"),
        Binding("a", "attach", "Attach"),
        Binding("S", "start", "Start"),
        Binding("T", "stop", "Stop"),
        Binding("R", "restart", "Restart"),
        Binding("K", "kill", "Kill"),
        Binding("P", "freeze", "Freeze/thaw"),
        Binding("D", "delete", "Delete"),
        Binding("y", "copy_id", "Copy the id", show=False),
    ]

    def __init__(self, *, read_only: bool) -> None:
        super().__init__()
        self._read_only = read_only
        self.ready = False
        """Its widgets are there: it can be told things."""

    def on_mount(self) -> None:
        """Textual calls this after the subclass's own."""
        self.ready = True

    # What the application tells

    def show_moment(self, moment: Moment) -> None:
        """Everything at one time."""

    def show_host(self, sample: HostSample) -> None:
        """The host."""

    def show_series(self, container_id: str, series: Series) -> None:
        """The recent past of one container."""

    def show_log(self) -> None:
        """The log buffer changed."""

    def show_lost(self, message: str, hint: str) -> None:
        """The engine does not answer."""

    # What a subclass says

    def current(self) -> Row | None:
        """The container that keys for one container mean."""
        raise NotImplementedError

    def targets(self) -> tuple[Row, ...]:
        """The containers that keys for several mean."""
        current = self.current()
        return (current,) if current else ()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """None switches a key off and still shows it."""
        if self._read_only and action in CHANGING:
            return None
        return super().check_action(action, parameters)

    def action_log(self) -> None:
        """Its log, full screen."""
        current = self.current()
        if current:
            self.post_message(Opened(current, "log"))

    def action_shell(self) -> None:
        """A shell in it."""
        self._terminal(own=False)

    def action_attach(self) -> None:
        """Its own terminal."""
        self._terminal(own=True)

    def action_start(self) -> None:
        """Start what does not run."""
        self._ask(actions.START)

    def action_stop(self) -> None:
        """Stop what runs."""
        self._ask(actions.STOP)

    def action_restart(self) -> None:
        """Stop and start."""
        self._ask(actions.RESTART)

    def action_kill(self) -> None:
        """SIGKILL."""
        self._ask(actions.KILL)

    def action_freeze(self) -> None:
        """Freeze what runs, or thaw what is frozen."""
        self._ask(actions.freeze_or_thaw(self.targets()))

    def action_delete(self) -> None:
        """Remove it."""
        self._ask(actions.DELETE)

    def action_copy_id(self) -> None:
        """To the clipboard of the terminal (OSC 52)."""
        current = self.current()
        if current:
            self.app.copy_to_clipboard(current.id)
            self.notify(f"copied {current.id[:12]}", markup=False)

    def _ask(self, action: Action) -> None:
        targets = self.targets()
        fitting = tuple(row for row in targets if action.fits(row))
        if fitting:
            self.post_message(ActionAsked(action, fitting))
        elif targets:
            self.notify(f"{actions.names(targets)} {action.unfit}", severity="warning", markup=False)

    def _terminal(self, *, own: bool) -> None:
        current = self.current()
        if current is None:
            return
        if not current.alive:
            self.notify(f"{current.name} does not run: S starts it", severity="warning", markup=False)
        elif own and not current.container.options.tty:
            words = f"{current.name} has no terminal of its own: l shows what it prints, s opens a shell in it"
            self.notify(words, severity="warning", markup=False)
        else:
            self.post_message(TerminalAsked(current, own=own))

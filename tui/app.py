"""The dashboard: screens on one side, the bridge to the engine on the other, and what passes between them.

What the first paint does not need is imported where it is used: a tenth of the time to it would be imports.
"""

import itertools
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

import themes
from engine.model import Series
from engine.state.paths import Paths
from tui import messages, theme
from tui.ansi import plain
from tui.bridge import Bridge
from tui.lines import LogBuffer
from tui.rows import Moment, Row
from tui.screens.acting import ActingScreen
from tui.screens.overview import OverviewScreen

if TYPE_CHECKING:
    from tui.handover import Errand

_TEXTUALS = frozenset(binding.action for binding in Screen.BINDINGS if isinstance(binding, Binding))
"""Actions that every screen of Textual has; they are no news here."""
NOTICE_SECONDS = 8.0
"""How long a failure stays on the screen: long enough to read a message and its hint."""


class Dashboard(App[None]):
    """Passes messages on; draws nothing itself."""

    TITLE = "quarterdeck"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 4
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "keys", "Keys", key_display="?"),
        Binding("ctrl+t", "next_theme", "Next theme", show=False),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(
        self,
        paths: Paths,
        connect: Callable[[Callable[[Message], object]], Bridge],
        *,
        read_only: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._palettes, self._complaints = themes.load_all()
        super().__init__()
        self._paths = paths
        self._read_only = read_only
        self._clock = clock
        self._bridge = connect(self.post_message)
        self._buffer = LogBuffer()
        self._moment: Moment | None = None
        self._leaving = False
        self._series: tuple[str, Series] | None = None
        for palette in self._palettes.values():
            self.register_theme(theme.theme(palette))
        self.wear(theme.chosen(self._palettes))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Every variable of ours, known while Textual's own theme is worn before ours is."""
        return theme.variables(self._palettes[themes.DEFAULT])

    async def on_mount(self) -> None:
        """The first screen, then the engine: painting waits for nobody."""
        await self.push_screen(OverviewScreen(self._buffer, read_only=self._read_only, clock=self._clock))
        self._bridge.start()
        for complaint in self._complaints:
            self.notify(plain(complaint), severity="warning", markup=False)

    def on_unmount(self) -> None:
        """Nobody listens any more."""
        self._bridge.stop()

    async def action_quit(self) -> None:
        """Leave; the screens are told nothing while they are taken down."""
        self._leaving = True
        self._bridge.stop()
        self.exit()

    def _fatal_error(self) -> None:
        """A fault of ours. Textual would print the values of all variables, what containers were given among them."""
        from rich.console import Group
        from rich.traceback import Traceback

        words = "The dashboard has a fault; containers are not concerned. Please report this:"
        self.panic(Group(words, Traceback(show_locals=False)))

    # From the bridge

    @on(messages.MomentCame)
    def _moment_came(self, message: messages.MomentCame) -> None:
        self._moment = message.moment
        for screen in self._acting():
            screen.show_moment(message.moment)

    @on(messages.HostSampled)
    def _host_sampled(self, message: messages.HostSampled) -> None:
        for screen in self._acting():
            screen.show_host(message.sample)

    @on(messages.SeriesCame)
    def _series_came(self, message: messages.SeriesCame) -> None:
        self._series = (message.container_id, message.series)
        for screen in self._acting():
            screen.show_series(message.container_id, message.series)

    @on(messages.LogGrew)
    def _log_grew(self) -> None:
        batch = self._bridge.take_log()
        if batch is not None:
            self._buffer.add(batch)
            self._show_log()

    @on(messages.EngineLost)
    def _engine_lost(self, message: messages.EngineLost) -> None:
        for screen in self._acting():
            screen.show_lost(message.message, message.hint)

    @on(messages.Acted)
    def _acted(self, message: messages.Acted) -> None:
        if message.done:
            more = f"{len(message.done)} containers" if len(message.done) > 3 else ", ".join(message.done)
            self.notify(plain(f"{message.action.done} {more}"), markup=False)
        for failure in message.failures[:3]:
            words = failure.message + (f"\n{failure.hint}" if failure.hint else "")
            title = f"{message.action.name} {failure.container}"
            self.notify(_clean(words), title=plain(title), severity="error", timeout=NOTICE_SECONDS, markup=False)
        if len(message.failures) > 3:
            self.notify(f"and {len(message.failures) - 3} more failed", severity="error", markup=False)

    # From the screens

    @on(messages.Selected)
    def _selected(self, message: messages.Selected) -> None:
        """The list goes on behind other screens; what is followed is the container in front."""
        acting = self._acting()
        if acting and isinstance(acting[-1], OverviewScreen):
            self._follow(message.row)

    @on(messages.Opened)
    def _opened(self, message: messages.Opened) -> None:
        from tui.screens.container import ContainerScreen

        row, now = message.row, self._moment.now_ns if self._moment else 0
        self._follow(row)
        known = self._series[1] if self._series and self._series[0] == row.id else None
        screen = ContainerScreen(row, now, self._buffer, tab=message.tab, read_only=self._read_only, series=known)
        self.push_screen(screen)

    @on(messages.ActionAsked)
    def _action_asked(self, message: messages.ActionAsked) -> None:
        """What is typed ahead while a question is on the screen is no second question."""
        if self.screen.is_modal:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._bridge.act(message.action, message.rows)

        if message.action.question:
            from tui.screens.confirm import ConfirmScreen

            self.push_screen(ConfirmScreen(message.action, message.rows), answered)
        else:
            answered(True)

    @on(messages.TerminalAsked)
    def _terminal_asked(self, message: messages.TerminalAsked) -> None:
        from tui import handover

        errand = handover.own_terminal(message.row) if message.own else handover.shell(message.row)
        self.run_worker(self._leave_terminal_to(errand, message.row), group="terminal", exclusive=True)

    # Keys

    def action_keys(self) -> None:
        """What can be pressed where the focus is."""
        from tui.screens.keys import KeysScreen, KeyWords

        found: dict[str, KeyWords] = {}
        for active in self.screen.active_bindings.values():
            binding, before = active.binding, found.get(active.binding.action, KeyWords((), "", True))
            if binding.description and binding.action not in _TEXTUALS:
                keys = (*before.keys, self.get_key_display(binding))
                found[binding.action] = KeyWords(tuple(dict.fromkeys(keys)), binding.description, active.enabled)
        self.push_screen(KeysScreen(found.values()))

    def action_next_theme(self) -> None:
        """The next palette; the choice is kept."""
        names = sorted(self._palettes)
        following = itertools.cycle(names)
        name = next(name for name in following if name == self.theme)
        name = next(following)
        self.wear(name)
        try:
            theme.choose(name)
        except OSError as err:
            self.notify(f"the choice cannot be kept: {err.strerror}", severity="warning", markup=False)
        self.notify(f"theme: {plain(self._palettes[name].title)}", markup=False)

    # The rest

    def _acting(self) -> list[ActingScreen]:
        """All screens that can be told of containers, also those behind others."""
        if self._leaving:
            return []
        return [screen for screen in self.screen_stack if isinstance(screen, ActingScreen) and screen.ready]

    def _follow(self, row: Row | None) -> None:
        """Log and figures of this container from here on."""
        source = (row.id, row.container.state.run) if row else ("", 0)
        if source != self._buffer.source:
            self._buffer.clear(source)
            self._show_log()
        self._bridge.select(row)

    def _show_log(self) -> None:
        for screen in self._acting():
            screen.show_log()

    def wear(self, name: str) -> None:
        """Put on a palette: its colours, and those in which containers print."""
        terminal = theme.terminal_theme(self._palettes[name])
        if self._palettes[name].dark:
            self.ansi_theme_dark = terminal
        else:
            self.ansi_theme_light = terminal
        self.theme = name

    async def _leave_terminal_to(self, errand: "Errand", row: Row) -> None:
        from tui import handover

        self._bridge.pause()
        try:
            outcome = await handover.hand_over(self, self._paths, errand)
        finally:
            self._bridge.resume()
        if outcome.words.strip():
            title = f"{errand.arguments[0]} {row.name}"
            severity: Any = "error" if outcome.code in (125, 126, 127) else "information"
            self.notify(
                _clean(outcome.words), title=plain(title), severity=severity, timeout=NOTICE_SECONDS, markup=False
            )


def _clean(words: str) -> str:
    """Several lines of a stranger's words, without controls and not more than a screen has room for."""
    return "\n".join(plain(line) for line in words.strip().splitlines()[:8])[:1000]


def run_dashboard(paths: Paths, read_only: bool) -> int:
    """Show the dashboard until it is quit; its exit code. The terminal is restored even where it is killed."""
    from engine.cli.guard import guarded
    from engine.client import Engine

    engine = Engine(paths)
    app = Dashboard(paths, lambda post: Bridge(engine, post, read_only=read_only), read_only=read_only)
    with guarded(sys.stdin.fileno()):
        app.run()
    return app.return_code or 0

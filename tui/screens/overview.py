"""The first screen: the host, all containers, the card and the log of one of them."""

import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from engine.model import Series
from tui.host import HostSample
from tui.lines import LogBuffer
from tui.messages import Selected
from tui.rows import Moment, Row
from tui.screens.acting import ActingScreen
from tui.widgets.card import Card
from tui.widgets.container_list import ContainerList
from tui.widgets.host_strip import HostStrip
from tui.widgets.keys_line import KeysLine
from tui.widgets.log_pane import LogPane
from tui.widgets.notice import Notice

WIDE = 100
"""Cells from which on list and card stand side by side; below it they alternate."""
EMPTY = (
    ("bright", "There are no containers yet."),
    ("muted", "In another terminal:  qd demo  starts some to look at,  qd run -d localhost/base sleep 1000  one."),
)


class OverviewScreen(ActingScreen):
    """Answers what is wrong, and why, before a key is pressed."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]
    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority the application itself acts, before it looks whom the next key is for: what is typed ahead
        # after a slash goes into the field, and not to a list in which every letter does something.
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("enter", "end_filter", "Keep", key_display="⏎", priority=True),
        Binding("escape", "drop_filter", "Show all", key_display="Esc", priority=True),
        Binding("z", "trouble", "Trouble"),
        Binding("tab", "flip", "Card", key_display="⇥"),
        Binding("escape", "back", "Back", show=False),
    ]

    def __init__(self, buffer: LogBuffer, *, read_only: bool, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(read_only=read_only)
        self._buffer = buffer
        self._clock = clock
        self._moment: Moment | None = None
        self._dropped = False
        self._lost: tuple[tuple[str, str], ...] = ()

    def compose(self) -> ComposeResult:
        """From the top."""
        yield HostStrip(read_only=self._read_only, id="host")
        yield Notice(id="notice")
        with Horizontal(id="body"):
            yield ContainerList(clock=self._clock, id="list")
            yield Card(id="card")
        yield LogPane(self._buffer, id="log")
        yield Input(placeholder="words that a row must have; !word must not be there", id="filter", compact=True)
        yield KeysLine(id="keys")

    def on_mount(self) -> None:
        """The filter takes no focus and no room until it is asked for."""
        self.query_one("#filter").display = False
        self.query_one(ContainerList).focus()

    # What the application tells

    def show_moment(self, moment: Moment) -> None:
        """All rows; the cursor may be on another container afterwards."""
        self._moment = moment
        self._lost = ()
        self.query_one(HostStrip).show_moment(moment)
        self.query_one(ContainerList).show_moment(moment)
        self._say()

    def show_host(self, sample: HostSample) -> None:
        """The top line."""
        self.query_one(HostStrip).show_host(sample)

    def show_series(self, container_id: str, series: Series) -> None:
        """The card's graphs."""
        self.query_one(Card).show_series(container_id, series)

    def show_log(self) -> None:
        """The last lines."""
        self.query_one(LogPane).show_log()

    def show_lost(self, message: str, hint: str) -> None:
        """What was known stays on the screen, under a sentence that it is old."""
        again = "Trying again by itself. " + ("The list shows what was known last." if self._moment else "")
        self._lost = (("bad", message), *((("warn", hint),) if hint else ()), ("muted", again.strip()))
        self._say()

    @on(Selected)
    def show_selected(self, message: Selected) -> None:
        """Card and log of the row under the cursor; the application hears of it too."""
        now = self._moment.now_ns if self._moment else 0
        self.query_one(Card).show_row(message.row, now)
        self.query_one(LogPane).show_row(message.row, now)

    # Keys

    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.query_one(ContainerList).listing.current

    def targets(self) -> tuple[Row, ...]:
        """The marked rows, or the one under the cursor."""
        return self.query_one(ContainerList).listing.targets

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Side by side there is nothing to alternate; some keys are the filter's while one types there."""
        if action == "flip" and self.has_class("-wide"):
            return False
        if action in ("filter", "end_filter", "drop_filter"):
            return self._filtering == (action != "filter")
        return super().check_action(action, parameters)

    def action_flip(self) -> None:
        """The card instead of the list, or the list instead of the card."""
        self.toggle_class("-card")

    def action_back(self) -> None:
        """Out of the card, then the filter, then the marks."""
        rows = self.query_one(ContainerList)
        if self.has_class("-card") and not self.has_class("-wide"):
            self.remove_class("-card")
        elif rows.listing.words:
            self._end_filter(words="")
        else:
            rows.action_clear_marks()

    def action_trouble(self) -> None:
        """Show only what needs a look, or everything again."""
        rows = self.query_one(ContainerList)
        rows.filter(trouble_only=not rows.listing.trouble_only)

    def action_filter(self) -> None:
        """Ask for the words."""
        field = self.query_one("#filter", Input)
        field.display = True
        self._dropped = False
        self.set_focus(field)

    def action_end_filter(self) -> None:
        """Keep the words, go on in the list."""
        self._end_filter()

    def action_drop_filter(self) -> None:
        """Show everything, go on in the list."""
        self._end_filter(words="")
        self._dropped = True

    @on(Input.Changed, "#filter")
    def filter_now(self, message: Input.Changed) -> None:
        """Every letter counts at once; letters that arrive after Esc are dropped with those before it."""
        if self._dropped and message.value:
            message.input.value = ""
            return
        self.query_one(ContainerList).filter(words=message.value)
        message.input.display = self._filtering or bool(message.value)

    @property
    def _filtering(self) -> bool:
        """Whether one types into the filter."""
        return isinstance(self.focused, Input)

    def _end_filter(self, words: str | None = None) -> None:
        field = self.query_one("#filter", Input)
        if words is not None:
            field.value = words
        self.set_focus(self.query_one(ContainerList))
        field.display = bool(field.value)

    def _say(self) -> None:
        moment = self._moment
        warnings = tuple(("warn", warning) for warning in moment.warnings) if moment else ()
        empty = EMPTY if moment and not moment.rows else ()
        self.query_one(Notice).say(*(self._lost or warnings), *empty)

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
FILTER_WORDS = "words that a row must have; !word must not be there"
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
        self._moment: Moment | None = None
        self._dropped = False
        self._lost: tuple[tuple[str, str], ...] = ()
        # Held and not looked up: a message may come while the screen is put up or taken down.
        self._host = HostStrip(read_only=read_only, id="host")
        self._notice = Notice(id="notice")
        self._list = ContainerList(clock=clock, id="list")
        self._card = Card(id="card")
        self._log_pane = LogPane(buffer, id="log")
        self._filter = Input(placeholder=FILTER_WORDS, id="filter", compact=True)

    def compose(self) -> ComposeResult:
        """From the top."""
        yield self._host
        yield self._notice
        with Horizontal(id="body"):
            yield self._list
            yield self._card
        yield self._log_pane
        yield self._filter
        yield KeysLine(id="keys")

    def on_mount(self) -> None:
        """The filter takes no focus and no room until it is asked for."""
        self._filter.display = False
        self._list.focus()

    # What the application tells

    def show_moment(self, moment: Moment) -> None:
        """All rows; the cursor may be on another container afterwards."""
        self._moment = moment
        self._lost = ()
        self._host.show_moment(moment)
        self._list.show_moment(moment)
        self._say()

    def show_host(self, sample: HostSample) -> None:
        """The top line."""
        self._host.show_host(sample)

    def show_series(self, container_id: str, series: Series) -> None:
        """The card's graphs."""
        self._card.show_series(container_id, series)

    def show_log(self) -> None:
        """The last lines."""
        self._log_pane.show_log()

    def show_lost(self, message: str, hint: str) -> None:
        """What was known stays on the screen, under a sentence that it is old."""
        again = "Trying again by itself. " + ("The list shows what was known last." if self._moment else "")
        self._lost = (("bad", message), *((("warn", hint),) if hint else ()), ("muted", again.strip()))
        self._say()

    @on(Selected)
    def show_selected(self, message: Selected) -> None:
        """Card and log of the row under the cursor; the application hears of it too."""
        now = self._moment.now_ns if self._moment else 0
        self._card.show_row(message.row, now)
        self._log_pane.show_row(message.row, now)

    # Keys

    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._list.listing.current

    def targets(self) -> tuple[Row, ...]:
        """The marked rows, or the one under the cursor."""
        return self._list.listing.targets

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
        if self.has_class("-card") and not self.has_class("-wide"):
            self.remove_class("-card")
        elif self._list.listing.words:
            self._end_filter(words="")
        else:
            self._list.action_clear_marks()

    def action_trouble(self) -> None:
        """Show only what needs a look, or everything again."""
        self._list.filter(trouble_only=not self._list.listing.trouble_only)

    def action_filter(self) -> None:
        """Ask for the words."""
        self._filter.display = True
        self._dropped = False
        self.set_focus(self._filter)

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
            self._filter.value = ""
            return
        self._list.filter(words=message.value)
        self._filter.display = self._filtering or bool(message.value)

    @property
    def _filtering(self) -> bool:
        """Whether one types into the filter."""
        return isinstance(self.focused, Input)

    def _end_filter(self, words: str | None = None) -> None:
        if words is not None:
            self._filter.value = words
        self.set_focus(self._list)
        self._filter.display = bool(self._filter.value)

    def _say(self) -> None:
        moment = self._moment
        warnings = tuple(("warn", warning) for warning in moment.warnings) if moment else ()
        empty = EMPTY if moment and not moment.rows else ()
        self._notice.say(*(self._lost or warnings), *empty)

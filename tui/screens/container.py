"""One container, full screen: why, log, graphs, configuration."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget

from engine.model import Series
from tui import sheets
from tui.host import HostSample
from tui.lines import LogBuffer
from tui.rows import Moment, Row
from tui.screens.acting import ActingScreen
from tui.widgets.graph_panel import GraphPanel
from tui.widgets.host_strip import HostStrip
from tui.widgets.keys_line import KeysLine
from tui.widgets.log_pane import LogPane
from tui.widgets.log_view import LogView
from tui.widgets.name_line import NameLine
from tui.widgets.sheet import Sheet
from tui.widgets.tabs_line import TabsLine

TABS = ("why", "log", "graphs", "config")


class ContainerScreen(ActingScreen):
    """Draws what the bridge knows of the selected container."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", key_display="Esc"),
        *(Binding(str(number), f"tab('{tab}')", tab.capitalize(), show=False) for number, tab in enumerate(TABS, 1)),
        Binding("right_square_bracket", "turn(1)", "Next tab", show=False, key_display="]"),
        Binding("left_square_bracket", "turn(-1)", "Previous tab", show=False, key_display="["),
    ]

    def __init__(
        self, row: Row, now_ns: int, buffer: LogBuffer, *, tab: str, read_only: bool, series: Series | None = None
    ) -> None:
        super().__init__(read_only=read_only)
        self._row = row
        self._now_ns = now_ns
        self._buffer = buffer
        self._series = series
        self._tab = tab

    def compose(self) -> ComposeResult:
        """From the top."""
        yield HostStrip(read_only=self._read_only, id="host")
        yield NameLine(id="name")
        yield TabsLine(TABS, id="tabs")
        with Vertical(id="pages"):
            with Vertical(id="why"):
                yield Sheet(id="reasons")
                yield LogPane(self._buffer, title="last lines", id="last")
            yield LogView(self._buffer, id="log")
            yield GraphPanel(id="graphs")
            yield Sheet(id="config")
        yield KeysLine(id="keys")

    def on_mount(self) -> None:
        """Draw what is known already."""
        self.action_tab(self._tab)
        self._show_row()
        if self._series is not None:
            self.show_series(self._row.id, self._series)

    # What the application tells

    def show_moment(self, moment: Moment) -> None:
        """The newest of it; a container that was deleted leaves the screen with what was known last."""
        self._now_ns = moment.now_ns
        self.query_one(HostStrip).show_moment(moment)
        row = moment.find(self._row.id)
        if row is None:
            self.notify(f"{self._row.name} is gone", severity="warning", markup=False)
            self.dismiss()
            return
        self._row = row
        self._show_row()

    def show_host(self, sample: HostSample) -> None:
        """The top line."""
        self.query_one(HostStrip).show_host(sample)

    def show_series(self, container_id: str, series: Series) -> None:
        """Its graphs."""
        if container_id == self._row.id:
            self.query_one(GraphPanel).show_series(series)

    def show_log(self) -> None:
        """Its log."""
        self.query_one(LogView).show_log()
        self.query_one(LogPane).show_log()

    def show_lost(self, message: str, hint: str) -> None:
        """The engine does not answer."""
        self.query_one(NameLine).show_lost(f"{message}: {hint}" if hint else message)

    # Keys

    def current(self) -> Row | None:
        """The container of this screen."""
        return self._row

    def action_leave(self) -> None:
        """Back to the list."""
        self.dismiss()

    def action_log(self) -> None:
        """The tab, instead of another screen."""
        self.action_tab("log")

    def action_turn(self, by: int) -> None:
        """The next tab, or the one before."""
        self.action_tab(TABS[(TABS.index(self._tab) + by) % len(TABS)])

    def action_tab(self, tab: str) -> None:
        """Show one page."""
        self._tab = tab
        self.query_one(TabsLine).choose(tab)
        for page in self.query_one("#pages").children:
            page.display = page.id == tab
        shown = self.query_one("#reasons" if tab == "why" else f"#pages > #{tab}", Widget)
        self.set_focus(shown if shown.can_focus else None)

    @on(TabsLine.Chosen)
    def tab_chosen(self, message: TabsLine.Chosen) -> None:
        """A click on a tab."""
        self.action_tab(message.tab)

    def _show_row(self) -> None:
        self.query_one(NameLine).show_row(self._row, self._now_ns)
        self.query_one(LogPane).show_row(self._row, self._now_ns)
        self.query_one("#reasons", Sheet).show(sheets.why_entries(self._row, self._now_ns))
        self.query_one("#config", Sheet).show(sheets.config_entries(self._row.container))
        self.query_one(GraphPanel).show_row(self._row)

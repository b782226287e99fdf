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
        self._first_series = series
        self._tab = tab
        # Held and not looked up: a message may come while the screen is put up or taken down.
        self._host = HostStrip(read_only=read_only, id="host")
        self._name_line = NameLine(id="name")
        self._tabs_line = TabsLine(TABS, id="tabs")
        self._reasons = Sheet(id="reasons")
        self._last_lines = LogPane(buffer, title="last lines", id="last")
        self._log_view = LogView(buffer, id="log")
        self._graphs = GraphPanel(id="graphs")
        self._config = Sheet(id="config")

    def compose(self) -> ComposeResult:
        """From the top."""
        yield self._host
        yield self._name_line
        yield self._tabs_line
        with Vertical(id="pages"):
            with Vertical(id="why"):
                yield self._reasons
                yield self._last_lines
            yield self._log_view
            yield self._graphs
            yield self._config
        yield KeysLine(id="keys")

    def on_mount(self) -> None:
        """Draw what is known already."""
        self.action_tab(self._tab)
        self._show_row()
        if self._first_series is not None:
            self.show_series(self._row.id, self._first_series)

    # What the application tells

    def show_moment(self, moment: Moment) -> None:
        """The newest of it; a container that was deleted leaves the screen with what was known last."""
        self._now_ns = moment.now_ns
        self._host.show_moment(moment)
        row = moment.find(self._row.id)
        if row is None:
            self.notify(f"{self._row.name} is gone", severity="warning", markup=False)
            self.dismiss()
            return
        self._row = row
        self._show_row()

    def show_host(self, sample: HostSample) -> None:
        """The top line."""
        self._host.show_host(sample)

    def show_series(self, container_id: str, series: Series) -> None:
        """Its graphs."""
        if container_id == self._row.id:
            self._graphs.show_series(series)

    def show_log(self) -> None:
        """Its log."""
        self._log_view.show_log()
        self._last_lines.show_log()

    def show_lost(self, message: str, hint: str) -> None:
        """The engine does not answer."""
        self._name_line.show_lost(f"{message}: {hint}" if hint else message)

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
        self._tabs_line.choose(tab)
        for page in self.query_one("#pages").children:
            page.display = page.id == tab
        shown = self.query_one("#reasons" if tab == "why" else f"#pages > #{tab}", Widget)
        self.set_focus(shown if shown.can_focus else None)

    @on(TabsLine.Chosen)
    def tab_chosen(self, message: TabsLine.Chosen) -> None:
        """A click on a tab."""
        self.action_tab(message.tab)

    def _show_row(self) -> None:
        self._name_line.show_row(self._row, self._now_ns)
        self._last_lines.show_row(self._row, self._now_ns)
        self._reasons.show(sheets.why_entries(self._row, self._now_ns))
        self._config.show(sheets.config_entries(self._row.container))
        self._graphs.show_row(self._row)

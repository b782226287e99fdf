"""Asks before something is lost."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui import actions
from tui.actions import Action
from tui.ansi import plain
from tui.rows import Row


class ConfirmScreen(ModalScreen[bool]):
    """Names the target and what is lost. Cancel has the focus: Enter by itself changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(False)", "Cancel"),
        Binding("y", "dismiss(True)", "Do it"),
        Binding("left,h,right,l,tab", "other", "Choose", show=False),
    ]

    def __init__(self, action: Action, rows: tuple[Row, ...]) -> None:
        super().__init__()
        self._action = action
        self._rows = rows

    def compose(self) -> ComposeResult:
        """The question, the targets, two buttons."""
        with Vertical(id="dialog"):
            yield Static(Text(plain(actions.title(self._action, self._rows))), id="question")
            yield Static(Text(plain(self._words())), id="words")
            with Horizontal(id="buttons"):
                yield Button(Text("Cancel"), id="cancel", compact=True)
                yield Button(Text(f"{self._action.name.capitalize()} (y)"), id="go", compact=True)

    def on_mount(self) -> None:
        """The harmless one."""
        self.query_one("#cancel").focus()

    @on(Button.Pressed)
    def pressed(self, message: Button.Pressed) -> None:
        """The answer."""
        self.dismiss(message.button.id == "go")

    def action_other(self) -> None:
        """The other button."""
        self.focus_next()

    def _words(self) -> str:
        alive = [row for row in self._rows if row.alive]
        said = [] if len(self._rows) == 1 else [actions.names(self._rows)]
        if self._action is actions.DELETE and alive:
            said.append(f"Running, and killed first: {actions.names(alive)}.")
        return "\n".join([*said, self._action.question])

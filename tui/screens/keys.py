"""The keys that work where the question was asked, made from the bindings themselves."""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.sheets import BLANK, Entry
from tui.widgets.sheet import Sheet


class KeyWords(NamedTuple):
    """The keys of one action, as they are shown, and what they do."""

    keys: tuple[str, ...]
    words: str
    enabled: bool


class KeysScreen(ModalScreen[None]):
    """A sheet with the keys, and the sentences that the first screen has no room for."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def __init__(self, keys: Iterable[KeyWords]) -> None:
        super().__init__()
        self._keys = tuple(keys)

    def compose(self) -> ComposeResult:
        """One sheet."""
        with Vertical(id="dialog"):
            yield Sheet(id="keys-sheet")

    def on_mount(self) -> None:
        """Fill it."""
        sheet = self.query_one(Sheet)
        sheet.show(self._entries())
        sheet.focus()

    def _entries(self) -> list[Entry]:
        """Keys that do the same stand in one line."""
        entries = [Entry("", "The keys that work here", "bright"), BLANK]
        for keys, words, enabled in self._keys:
            said = words if enabled else f"{words} (off: read-only)"
            entries.append(Entry(" ".join(keys), said, "" if enabled else "muted"))
        return [*entries, BLANK, Entry("", "Lower case reads, upper case changes.", "muted")]

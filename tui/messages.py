"""What the bridge tells the dashboard, and what screens ask of it.

Frequent messages replace a predecessor that was not handled yet: a dashboard on a slow terminal skips moments, it
does not fall behind.
"""

from textual.message import Message

from engine.model import Series
from tui.actions import Action, Failure
from tui.host import HostSample
from tui.rows import Moment, Row


class Frequent(Message, bubble=False):
    """Only the newest one of a kind is worth handling."""

    def can_replace(self, message: Message) -> bool:
        """Replace one of the same kind."""
        return type(message) is type(self)


class MomentCame(Frequent):
    """The engine answered."""

    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self.moment = moment


class HostSampled(Frequent):
    """The host was measured."""

    def __init__(self, sample: HostSample) -> None:
        super().__init__()
        self.sample = sample


class SeriesCame(Frequent):
    """The recent past of the selected container."""

    def __init__(self, container_id: str, series: Series) -> None:
        super().__init__()
        self.container_id = container_id
        self.series = series


class LogGrew(Frequent):
    """There are lines to be taken from the bridge."""


class EngineLost(Frequent):
    """The engine does not answer, or cannot start; the bridge tries again by itself."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__()
        self.message = message
        self.hint = hint


class Acted(Message, bubble=False):
    """An action is over for all its containers."""

    def __init__(self, action: Action, done: tuple[str, ...], failures: tuple[Failure, ...]) -> None:
        super().__init__()
        self.action = action
        self.done = done
        self.failures = failures


class Selected(Message):
    """The cursor stands on another container, or on none."""

    def __init__(self, row: Row | None) -> None:
        super().__init__()
        self.row = row


class Opened(Message):
    """A container is to be shown full screen, on this tab."""

    def __init__(self, row: Row, tab: str) -> None:
        super().__init__()
        self.row = row
        self.tab = tab


class ActionAsked(Message):
    """Something is to be done to these containers."""

    def __init__(self, action: Action, rows: tuple[Row, ...]) -> None:
        super().__init__()
        self.action = action
        self.rows = rows


class TerminalAsked(Message):
    """A shell in a container is wanted, or its own terminal."""

    def __init__(self, row: Row, *, own: bool) -> None:
        super().__init__()
        self.row = row
        self.own = own

"""Drawing with the colours of the theme: looks by name, lines made of stretches, strips that change only where needed.

The looks are component classes `look--NAME`, coloured in `app.tcss`; no widget names a colour.
"""

from collections.abc import Iterable
from typing import ClassVar, Self

from rich.cells import cell_len, set_cell_size
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.ansi import plain
from tui.sgr import Color, Look

LOOKS = frozenset(
    f"look--{name}"
    for name in (
        "bright",
        "muted",
        "key",
        "good",
        "warn",
        "bad",
        "accent",
        "cpu",
        "memory",
        "disk",
        "rule",
        "title",
        "cursor",
        "chosen",
    )
)


class Painted(Widget):
    """A widget that draws its own lines."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(LOOKS)

    _looks: dict[tuple[str, ...], Style] | None = None

    def look(self, *names: str) -> Style:
        """The style of a name, or of several on top of one another, on this widget's own background."""
        if self._looks is None:
            self._looks = {}
        if names not in self._looks:
            style = self.rich_style
            for name in names:
                style += self.get_component_rich_style(f"look--{name}", partial=True)
            self._looks[names] = style
        return self._looks[names]

    def on_mount(self) -> None:
        """Follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.retint())

    def notify_style_update(self) -> None:
        """Colours may have changed."""
        super().notify_style_update()
        self._looks = None

    def retint(self) -> None:
        """Draw everything anew, in the colours of another theme."""
        self._looks = None
        self.refresh()


class Drawn(Painted):
    """A widget of fixed size that is drawn as a whole and repainted where it changed."""

    _strips: list[Strip] = []

    def draw(self, size: Size) -> Iterable[Strip]:
        """The lines, from the top; missing ones are blank, those beyond the height are not shown."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw anew, and have the terminal repaint the lines that differ."""
        width, height = self.size
        if not width or not height:
            return
        fresh = [strip.adjust_cell_length(width, self.look()) for strip in self.draw(self.size)][:height]
        fresh += [Strip.blank(width, self.look())] * (height - len(fresh))
        old, self._strips = self._strips, fresh
        if len(old) != len(fresh):
            self.refresh()
            return
        changed = [Region(0, y, width, 1) for y in range(height) if fresh[y] != old[y]]
        if changed:
            self.refresh(*changed)

    def on_resize(self) -> None:
        """Another size: every line is another."""
        self._strips = []
        self.redraw()

    def retint(self) -> None:
        """Another theme: every line is another."""
        super().retint()
        self._strips = []
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """One line for the compositor."""
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.look())


class Stretch:
    """One line while it is put together, from the left."""

    def __init__(self, base: Style) -> None:
        self._base = base
        self._segments: list[Segment] = []
        self.width = 0
        """Cells so far."""

    def add(self, text: str, style: Style | None = None) -> Self:
        """Append text; whatever a stranger put into it that cannot be printed is replaced."""
        text = plain(text)
        self._segments.append(Segment(text, self._base if style is None else style))
        self.width += cell_len(text)
        return self

    def cell(self, text: str, width: int, style: Style | None = None, *, right: bool = False) -> Self:
        """Append text cut or filled to a width."""
        fitted = fit(plain(text), width)
        blank = " " * (width - cell_len(fitted))
        return self.add(blank + fitted if right else fitted + blank, style)

    def to(self, column: int, style: Style | None = None) -> Self:
        """Fill up to a column."""
        return self.add(" " * max(0, column - self.width), style)

    def strip(self, width: int | None = None) -> Strip:
        """The line, cut or filled to a width."""
        strip = Strip(self._segments, self.width)
        return strip if width is None else strip.adjust_cell_length(width, self._base)


def fit(text: str, width: int) -> str:
    """Text in at most `width` cells; a cut is shown."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""


def log_style(look: Look, base: Style) -> Style:
    """The style of a stretch of a container's output."""
    return base + Style(
        color=_color(look.color),
        bgcolor=_color(look.background),
        bold=look.bold or None,
        dim=look.dim or None,
        italic=look.italic or None,
        underline=look.underline or None,
        reverse=look.reverse or None,
        strike=look.strike or None,
    )


def _color(color: Color) -> RichColor | None:
    if color is None:
        return None
    return RichColor.from_ansi(color) if isinstance(color, int) else RichColor.from_rgb(*color)

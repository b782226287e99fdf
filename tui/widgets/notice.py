"""What the operator must know before anything else: no engine, or what does not work on this host."""

from textual.geometry import Size
from textual.strip import Strip

from tui.widgets.paint import Drawn, Stretch
from tui.wrapping import wrap


class Notice(Drawn):
    """A sentence and what to do about it; takes no room while there is nothing to say."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._said: tuple[tuple[str, str], ...] = ()
        self.display = False

    def say(self, *said: tuple[str, str]) -> None:
        """Pairs of the name of a look and a sentence; none takes the notice away."""
        if said == self._said:
            return
        self._said = said
        self.display = bool(said)
        self._fit()
        self.redraw()

    def on_resize(self) -> None:
        """Sentences wrap at another place."""
        self._fit()

    def draw(self, size: Size) -> list[Strip]:
        """Each sentence, wrapped."""
        return [
            Stretch(self.look()).add("▎ ", self.look(look)).add(text, self.look(look)).strip()
            for look, text in self._lines(size.width)
        ]

    def _lines(self, width: int) -> list[tuple[str, str]]:
        return [(look, line) for look, text in self._said for line in wrap(text, width - 2)]

    def _fit(self) -> None:
        height = max(1, len(self._lines(self.app.size.width - 2)))
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height

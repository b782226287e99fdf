"""The top line: the host, and how many containers are in which state."""

from collections import Counter, deque

from textual.geometry import Size
from textual.strip import Strip

from tui import braille, figures, glyphs
from tui.host import HostSample
from tui.rows import Moment, Trouble
from tui.widgets.paint import Drawn, Stretch

HISTORY = 20
"""Samples of the host's CPU that the line remembers."""
SHOWN = (
    Trouble.RUNNING,
    Trouble.PAUSED,
    Trouble.THROTTLED,
    Trouble.LOOP,
    Trouble.FAILED,
    Trouble.OOM,
    Trouble.CREATED,
    Trouble.ENDED,
)
"""States in the order in which they are counted: what is well on the left, what is not on the right."""
SHOWN_NARROW = SHOWN[:-2]
WIDE = 100
"""Cells from which on there is room for more than figures."""
PRESSURE_SHOWN = 0.01
"""Below it, pressure is not worth the room."""

Part = tuple[tuple[str, str], ...]
"""Stretches of text, each with the name of its look, that are shown together or not at all."""


class HostStrip(Drawn):
    """One line; parts that do not fit are left out, the least important first."""

    def __init__(self, *, read_only: bool, id: str | None = None) -> None:
        super().__init__(id=id)
        self._read_only = read_only
        self._sample: HostSample | None = None
        self._moment: Moment | None = None
        self._cpu: deque[float | None] = deque(maxlen=HISTORY)

    def show_host(self, sample: HostSample) -> None:
        """Take in a measurement of the host."""
        self._sample = sample
        self._cpu.append(sample.cpu_ratio)
        self.redraw()

    def show_moment(self, moment: Moment) -> None:
        """Take in the state of all containers."""
        self._moment = moment
        self.redraw()

    def draw(self, size: Size) -> list[Strip]:
        """The host on the left, the containers on the right."""
        right = _fitting(self._counts(size.width), size.width - 4)
        left = _fitting(self._host(size.width), size.width - _length(right) - 2)
        line = Stretch(self.look())
        for part in left:
            self._add(line, part)
        line.to(size.width - _length(right))
        for part in right:
            self._add(line, part)
        return [line.strip(size.width)]

    def _add(self, line: Stretch, part: Part) -> None:
        for text, look in part:
            line.add(text, self.look(*([look] if look else [])))

    def _host(self, width: int) -> list[Part]:
        parts: list[Part] = [((" qd ", "chosen"), (" ", ""))]
        sample = self._sample
        if sample is None:
            return parts
        spark = braille.filled(list(self._cpu), HISTORY // 2, 1, 1.0)[0] + "  " if width >= WIDE else " "
        parts += [
            ((sample.hostname[:20] + "  ", "bright"),),
            (("cpu ", "muted"), (f"{figures.percent(sample.cpu_ratio)} ", ""), (spark, "cpu")),
            (("mem ", "muted"), (_memory(sample, width), "")),
            (("load ", "muted"), (f"{sample.load:.2f} on {sample.cpus}  ", "")),
        ]
        return parts + [_pressure(name, share) for name, share in sample.pressure.items() if share >= PRESSURE_SHOWN]

    def _counts(self, width: int) -> list[Part]:
        parts: list[Part] = [((" READ-ONLY ", "warn"),)] if self._read_only else []
        if self._moment is None:
            return parts
        if self._moment.oom_recent:
            parts.append(((f"{self._moment.oom_recent} OOM in 15 min  ", "bad"),))
        counts = Counter(row.trouble for row in self._moment.rows)
        shown = [state for state in (SHOWN if width >= WIDE else SHOWN_NARROW) if counts[state]]
        return parts + [((f"{glyphs.GLYPHS[state]} {counts[state]}  ", glyphs.LOOKS[state]),) for state in shown]


def _memory(sample: HostSample, width: int) -> str:
    if width < WIDE:
        return f"{figures.percent(sample.memory_bytes / max(1, sample.memory_total_bytes))}  "
    return f"{figures.short_size(sample.memory_bytes)} of {figures.size(sample.memory_total_bytes)}  "


def _pressure(name: str, share: float) -> Part:
    return (("waits for ", "muted"), (f"{name} {figures.percent(share)}  ", "warn" if share >= 0.1 else ""))


def _fitting(parts: list[Part], room: int) -> list[Part]:
    """The parts from the first on, as long as they fit."""
    chosen: list[Part] = []
    for part in parts:
        if _length([*chosen, part]) > room:
            break
        chosen.append(part)
    return chosen


def _length(parts: list[Part]) -> int:
    return sum(len(text) for part in parts for text, _ in part)

"""Lines that show how far each part of a transfer has come."""

from typing import Final, NamedTuple

from engine.cli.render.human import decimal_size

_BAR: Final = 24
_KEY: Final = 12
_STEP: Final = 12


class Part(NamedTuple):
    """One layer, or one step of the whole, as it was told of last."""

    key: str
    """The beginning of a digest, or empty."""
    step: str
    done: int = 0
    total: int = 0
    """0 where it is not known."""
    bytes_per_second: float = 0.0

    @property
    def moving(self) -> bool:
        """Whether there is a way to show, of which a part is done."""
        return self.total > 0 and self.done < self.total


def line(part: Part, width: int) -> str:
    """`4f4fb700ef54  downloading  [=======>      ]  12.3MB/45MB  10MB/s  3s`, cut to the width.

    What has no key counts things and not bytes: `copying files  [==>     ]  12%`.
    """
    words = [f"{part.key:<{_KEY}}", f"{part.step:<{_STEP}}"] if part.key else [part.step]
    if part.moving:
        words.append(_bar(part.done / part.total))
    if part.moving and part.key:
        words.append(f"{decimal_size(part.done)}/{decimal_size(part.total)}")
    elif part.moving:
        words.append(f"{100 * part.done // part.total}%")
    if part.moving and part.bytes_per_second >= 1:
        left = (part.total - part.done) / part.bytes_per_second
        words += [f"{decimal_size(part.bytes_per_second)}/s", _time_left(left)]
    return "  ".join(words).rstrip()[: max(width - 1, 1)]


def _time_left(seconds: float) -> str:
    """`8s`, `2m 10s`, `3h 5m`."""
    whole = int(seconds) + 1
    if whole < 60:
        return f"{whole}s"
    return f"{whole // 60}m {whole % 60}s" if whole < 3600 else f"{whole // 3600}h {whole % 3600 // 60}m"


def _bar(share: float) -> str:
    filled = int(share * _BAR)
    return f"[{'=' * filled}>{' ' * (_BAR - 1 - filled)}]"


class Rate:
    """Bytes a second of the recent past; what is told of seldom counts as long as nothing newer is known."""

    def __init__(self) -> None:
        self._points: list[tuple[float, int]] = []

    def note(self, seconds: float, done: int) -> float:
        """Take in how far it is at a moment of a monotonic clock; the rate."""
        if self._points and done < self._points[-1][1]:
            self._points = []  # it was begun anew
        self._points = [*(point for point in self._points if seconds - point[0] < 3.0), (seconds, done)][-64:]
        (first, start), (last, end) = self._points[0], self._points[-1]
        return (end - start) / (last - first) if last > first else 0.0

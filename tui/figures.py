"""Numbers as the dashboard writes them: one place, no state, always the same width for the same magnitude."""

import signal
import time
from typing import Final

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SECOND: Final = 1_000_000_000
_AGES: Final = ((60, 1, "s", "s"), (3600, 60, "m", "min"), (48 * 3600, 3600, "h", "h"))
"""Below so many seconds: the unit in seconds, its short and its long sign. Then come days."""


def size(count: float) -> str:
    """Bytes with three figures and a unit: 0 B, 12.3 MiB, 64 MiB."""
    value, unit = _scaled(count)
    return f"{_three(value)} {_UNITS[unit]}"


def short_size(count: float) -> str:
    """Bytes in at most five characters: 0, 12.3M, 64M, 1.5G."""
    value, unit = _scaled(count)
    return f"{_three(value)}{_UNITS[unit][0] if unit else ''}"


def rate(count: float) -> str:
    """Bytes per second."""
    return f"{size(count)}/s"


def cores(value: float) -> str:
    """Cores' worth of time in four characters: 0.20, 12.5, 128."""
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}"


def percent(ratio: float) -> str:
    """A share of one: 34 %."""
    return f"{ratio * 100:.0f} %"


def short_age(nanoseconds: int) -> str:
    """A duration in at most four characters: 12s, 3m, 47h, 120d."""
    count, short, _ = _age(nanoseconds)
    return f"{count}{short}"


def age(nanoseconds: int) -> str:
    """A duration in words: 12 s, 3 min, 47 h, 120 d."""
    count, _, long = _age(nanoseconds)
    return f"{count} {long}"


def duration(nanoseconds: int) -> str:
    """How long something lasted; below ten seconds with a tenth, since programs that fail at once are common."""
    seconds = max(0, nanoseconds) / _SECOND
    return f"{seconds:.1f} s" if seconds < 9.95 else age(nanoseconds)


def moment(time_ns: int) -> str:
    """A point in time, in UTC: logs of several hosts are compared by it."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(time_ns // _SECOND)) if time_ns else "never"


def exit_words(code: int | None) -> str:
    """An exit code with what it stands for: exit 1, exit 137 (SIGKILL)."""
    if code is None:
        return "exit code unknown"
    known = {126: "cannot be executed", 127: "not found"}.get(code, _signal_name(code - 128))
    return f"exit {code} ({known})" if known else f"exit {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


def _scaled(count: float) -> tuple[float, int]:
    value, unit = max(0.0, float(count)), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return value, unit


def _three(value: float) -> str:
    text = f"{value:.0f}" if value >= 99.95 else f"{value:.1f}"
    return text.removesuffix(".0")


def _age(nanoseconds: int) -> tuple[int, str, str]:
    seconds = max(0, nanoseconds) // _SECOND
    for below, unit, short, long in _AGES:
        if seconds < below:
            return seconds // unit, short, long
    return seconds // 86400, "d", "d"

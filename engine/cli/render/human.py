"""Numbers as a person reads them, in Docker's words. Every function is pure."""

import time
from functools import lru_cache
from typing import Final

_DECIMAL: Final = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_BINARY: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_MINUTE, _HOUR, _DAY, _WEEK, _MONTH, _YEAR = 60, 3600, 86400, 604800, 2592000, 31536000


def duration(seconds: float) -> str:
    """`5 seconds`, `About a minute`, `3 hours`, `2 days`."""
    whole = int(seconds)
    hours = int(seconds / _HOUR + 0.5)
    if whole < 1:
        return "Less than a second"
    if whole < _MINUTE:
        return "1 second" if whole == 1 else f"{whole} seconds"
    if whole < _HOUR:
        return "About a minute" if whole < 2 * _MINUTE else f"{whole // _MINUTE} minutes"
    return "About an hour" if hours <= 1 else _long(hours * _HOUR)


def ago(then_ns: int, now_ns: int) -> str:
    """`5 minutes ago`; a clock that was set back counts as now."""
    return f"{duration(max(0, now_ns - then_ns) / 1e9)} ago"


def decimal_size(size: float) -> str:
    """Three digits and a unit of 1000: `1.23MB`."""
    return _scaled(size, 1000, _DECIMAL, 3)


def binary_size(size: float) -> str:
    """Four digits and a unit of 1024: `63.99MiB`."""
    return _scaled(size, 1024, _BINARY, 4)


def percent(ratio: float) -> str:
    """`12.34%`."""
    return f"{ratio * 100:.2f}%"


def rfc3339(time_ns: int) -> str:
    """`2026-05-01T10:11:12.123456789Z`; nine digits always, so that lines sort as text."""
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    return f"{_second(seconds)}.{nanoseconds:09d}Z"


def local_time(time_ns: int) -> str:
    """`2026-05-01 10:11:12 +0200 CEST`."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(time_ns // 1_000_000_000))


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    """Kept, since a log has many lines in a second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _long(seconds: int) -> str:
    """The largest unit of which there are at least two."""
    for unit, name in ((_YEAR, "years"), (_MONTH, "months"), (_WEEK, "weeks"), (_DAY, "days")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{seconds // _HOUR} hours"


def _scaled(size: float, base: int, units: tuple[str, ...], digits: int) -> str:
    index = 0
    while size >= base and index < len(units) - 1:
        size /= base
        index += 1
    rounded = float(f"{size:.{digits}g}")
    if rounded >= base and index < len(units) - 1:
        rounded, index = rounded / base, index + 1
    return f"{rounded:g}{units[index]}"

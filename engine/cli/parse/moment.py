"""Points in time and durations, as `--since` and `--until` take them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from engine.errors import InvalidInput

SECOND_NS: Final = 1_000_000_000
_UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": SECOND_NS,
    "m": 60 * SECOND_NS,
    "h": 3600 * SECOND_NS,
    "d": 86400 * SECOND_NS,
}
_PART: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s|m|h|d)")
_DURATION: Final = re.compile(rf"(?:{_PART.pattern})+")
_UNIX: Final = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,9}))?")
_CALENDAR: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_EXAMPLES: Final = "10m, 1h30m, 2026-05-01T10:00:00Z, 2026-05-01, 1777630000"


def parse_duration(text: str) -> int:
    """Nanoseconds of a duration in Go's form: `10m`, `1h30m`, `1.5s`. Raises `InvalidInput`."""
    if not _DURATION.fullmatch(text):
        raise InvalidInput(f"'{text}' is not a duration", hint="numbers with units: 90s, 10m, 1h30m")
    return sum(int(float(number) * _UNITS_NS[unit]) for number, unit in _PART.findall(text))


def parse_moment(text: str, now_ns: int) -> int:
    """Nanoseconds since the epoch: a duration before `now_ns`, a calendar time, or Unix seconds.

    A calendar time without a zone is local. Raises `InvalidInput`.
    """
    if _DURATION.fullmatch(text):
        return now_ns - parse_duration(text)
    if match := _UNIX.fullmatch(text):
        return int(match[1]) * SECOND_NS + _fraction_ns(match[2])
    if match := _CALENDAR.fullmatch(text):
        return _calendar(text, match)
    raise InvalidInput(f"'{text}' is not a time", hint=f"for example {_EXAMPLES}")


def _calendar(text: str, match: re.Match[str]) -> int:
    numbers = [int(part or 0) for part in match.groups()[:6]]
    try:
        moment = datetime(*numbers, tzinfo=_zone(match[8]))  # type: ignore[arg-type,misc]  # six integers, then the zone
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError, OSError) as err:
        raise InvalidInput(f"'{text}' is not a time: {err}", hint=f"for example {_EXAMPLES}") from err
    return seconds * SECOND_NS + _fraction_ns(match[7])


def _zone(text: str | None) -> timezone | None:
    """The zone of `Z` or `+02:00`; None is local time."""
    if text is None:
        return None
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _fraction_ns(digits: str | None) -> int:
    return int((digits or "0").ljust(9, "0"))

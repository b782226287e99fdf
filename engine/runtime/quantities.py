"""Numbers and sizes of a command line. Pure."""

from typing import Final

from engine.errors import InvalidInput

_UNITS: Final = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}


def number(text: str) -> int:
    """A whole number. Raises `InvalidInput`."""
    try:
        return int(text) if len(text) < 24 else int("x")
    except ValueError:
        raise InvalidInput(f"invalid value {text[:24]!r}", hint="a whole number") from None


def size(text: str) -> int:
    """Bytes, as `64m`, `1.5G`, `512KiB` or `-1` for no limit. Raises `InvalidInput`."""
    lower = text.strip().lower()
    if lower == "-1":
        return -1
    digits = lower.rstrip("bikmgtp")
    unit = lower[len(digits) :].removesuffix("ib") if lower.endswith("ib") else lower[len(digits) :]
    unit = unit.removesuffix("b") if len(unit) > 1 else unit
    try:
        found = int(float(digits) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        found = -1
    if found < 0:
        raise InvalidInput(f"invalid size {text[:24]!r}", hint="such as 64m or 1g; -1 is no limit")
    return found

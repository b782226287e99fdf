"""When an image is made, as its config says it.

Source: reproducible-builds.org, SOURCE_DATE_EPOCH; OCI image-spec, config.md: RFC 3339.
"""

import os
import time
from datetime import UTC, datetime
from typing import Final

from engine.errors import InvalidInput

VARIABLE: Final = "SOURCE_DATE_EPOCH"
_SECOND_NS: Final = 10**9
_DIGITS_MAX: Final = 12


def now() -> str:
    """The time, to the nanosecond, or that of SOURCE_DATE_EPOCH where it is set. Raises InvalidInput."""
    return written(_chosen_ns(os.environ.get(VARIABLE, "")))


def written(time_ns: int) -> str:
    """Nanoseconds since the epoch as RFC 3339 has them, in UTC. Raises InvalidInput beyond the year 9999."""
    seconds, rest = divmod(time_ns, _SECOND_NS)
    try:
        text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError) as err:
        raise _wrong() from err
    return f"{text}.{rest:09}".rstrip("0").rstrip(".") + "Z"


def _chosen_ns(text: str) -> int:
    if not text:
        return time.time_ns()
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise _wrong()
    return int(text) * _SECOND_NS


def _wrong() -> InvalidInput:
    return InvalidInput(f"{VARIABLE} is no time", hint="set it to seconds since 1970, or unset it")

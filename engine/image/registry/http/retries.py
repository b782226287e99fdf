"""When and how often a request is sent again.

    429, 500, 502, 503, 504, resets, timeouts     again: after what Retry-After says, else twice as long each time
    anything else                                 an answer

A request is sent again only where that changes nothing, or where the server has said that it did nothing (429, 503).

Source: RFC 9110, sections 9.2.2 and 10.2.3.
"""

import random
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

import httpx

from engine.errors import Unreachable

STATUSES: Final = frozenset({429, 500, 502, 503, 504})
_UNDONE: Final = frozenset({429, 503})
_SECONDS: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_DOUBLINGS_MAX: Final = 30
_DAY_SECONDS: Final = 86_400.0
_SOON_SECONDS: Final = 120.0

Say = Callable[[dict[str, Any]], None]
Attempt = Callable[[], httpx.Response]


class Interrupted(Unreachable):
    """A connection that was cut, reset or silent: the same request may succeed."""


class Patience(NamedTuple):
    """How long a registry is borne with. Times are in seconds."""

    attempts: int = 5
    first_seconds: float = 0.5
    most_seconds: float = 20.0
    asked_max_seconds: float = 60.0
    """What Retry-After may ask for; who wants more is told to come back."""
    connect_seconds: float = 10.0
    silence_seconds: float = 60.0
    """Without a byte, in either direction."""
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def delay(self, failures: int) -> float:
        """Before the next attempt after so many failures: doubled each time, and no two hosts at once."""
        longest = min(self.most_seconds, self.first_seconds * 2.0 ** min(failures - 1, _DOUBLINGS_MAX))
        return longest * (0.5 + self.chance() / 2)


def patiently(
    attempt: Attempt, patience: Patience, say: Say, *, is_repeatable: bool, is_harmless: bool
) -> httpx.Response:
    """The answer of the first attempt that is one. Raises what the last one raised.

    `is_repeatable`: its body can be sent again. `is_harmless`: twice is as good as once.
    """
    again = (STATUSES if is_harmless else _UNDONE) if is_repeatable else frozenset[int]()
    for failures in range(1, patience.attempts):
        asked: float | None = None
        try:
            answer = attempt()
        except Interrupted:
            if not (is_repeatable and is_harmless):
                raise
        else:
            if answer.status_code not in again:
                return answer
            answer.close()
            asked = _asked(answer, patience)
        _wait(patience.delay(failures) if asked is None else asked, patience, say)
    return attempt()


def retry_after(header: str, now: datetime) -> float | None:
    """Seconds to wait, by a number or a date; None where the header says neither. A time that is over is 0."""
    if seconds := _SECONDS.fullmatch(header.strip(" \t")):
        return float(seconds[0])
    try:
        moment = parsedate_to_datetime(header)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _wait(seconds: float, patience: Patience, say: Say) -> None:
    say({"step": f"retrying in {max(1, round(seconds))} s"})
    patience.sleep(seconds)


def _asked(answer: httpx.Response, patience: Patience) -> float | None:
    """What the server asks for. Raises Unreachable where it is longer than anybody waits."""
    now = patience.now()
    seconds = retry_after(answer.headers.get("Retry-After", ""), now)
    if seconds is not None and seconds > patience.asked_max_seconds:
        host = answer.request.url.host
        raise Unreachable(f"{host} wants no request for the next {_span(seconds)}", hint=_come_back(now, seconds))
    return seconds


def _span(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < _SOON_SECONDS else f"{seconds / 60:.0f} minutes"


def _come_back(now: datetime, seconds: float) -> str:
    if seconds > _DAY_SECONDS:
        return "try again another day"
    return f"try again after {(now + timedelta(seconds=seconds)).astimezone():%H:%M}"

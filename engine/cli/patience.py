"""Calls that outlive a supervisor."""

import select
from collections.abc import Callable
from typing import Final, TypeVar

from engine.errors import Unreachable

T = TypeVar("T")
_PAUSES_SECONDS: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)


def once_it_answers(call: Callable[[], T]) -> T:
    """The answer of `call`, tried again where the engine is lost.

    One that is being killed still takes connections for a moment, so that the next one cannot be started yet.
    Raises `Unreachable` when it is lost every time.
    """
    *earlier, last = _PAUSES_SECONDS
    for pause in earlier:
        select.select([], [], [], pause)
        try:
            return call()
        except Unreachable:
            continue
    select.select([], [], [], last)
    return call()

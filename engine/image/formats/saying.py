"""Progress as events, not more often than eyes can follow."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

Say = Callable[[dict[str, Any]], None]
"""Takes `{"step": words, "done": bytes, "total": bytes}`; with `"layer"`, 12 hex digits, of one. Total 0: unknown."""

_PAUSE_SECONDS: Final = 0.1


def of_layer(say: Say, digest: str, step: str) -> Callable[[int, int], None]:
    """What is told about one layer: bytes done, and of how many."""
    return _sparsely(say, {"layer": digest.removeprefix("sha256:")[:12], "step": step})


def of_all(say: Say, step: str) -> Callable[[int, int], None]:
    """What is told about the whole: bytes done, and of how many."""
    return _sparsely(say, {"step": step})


def bytes_of(say: Say, step: str) -> Callable[[int], None]:
    """The same where nobody knows of how many."""
    report = of_all(say, step)
    return lambda done: report(done, 0)


def _sparsely(say: Say, event: Mapping[str, Any]) -> Callable[[int, int], None]:
    """Pass on the first part, the last, and between them ten a second."""
    told = 0.0

    def report(done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _PAUSE_SECONDS or (total and done >= total):
            told = now
            say({**event, "done": done, "total": total})

    return report

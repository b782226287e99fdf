"""What is told of layers while they move: each step at once, and bytes a few times a second.

{"layer": 12 hex digits, "step": "downloading", "done": bytes, "total": bytes}
"""

import threading
import time
from typing import Any, Final

from engine.image.formats.saying import Say
from engine.image.store.blobs import hexadecimal

_INTERVAL_SECONDS: Final = 0.1
_SHORT: Final = 12


def silent(_event: dict[str, Any]) -> None:
    """Tell nobody."""


class Teller:
    """Lets several threads tell one listener, one event at a time."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._lock = threading.Lock()

    def __call__(self, event: dict[str, Any]) -> None:
        with self._lock:
            self._say(event)


class LayerProgress:
    """The steps of one layer or config."""

    def __init__(self, say: Say, digest: str, total: int) -> None:
        self._say = say
        self._layer = hexadecimal(digest)[:_SHORT]
        self.total = total
        self._step = ""
        self._done = 0
        self._next = 0.0
        """When bytes may be told again."""

    def __call__(self, step: str, done: int = 0, total: int | None = None) -> None:
        """Tell how far a step is; nothing where as much was told just now."""
        now = time.monotonic()
        if step == self._step and now < self._next:
            return
        self._step, self._next, self._done = step, now + _INTERVAL_SECONDS, done
        self._say({"layer": self._layer, "step": step, "done": done, "total": self.total if total is None else total})

    def told(self, event: dict[str, Any]) -> None:
        """Tell a step that somebody else knows of, such as that a request will be sent again."""
        self(event["step"], self._done)

"""How a call reaches the supervisor: a connection for each thread, made at its first call, and anew where lost."""

import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from engine import connection, errors, launch
from engine.connection import Connection
from engine.state.paths import Paths, from_environment

if TYPE_CHECKING:
    pass

T = TypeVar("T")
Progress = Callable[[dict[str, Any]], None]
"""Called with `{"step": words, "done": n, "total": n}`; n in bytes or items, total 0 where not known. Where several
things go on at once, each is told of under its own key: `{"layer": 12 hex digits, "step", "done", "total"}`."""


class Transport:
    """What the calls of `Engine` are made of."""

    def __init__(
        self, paths: Paths | None = None, *, start: bool = True, on_warning: Callable[[str], None] = lambda _text: None
    ) -> None:
        self.paths = paths or from_environment()
        self._on_warning = on_warning
        """Called with what a user of this host should know, such as limits that have no effect here; told once each."""
        self._start = start
        self._local = threading.local()

    def close(self) -> None:
        """Close this thread's connection."""
        own: Connection | None = getattr(self._local, "connection", None)
        if own is not None:
            own.close()
            self._local.connection = None

    def _connect(self) -> Connection:
        return connection.connect(self.paths, start=self._start)

    def _call(
        self,
        method: str,
        params: dict[str, Any],
        progress: Progress | None = None,
        meanwhile: Callable[[], None] | None = None,
        fds: tuple[int, ...] = (),
    ) -> Any:
        """A call on this thread's own connection, made anew where it was lost."""
        own: Connection | None = getattr(self._local, "connection", None)
        if own is None:
            own = self._local.connection = self._connect()
        try:
            return own.call(method, params, self._sort(progress), meanwhile, fds)
        except errors.Unreachable:
            self.close()
            raise

    def _get(self, method: str, params: dict[str, Any], kind: type[T]) -> T:
        import msgspec

        return msgspec.convert(self._call(method, params), kind)

    def _sort(self, progress: Progress | None) -> Progress:
        """Events before a result are warnings, or progress."""

        def sort(event: dict[str, Any]) -> None:
            if "warning" in event:
                self._on_warning(event["warning"])
            elif progress is not None:
                progress(event)

        return sort


def plain(value: Any) -> Any:
    """As JSON has it. What is plain already needs no msgspec; a value of the model has brought it along."""
    encoder = sys.modules.get("msgspec")
    return value if encoder is None else encoder.to_builtins(value)


def surroundings() -> dict[str, str]:
    """What of our environment concerns whoever fetches for us: proxies, certificates, where credentials are."""
    return {name: os.environ[name] for name in launch.SURROUNDINGS if name in os.environ}

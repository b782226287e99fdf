"""Threads that work side by side, where the first failure ends the work of all."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, ParamSpec, TypeVar

THREADS: Final = 3
"""Layers on their way at once, as Docker has it: more of them gain nothing and annoy registries."""

P = ParamSpec("P")
T = TypeVar("T")


class Stopped(Exception):
    """Another thread's work has failed, so that this one's is in vain. Never leaves the crew."""


class Crew:
    """A few threads; `together` makes and ends them."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._stop = threading.Event()
        self._failures: list[BaseException] = []
        """The first is the one that counts."""

    def start(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Let a thread do this when one is free."""
        future = self._pool.submit(work, *args, **kwargs)
        future.add_done_callback(self._look)
        return future

    def result(self, future: "Future[T]") -> T:
        """What the work came to, once it is done. Raises the first failure of any."""
        try:
            return future.result()
        except Stopped:
            raise self._failures[0] from None  # it was there before anybody was stopped

    def check(self) -> None:
        """For work that takes long, now and then. Raises Stopped."""
        if self._stop.is_set():
            raise Stopped

    def rest(self, seconds: float) -> None:
        """Wait; no longer than all goes well. Raises Stopped."""
        if self._stop.wait(seconds):
            raise Stopped

    def stop(self) -> None:
        """Let everybody end."""
        self._stop.set()

    def _look(self, future: "Future[Any]") -> None:
        if future.cancelled() or (failure := future.exception()) is None:
            return
        if not isinstance(failure, Stopped):
            self._failures.append(failure)
        self._stop.set()


@contextmanager
def together(threads: int = THREADS) -> Iterator[Crew]:
    """A crew, until the end of the block; what has not been waited for then is given up."""
    with ThreadPoolExecutor(threads) as pool:
        crew = Crew(pool)
        try:
            yield crew
        finally:
            crew.stop()
            pool.shutdown(wait=False, cancel_futures=True)

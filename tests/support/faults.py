"""Makes the k-th kernel call fail, in this process or in a child that it clones."""

import errno
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.kernel import syscalls

BEYOND = 10_000
"""No start makes so many calls: a loop that gets there does not end by itself."""


class Fault:
    """Fails one call, counted from 1 in each process: in this one, or in those that come from it.

    Memory that they share tells which calls were made to fail.
    """

    def __init__(self, number: int, error: int, *, here: bool) -> None:
        self._left = number
        self._error = error
        self._here = here
        self._pid = os.getpid()
        self._shared = mmap.mmap(-1, 4096)

    def __call__(self, call: str) -> None:
        if (os.getpid() == self._pid) is not self._here:
            return
        self._left -= 1
        if self._left == 0:
            at = self._shared[:].index(0)
            self._shared[at : at + len(call) + 1] = f"{call} ".encode()
            raise OSError(self._error, os.strerror(self._error), "a fault of the test")

    @property
    def failed_calls(self) -> list[str]:
        """The calls that were made to fail; empty where there were not so many."""
        return self._shared[:].rstrip(b"\0").decode().split()

    def close(self) -> None:
        self._shared.close()


@contextmanager
def fault(number: int, error: int = errno.EIO, *, here: bool) -> Iterator[Fault]:
    """The number-th kernel call from now on fails."""
    made = Fault(number, error, here=here)
    syscalls.hook = made
    try:
        yield made
    finally:
        syscalls.hook = None
        made.close()


def every_fault(error: int, run: Callable[[], None], *, here: bool) -> Iterator[tuple[int, list[str]]]:
    """Run with the first call failing, the second, and so on, until none is left to fail: (number, calls)."""
    for number in range(1, BEYOND):
        with fault(number, error, here=here) as made:
            run()
            calls = made.failed_calls
        if not calls:
            return
        yield number, calls
    raise AssertionError("there is no end to the kernel calls")

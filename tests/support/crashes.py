"""Lets a process die, or a call fail, at the k-th change that it makes to a file system.

Calls of `os` that change something are counted, and `syncfs`; builtin `open` writes through none of them, but what it
writes has no name yet. The process dies before the call, as if somebody had killed it there.
"""

import functools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine.kernel import syscalls

CALLS = """chmod chown fchmod fchown fsync ftruncate link mkdir mknod rename rmdir setxattr symlink truncate unlink
utime write""".split()
BEYOND = 20_000


@contextmanager
def unsynced() -> Iterator[None]:
    """Nothing waits for a disk, which would take a hundred times as long as the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _nothing)
        patch.setattr(syscalls, "syncfs", _nothing)
        yield


@contextmanager
def counted(at: Callable[[str], None]) -> Iterator[None]:
    """`at` is called with the name of each call before it is made."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, functools.partial(_call, at, name, getattr(os, name)))
        patch.setattr(syscalls, "syncfs", functools.partial(_call, at, "syncfs", syscalls.syncfs))
        yield


def died(number: int, run: Callable[[], None]) -> bool:
    """Run in a child that dies before its number-th call; False where it came to its end before."""
    child = os.fork()
    if child == 0:
        _run_and_exit(number, run)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed before it could die"
    return False


def every_death(run: Callable[[], None], prepare: Callable[[], None]) -> Iterator[int]:
    """Prepare, and run with death at the first call, then at the next, until there is none left to die at."""
    for number in range(1, BEYOND):
        prepare()
        if not died(number, run):
            return
        yield number
    raise AssertionError("there is no end to the calls")


class Failing:
    """Fails the number-th call with an errno, and none before or after."""

    def __init__(self, number: int, error: int) -> None:
        self._left = number
        self._error = error
        self.call = ""
        """Which call failed; empty where there were not so many."""

    def __call__(self, name: str) -> None:
        self._left -= 1
        if self._left == 0:
            self.call = name
            raise OSError(self._error, os.strerror(self._error), "a fault of the test")


def _run_and_exit(number: int, run: Callable[[], None]) -> None:
    """In the child."""
    left = [number]

    def at(_name: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        with counted(at):
            run()
        code = 0
    finally:
        os._exit(code)


def _call(at: Callable[[str], None], name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    at(name)
    return call(*args, **kwargs)


def _nothing(_fd: int) -> None:
    """Instead of fsync(2) and syncfs(2)."""

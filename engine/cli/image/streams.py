"""Archives on files, and on standard input and output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.errors import InvalidInput


@contextmanager
def reading(path: str, command: str) -> Iterator[int]:
    """A descriptor of a file, or of standard input for `-`. Raises InvalidInput."""
    if path == "-":
        if sys.stdin.isatty():
            raise InvalidInput("standard input is a terminal", hint=f"name a file, or send one: {command} < FILE")
        yield 0
        return
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as err:
        raise InvalidInput(f"{path}: {err.strerror}") from err
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def writing(path: str | None, command: str) -> Iterator[int]:
    """A descriptor of a new file, which is there when the block ends well; of standard output without a path.

    Raises InvalidInput, also for a terminal.
    """
    if path is None or path == "-":
        if sys.stdout.isatty():
            raise InvalidInput("an archive on a terminal helps nobody", hint=f"name a file: {command} -o FILE")
        yield 1
        return
    temporary = f"{path}.{os.getpid()}.part"
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as err:
        raise InvalidInput(f"{path} cannot be written: {err.strerror}", hint="name another file: -o FILE") from err
    try:
        yield fd
        os.rename(temporary, path)
    finally:
        os.close(fd)
        with suppress(FileNotFoundError):
            os.unlink(temporary)

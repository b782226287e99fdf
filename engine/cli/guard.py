"""Puts the terminal back when the process that changed it is killed and cannot do so itself.

    client                                      guard: `python -I -S guard.py ATTRIBUTES`
    tcgetattr, start  ---- pipe on stdin ---->  waits for the end of the pipe
    raw mode, alternate screen ...
    (a) ends as it should: kills the guard, which has done nothing
    (b) is killed     <-- end of the pipe --->  restores the attributes, leaves the alternate screen

The guard lives in a session of its own, so that no key and no hang-up reaches it, and tcsetattr(3) from there is not
stopped by job control. It acts only if the terminal is still raw: a shell that was quicker has set its own mode.

Standard library only: it runs from this file, without `site`.
"""

import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

Attributes = list[int | list[bytes | int]]

LEAVE_SCREEN = (
    b"\x1b7"  # the next one puts the cursor where it was last saved: here, unless another screen is shown
    b"\x1b[?1049l"  # back from the alternate screen
    b"\x1b[?25h"  # cursor shown
    b"\x1b[0m"  # plain style
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l"  # no mouse reports
    b"\x1b[?2004l\x1b[?1004l"  # no bracketed paste, no focus reports
    b"\x1b[?1l\x1b>"  # cursor keys and keypad as they were
    b"\x1b[<u"  # the keyboard protocol that was pushed, popped
)
"""What undoes a full-screen program that was left in the middle."""


@contextmanager
def guarded(fd: int) -> Iterator[None]:
    """While the block runs, a guard watches over the terminal on `fd`; nothing happens if it is none.

    It costs a millisecond to start; the guard itself is ready some ten milliseconds later, beside the caller.
    """
    try:
        saved = termios.tcgetattr(fd)
    except termios.error:
        yield
        return
    import subprocess

    reader, writer = os.pipe2(os.O_CLOEXEC)
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", os.path.abspath(__file__), encode(saved)],
            stdin=reader,
            stdout=fd,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(reader)
    try:
        yield
    finally:
        process.kill()
        process.wait()
        os.close(writer)


def encode(attributes: Attributes) -> str:
    """The list of tcgetattr(3) as one argument: six numbers, then the control characters in hexadecimal."""
    *numbers, characters = attributes
    assert isinstance(characters, list)
    codes = bytes(item if isinstance(item, int) else item[0] for item in characters)
    return ",".join([*map(str, numbers), codes.hex()])


def decode(text: str) -> Attributes:
    """The reverse of `encode`."""
    *numbers, codes = text.split(",")
    characters: list[bytes | int] = [bytes([code]) for code in bytes.fromhex(codes)]
    return [*map(int, numbers), characters]


def is_raw(attributes: Attributes) -> bool:
    """Neither lines nor signals from keys: what no shell leaves a terminal in, and no line editor either."""
    flags = attributes[3]
    assert isinstance(flags, int)
    return not flags & (termios.ICANON | termios.ISIG)


def main() -> int:
    """The guard: standard input is the pipe, standard output the terminal."""
    while os.read(0, 64):
        pass
    with suppress(termios.error, OSError):
        if is_raw(termios.tcgetattr(1)):
            termios.tcsetattr(1, termios.TCSANOW, decode(sys.argv[1]))
            os.write(1, LEAVE_SCREEN)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A process that enters a cgroup by itself, says so, and then does as it is told.

    python -I -S cgroup_member.py ACTION FILE...

Each FILE gets a "0" (v1 `tasks`, v2 `cgroup.procs`), then `in` is printed and a line of standard input awaited.
"""

import os
import signal
import sys


def say(word: str) -> None:
    """A line to the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def sleep() -> None:
    """Do nothing."""
    signal.pause()


def burn() -> None:
    """Use a core."""
    while True:
        pass


def eat() -> None:
    """Use 64 MiB that nobody can take away, then do nothing."""
    eaten = bytearray(64 << 20)
    say(f"full {len(eaten)}")
    signal.pause()


def fork() -> None:
    """Try to have five children that stay; print how many there are."""
    children = 0
    for _ in range(5):
        try:
            if os.fork() == 0:
                signal.pause()
            children += 1
        except BlockingIOError:
            break
    say(str(children))
    signal.pause()


def open_null() -> None:
    """Print whether /dev/null and /dev/zero can be opened."""
    for path in ("/dev/null", "/dev/zero"):
        try:
            os.close(os.open(path, os.O_RDONLY))
            say("open")
        except PermissionError:
            say("refused")


if __name__ == "__main__":
    for file in sys.argv[2:]:
        with open(file, "w") as target:
            target.write("0")
    say("in")
    if sys.stdin.readline():
        {"sleep": sleep, "burn": burn, "eat": eat, "fork": fork, "open": open_null}[sys.argv[1]]()

"""Reading and writing the files of a cgroup, one system call each, and its directories."""

import errno
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

GONE: Final = (errno.ENOENT, errno.ENODEV)
"""ENODEV: the file was opened, and its cgroup removed since."""
_READ_SIZE: Final = 1 << 16
_MAKE_ATTEMPTS: Final = 20
_KILL_ROUNDS: Final = 50
_REMOVE_SECONDS: Final = 2.0
_PAUSES: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)


def read(path: str) -> str:
    """The text of a file. Raises OSError.

    A list such as `cgroup.procs` comes a page at a time, so only an empty read is its end.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = list(iter(lambda: os.read(fd, _READ_SIZE), b""))
    finally:
        os.close(fd)
    return b"".join(pieces).decode("ascii", "replace")


def read_fd(fd: int) -> str:
    """The text of an open file from its start, in one read(2): whole for all but lists of processes.

    Raises OSError (ENODEV where its cgroup is gone).
    """
    return os.pread(fd, _READ_SIZE, 0).decode("ascii", "replace")


def read_or(path: str, default: str) -> str:
    """The text of a file, or `default` where it cannot be read."""
    try:
        return read(path)
    except OSError:
        return default


def write(path: str, value: str) -> None:
    """One write(2): the kernel takes a setting whole or refuses it. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def make(path: str, prepare: Callable[[], None]) -> None:
    """Make a cgroup below a parent that `prepare` makes; an old one without processes is replaced.

    Another engine may remove the shared parent, empty as it is, between the two steps: then both are done again.
    """
    for _ in range(_MAKE_ATTEMPTS - 1):
        with suppress(FileNotFoundError):
            prepare()
            return _make_anew(path)
    prepare()
    return _make_anew(path)


def _make_anew(path: str) -> None:
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        # What an engine left that was killed: its limits are not ours.
        remove(path)
        os.mkdir(path, 0o755)


def tree(path: str) -> Iterator[str]:
    """The cgroup and those nested in it, parents first; nothing where it is gone.

    A loop and not a recursion: how deep a privileged container nests is not ours to say.
    """
    waiting = [path]
    while waiting:
        folder = waiting.pop()
        waiting.extend(f"{folder}/{name}" for name in children(folder))
        yield folder


def children(path: str) -> list[str]:
    """The names of the cgroups directly below; nothing where it is gone."""
    with suppress(FileNotFoundError), os.scandir(path) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    return []


def remove(path: str) -> None:
    """Remove the cgroup and those nested in it; gone already is success. Raises OSError (EBUSY: it has processes)."""
    for folder in reversed(list(tree(path))):
        with suppress(FileNotFoundError):
            os.rmdir(folder)


def remove_patiently(path: str) -> None:
    """`remove`, tried again for two seconds while the kernel still holds it for a process that is ending.

    cgroup v1 sends no event when a cgroup gets empty, so there is nothing to poll for but rmdir(2) itself.
    """
    deadline = time.monotonic() + _REMOVE_SECONDS
    attempt = 0
    while True:
        try:
            return remove(path)
        except OSError as err:
            if err.errno not in (errno.EBUSY, errno.ENOTEMPTY) or time.monotonic() > deadline:
                raise
        pause(attempt)
        attempt += 1


def remove_if_empty(path: str) -> None:
    """Remove the shared parent when nobody has anything in it."""
    with suppress(OSError):
        os.rmdir(path)


def pause(attempt: int) -> None:
    """Wait a little before the next try, longer each time, where the kernel offers no event to wait for."""
    time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])


def wait_for(path: str, line: str, seconds: float) -> bool:
    """Wait until an event file (v2 `cgroup.events`) holds `line`; False when time ran out.

    Source: cgroup-v2.rst, "Basic Operations": a change of the file is a POLLPRI event.
    """
    deadline = time.monotonic() + seconds
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        poll = select.poll()
        poll.register(fd, select.POLLPRI)
        while line not in read_fd(fd).splitlines():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            poll.poll(left * 1000)
        return True
    finally:
        os.close(fd)


def numbers(text: str) -> list[int]:
    """The pids of `cgroup.procs`; 0 stands for one that this pid namespace cannot see."""
    return [int(word) for word in text.split() if word.isdigit() and word != "0"]


def pids(path: str) -> list[int]:
    """The processes of a cgroup and of those nested in it; nothing where it is gone.

    A nested cgroup that is threaded cannot be read (EOPNOTSUPP); its processes are in its domain's list.
    """
    found: list[int] = []
    for folder in tree(path):
        found.extend(numbers(read_or(f"{folder}/cgroup.procs", "")))
    return found


def kill_each(path: str) -> None:
    """SIGKILL to every process of a cgroup and of those nested in it.

    In rounds, until one finds nobody new: a process that has got the signal forks no more.
    """
    signalled: set[int] = set()
    for _ in range(_KILL_ROUNDS):
        new = set(pids(path)) - signalled
        if not new:
            return
        for pid in new:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        signalled |= new

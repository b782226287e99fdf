"""The files and directories of a cgroup file system.

Facts of the kernel that shape this: a file takes a setting in one write(2), whole or not at all; a directory comes with
its files and goes with them by rmdir(2), but only without processes and without directories below; a file that is still
open when its cgroup goes reads as ENODEV.
"""

import errno
import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

GONE: Final = (errno.ENOENT, errno.ENODEV)
_READ_SIZE: Final = 1 << 16
_MAKE_ATTEMPTS: Final = 20
_KILL_ROUNDS: Final = 50
_PAUSES: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)


def read_fd(fd: int) -> str:
    """The text of an open file from its start, in one read(2): whole for all but lists of processes.

    Raises OSError (ENODEV where its cgroup is gone).
    """
    return os.pread(fd, _READ_SIZE, 0).decode("ascii", "replace")


def pause(attempt: int) -> None:
    """Wait a little before the next try, longer each time, where the kernel offers no event to wait for."""
    time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])


class Kernfs:
    """One method a system call, and what is made of them. Tests have one that plays the kernel on a plain directory."""

    def read(self, path: str) -> str:
        """The text of a file. Raises OSError.

        A list such as `cgroup.procs` comes a page at a time, so only an empty read is its end.
        """
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            pieces = list(iter(lambda: os.read(fd, _READ_SIZE), b""))
        finally:
            os.close(fd)
        return b"".join(pieces).decode("ascii", "replace")

    def write(self, path: str, value: str) -> None:
        """One write(2). Raises OSError where the kernel refuses the value."""
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, value.encode())
        finally:
            os.close(fd)

    def mkdir(self, path: str) -> None:
        """mkdir(2)."""
        os.mkdir(path, 0o755)

    def rmdir(self, path: str) -> None:
        """rmdir(2)."""
        os.rmdir(path)

    def signal(self, pid: int) -> None:
        """SIGKILL. Raises ProcessLookupError."""
        os.kill(pid, signal.SIGKILL)

    def guard_devices(self, path: str, rules: list[dict[str, Any]]) -> None:
        """Let a v2 cgroup have only these devices. Raises OSError where the kernel takes no program for it."""
        from engine.cgroup import device_filter  # for v2 hosts alone

        device_filter.attach(path, rules)

    def chown(self, path: str, uid: int) -> None:
        """chown(2), of the owner alone."""
        os.chown(path, uid, -1)

    def read_or(self, path: str, default: str) -> str:
        """The text of a file, or `default` where it cannot be read."""
        try:
            return self.read(path)
        except OSError:
            return default

    def children(self, path: str) -> list[str]:
        """The names of the cgroups directly below; nothing where it is gone."""
        with suppress(FileNotFoundError), os.scandir(path) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        return []

    def tree(self, path: str) -> list[str]:
        """The cgroup and those nested in it, parents first.

        A loop and not a recursion: how deep a privileged container nests is not ours to say.
        """
        found = [path]
        for folder in found:
            found.extend(f"{folder}/{name}" for name in self.children(folder))
        return found

    def make(self, path: str, prepare: Callable[[], None], keep: bool = False) -> bool:
        """Make a cgroup below a parent that `prepare` makes, and say whether it is new. An old one without processes
        is replaced, or with `keep` used as it is.

        Another engine may remove the shared parent, empty as it is, between the two steps: then both are done again.
        """
        for _ in range(_MAKE_ATTEMPTS - 1):
            try:
                prepare()
                return self._make_anew(path, keep)
            except OSError as err:  # ENODEV: the parent is on its way out
                if err.errno not in GONE:
                    raise
        prepare()
        return self._make_anew(path, keep)

    def _make_anew(self, path: str, keep: bool) -> bool:
        try:
            self.mkdir(path)
        except FileExistsError:
            if keep:
                return False
            # What an engine left that was killed: its limits are not ours.
            if self.pids(path):
                raise OSError(errno.EBUSY, "it has processes", path) from None
            self.remove(path)
            self.mkdir(path)
        return True

    def remove(self, path: str) -> None:
        """Remove the cgroup and those nested in it; gone already is success. Raises OSError (EBUSY: processes)."""
        for folder in reversed(self.tree(path)):
            with suppress(FileNotFoundError):
                self.rmdir(folder)

    def remove_until(self, path: str, deadline: float) -> None:
        """`remove`, tried again until the deadline (monotonic) while a process in it is still ending.

        cgroup v1 sends no event when a cgroup gets empty, so there is nothing to poll for but rmdir(2) itself.
        """
        attempt = 0
        while True:
            try:
                return self.remove(path)
            except OSError as err:
                if err.errno not in (errno.EBUSY, errno.ENOTEMPTY) or time.monotonic() >= deadline:
                    raise
            pause(attempt)
            attempt += 1

    def missing(self, root: str, path: str) -> list[str]:
        """A path below a root and the folders between, as far as they are not there, the deepest first."""
        found: list[str] = []
        folder = path
        while len(folder) > len(root) and not os.path.isdir(folder):
            found.append(folder)
            folder = os.path.dirname(folder)
        return found

    def remove_if_empty(self, path: str) -> None:
        """Remove the shared parent when nobody has anything in it."""
        with suppress(OSError):
            self.rmdir(path)

    def wait_for(self, path: str, line: str, deadline: float) -> bool:
        """Wait until an event file (v2 `cgroup.events`) holds `line`; False when the deadline (monotonic) came first.

        Source: cgroup-v2.rst, "Interface Files": a change of the file is a POLLPRI event.
        """
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

    def pids(self, path: str) -> list[int]:
        """The processes of a cgroup and of those nested in it; nothing where it is gone.

        The kernel writes 0 for one that this pid namespace cannot see. A threaded cgroup cannot be read (EOPNOTSUPP);
        its processes are in the list of the cgroup above that is not.
        """
        texts = (self.read_or(f"{folder}/cgroup.procs", "") for folder in self.tree(path))
        return [int(word) for text in texts for word in text.split() if word.isdecimal() and word != "0"]

    def kill_each(self, path: str) -> None:
        """SIGKILL to every process of a cgroup and of those nested in it.

        In rounds, until one finds nobody new: a process that has got the signal forks no more.
        """
        signalled: set[int] = set()
        for _ in range(_KILL_ROUNDS):
            new = set(self.pids(path)) - signalled
            if not new:
                return
            for pid in new:
                with suppress(ProcessLookupError):
                    self.signal(pid)
            signalled |= new


REAL: Final = Kernfs()

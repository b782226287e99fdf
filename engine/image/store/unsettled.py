"""What has its name, and may not be on disk yet: the disk is written to while nobody waits for it.

To wait would be most of the time of a commit: syncfs(2) writes whatever else the host has not written yet, the layer
of the container too. So a note goes to disk before anything is added, and is removed when all that was added has been
synced, a moment later (`settle`). A note of an earlier boot says that the power failed in between. Then whatever is
newer than the note is looked at again: see `engine.image.store.mending`.

    image/unsettled/BOOT_ID.PID-RANDOM     empty; locked by who is adding; its time is when that began
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.kernel import proc, syscalls
from engine.state import files


class Unsettled:
    """The notes of one store."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Whatever is added in this block is known to be on its way to the disk, until it is settled."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        path = f"{self.folder}/{proc.read_boot_id()}.{os.getpid()}-{os.urandom(4).hex()}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)
            os.fsync(fd)
            files.sync_folder(self.folder)
            yield
        finally:
            os.close(fd)

    def settle(self) -> int:
        """Have everything on disk that was added by who has finished; how many notes of it are gone."""
        finished = [path for path in self._paths(earlier=False) if _is_free(path)]
        if finished:
            self._sync()
            _remove(finished)
        return len(finished)

    def since(self) -> float | None:
        """When what an earlier boot has not settled was begun, in seconds since the epoch; None where it has all."""
        times = [os.stat(path).st_mtime for path in self._paths(earlier=True)]
        return min(times, default=None)

    def forget(self) -> None:
        """Everything of earlier boots has been looked at, and is on disk."""
        earlier = self._paths(earlier=True)
        self._sync()
        _remove(earlier)

    def _paths(self, *, earlier: bool) -> list[str]:
        own = f"{proc.read_boot_id()}."
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        return [f"{self.folder}/{name}" for name in names if name.startswith(own) is not earlier]

    def _sync(self) -> None:
        fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            syscalls.syncfs(fd)
        finally:
            os.close(fd)


def _is_free(path: str) -> bool:
    """Whether nobody adds under this note any more, be it that the process has died."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def _remove(paths: list[str]) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            os.unlink(path)

"""Blobs that are being fetched: what a cut left of one is there to be gone on from.

    partial/HEX    the first bytes of the blob of this digest; locked by the one process and thread that fetches it

A partial blob is not believed: whoever goes on from it hashes again what is there, and only what is right in the end
gets its name in blobs/. A crash leaves a partial blob without a lock.

Source: flock(2): the lock belongs to the open file, so that it is also held against other threads.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from engine.errors import InvalidInput
from engine.image.store.blobs import Blobs, hexadecimal

_PIECE: Final = 1 << 20
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Where there is no room, what is in vain must not take it."""


class PartialBlob:
    """One blob on its way in."""

    def __init__(self, fd: int, digest: str, size: int) -> None:
        self._fd = fd
        self._hash = hashlib.sha256()
        self.digest = digest
        self.size = size
        self.offset = 0
        """Bytes that are there: where to go on."""
        self.is_spoilt = False
        """What is there is no beginning of the blob."""
        self._take_up()

    @property
    def is_right(self) -> bool:
        """Whether all of the blob is there, and nothing else."""
        return self.offset == self.size and self.digest == f"sha256:{self._hash.hexdigest()}"

    def write(self, data: bytes) -> None:
        """Append all of `data`. Raises InvalidInput where the blob would have more bytes than it is said to have."""
        if self.offset + len(data) > self.size:
            self.is_spoilt = True
            raise InvalidInput(
                f"more was sent than the {self.size} bytes that {self.digest[:19]} has", hint="try again"
            )
        self._hash.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        self.offset += len(data)

    def restart(self) -> None:
        """Forget what is there."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._hash = hashlib.sha256()
        self.offset = 0
        self.is_spoilt = False

    def check(self) -> None:
        """All of it is there, and right. Raises InvalidInput."""
        if self.offset < self.size:
            raise InvalidInput(f"{self.digest[:19]} ended at {self.offset} of {self.size} bytes", hint="try again")
        if not self.is_right:
            self.is_spoilt = True
            found = f"sha256:{self._hash.hexdigest()}"
            raise InvalidInput(f"what was received as {self.digest} is {found}", hint="try again, or get it elsewhere")

    def _take_up(self) -> None:
        """Hash what an earlier try has left."""
        while piece := os.read(self._fd, _PIECE):
            self._hash.update(piece)
            self.offset += len(piece)
            if self.offset > self.size:
                self.restart()


@contextmanager
def opened(blobs: Blobs, digest: str, size: int, busy: Callable[[], None]) -> Iterator[PartialBlob | None]:
    """The one writer of a blob; at the end of the block it is a blob of the store. None where it is one already.

    `busy` is called again and again while another process or thread is the writer: it waits a little, or raises.
    A block that fails leaves what it has written to be gone on from, unless that is longer than the blob or not it.
    Within `Store.adding()`. Raises InvalidInput for what is not the blob.
    """
    os.makedirs(blobs.partials, mode=0o700, exist_ok=True)
    path = f"{blobs.partials}/{hexadecimal(digest)}"
    fd = _locked(path, busy)
    try:
        if blobs.size(digest) == size:
            os.unlink(path)
            yield None
            return
        with _kept_or_removed(PartialBlob(fd, digest, size), path) as blob:
            yield blob
            blob.check()
        os.makedirs(blobs.folder, mode=0o700, exist_ok=True)
        os.rename(path, blobs.path(digest))
    finally:
        os.close(fd)


@contextmanager
def _kept_or_removed(blob: PartialBlob, path: str) -> Iterator[PartialBlob]:
    try:
        yield blob
    except BaseException as err:
        if blob.is_spoilt or not blob.offset or (isinstance(err, OSError) and err.errno in _FULL):
            with suppress(FileNotFoundError):
                os.unlink(path)
        raise


def _locked(path: str, busy: Callable[[], None]) -> int:
    """The file at `path`, open and locked."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with ExitStack() as undo:
            undo.callback(os.close, fd)
            if _is_ours(fd, path):
                undo.pop_all()
                return fd
        busy()


def _is_ours(fd: int, path: str) -> bool:
    """Whether we have the lock, and of the file that is there: its last owner may have moved or removed it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(fd), os.stat(path, follow_symlinks=False))
    except (BlockingIOError, FileNotFoundError):
        return False

"""Locks by key that leave nothing behind: each is one byte of one file, and ends with the process that holds it.

Source: fcntl(2), "Open file description locks": unlike the older kind they belong to the descriptor, so that two
threads exclude each other as two processes do.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from engine.image.store.blobs import hexadecimal

_OFFSET_BITS: Final = 60
"""Of a digest: two that share them wait for each other needlessly, which does no harm."""


@contextmanager
def exclusive(path: str, digest: str) -> Iterator[None]:
    """Hold the lock of a digest in the file `path` during the block; wait for whoever holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLKW, _flock(fcntl.F_WRLCK, digest))
        yield
    finally:
        os.close(fd)


def _flock(kind: int, digest: str) -> bytes:
    """struct flock: type, whence, start, length, pid (0)."""
    start = int(hexadecimal(digest)[: _OFFSET_BITS // 4], 16)
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, start, 1, 0)

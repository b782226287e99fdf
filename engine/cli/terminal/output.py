"""Writing to standard output and error, whole, by descriptor."""

import os
import select
from typing import Final

STDIN, STDOUT, STDERR = 0, 1, 2
_COPY_BYTES: Final = 1 << 20


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write everything, also where somebody has made the descriptor non-blocking. Raises OSError."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            poller = select.poll()
            poller.register(fd, select.POLLOUT)
            poller.poll()


def copy_range(source: int, offset: int, length: int, target: int) -> None:
    """Write `length` bytes of a file from `offset`, a mebibyte at a time; ends early where the file does."""
    end = offset + length
    while offset < end:
        data = os.pread(source, min(_COPY_BYTES, end - offset), offset)
        if not data:
            return
        write_all(target, data)
        offset += len(data)

"""Threads beside a stream: reading ahead of who reads, writing behind who writes.

zlib, zstandard, hashlib and the system calls run without the interpreter's lock for pieces of this size, so that two
processors share the work: one decompresses and hashes while the other makes files.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Self

from engine.archive.streams import PIECE, Output, Source

PIECES_MAX: Final = 4
"""Pieces of up to 1 MiB that wait at most."""
_GATHERED: Final = 256 << 10
"""Bytes that are worth waking another thread for."""


class ReadAhead:
    """A source that is read in a thread of its own, a few pieces ahead.

    It has to be closed, before its source is; `close` waits for a read that has begun.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._is_over = False
        """The source has ended or raised: it is not asked again."""
        self._piece = b""
        self._at = 0
        self._pool = ThreadPoolExecutor(1, "read-ahead")
        self._coming: deque[Future[bytes]] = deque(self._pool.submit(self._gather) for _ in range(PIECES_MAX))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, size: int, /) -> bytes:
        """The next bytes. Raises, once, what reading the source raised."""
        if self._at == len(self._piece):
            self._piece, self._at = self._next_piece(), 0
        at, self._at = self._at, min(self._at + size, len(self._piece))
        return self._piece if self._at - at == len(self._piece) else self._piece[at : self._at]

    def close(self) -> None:
        """End the thread; once more is no error."""
        self._pool.shutdown(cancel_futures=True)
        self._coming.clear()

    def _next_piece(self) -> bytes:
        if not self._coming:
            return b""
        piece = self._coming.popleft().result()
        if piece:
            self._coming.append(self._pool.submit(self._gather))
        return piece

    def _gather(self) -> bytes:
        """In the thread: a piece that is worth it; empty at the end."""
        if self._is_over:
            return b""
        self._is_over = True
        parts, size = [], 0
        while size < _GATHERED and (data := self._source.read(PIECE - size)):
            parts.append(data)
            size += len(data)
        self._is_over = not size
        return parts[0] if len(parts) == 1 else b"".join(parts)


class WriteBehind:
    """An output that is written to in a thread of its own, which compresses, hashes or waits for the disk.

    It has to be closed, before its output is. Whatever the thread raised is raised by the next `write` or by `close`.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._is_over = False
        """Writing has raised: nothing more is written."""
        self._pool = ThreadPoolExecutor(1, "write-behind")
        self._going: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self._pool.shutdown(cancel_futures=True)

    def write(self, data: bytes, /) -> None:
        """Hand over bytes, which must not change any more; waits where too many are on their way."""
        while len(self._going) >= PIECES_MAX:
            self._going.popleft().result()
        self._going.append(self._pool.submit(self._write, data))

    def close(self) -> None:
        """Wait until all is written, and end the thread."""
        try:
            while self._going:
                self._going.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def _write(self, data: bytes) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._output.write(data)
        self._is_over = False

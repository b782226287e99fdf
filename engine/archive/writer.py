"""Writes an archive: ustar where it says all, and pax's extended headers for what it cannot say.

The same members give the same bytes. Nothing is written of a member's owner but numbers, and no time but its own.

Source: pax(1), "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "Storing Sparse Files".
"""

import os
from collections.abc import Iterable
from typing import Final

from engine.archive.blocks import BLOCK, padding
from engine.archive.heading import heading
from engine.archive.member import Member
from engine.archive.refusals import quoted
from engine.archive.streams import PIECE
from engine.archive.streams import Output as Output  # part of what writing an archive takes
from engine.errors import InvalidInput

END: Final = bytes(2 * BLOCK)


class Writer:
    """Writes members one after the other; what is small goes out together, at the latest at `close`."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    def add(self, member: Member, content: Iterable[bytes] = ()) -> None:
        """Write a member; of a sparse file `content` is what its pieces have.

        Raises InvalidInput where the content is not as long as the member says: the archive is useless then.
        """
        self._write(heading(member))
        left = stored = member.stored_bytes
        for data in content:
            left -= len(data)
            self._write(data)
        if left:
            raise InvalidInput(
                f"the content of {quoted(member.path)} has not the size that was announced",
                hint="try again while nothing writes to it",
            )
        self._write(bytes(padding(stored)))

    def add_file(self, member: Member, fd: int) -> None:
        """Write a regular file that is open. One that has shrunk meanwhile is filled up with zeros."""
        pieces = ((0, member.size),) if member.data is None else member.data
        self._write(heading(member))
        for offset, length in pieces:
            while length:
                size = min(length, PIECE)
                data = os.pread(fd, size, offset)
                self._write(data or bytes(size))
                offset += len(data) or size
                length -= len(data) or size
        self._write(bytes(padding(member.stored_bytes)))

    def close(self) -> None:
        """Write the end of the archive, and whatever is still waiting."""
        self._write(END)
        self._flush()

    def _write(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= PIECE:
            self._flush()

    def _flush(self) -> None:
        """Join what is small; what fills a piece by itself goes out without another copy."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        last = waiting.pop() if len(waiting[-1]) >= PIECE else b""
        for data in (b"".join(waiting), last):
            if data:
                self._output.write(data)

"""What archives are read from and written to: the two ends that files, sockets, hashes and compressors have alike."""

from typing import Final, Protocol

PIECE: Final = 1 << 20
"""Bytes that are read, hashed and passed on at once."""


class Source(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; it may be fewer, and none at all only at the end."""
        ...


class Output(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""
        ...

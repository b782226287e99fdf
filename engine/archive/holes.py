"""Which pieces a sparse file has, asked of its file system."""

import errno
import os
from typing import Final

from engine.archive.limits import Limits

PIECES_MAX: Final = Limits().pieces_max
"""A file of more pieces is packed whole: its map would be refused where it is read."""
_BLOCK: Final = 512
"""Bytes of what st_blocks counts."""


def pieces(fd: int, info: os.stat_result) -> tuple[tuple[int, int], ...] | None:
    """(offset, length) of what a regular file has, in order; None for one without holes worth the while.

    Source: lseek(2), "Seeking file data and holes". What is written meanwhile may be missed, as by any copy.
    """
    if info.st_blocks * _BLOCK >= info.st_size:
        return None
    found: list[tuple[int, int]] = []
    at = 0
    while at < info.st_size:
        piece = _next(fd, at, info.st_size)
        if piece is None:
            break
        found.append(piece)
        at = sum(piece)
        if len(found) > PIECES_MAX:
            return None
    return None if found == [(0, info.st_size)] else tuple(found)


def _next(fd: int, at: int, size: int) -> tuple[int, int] | None:
    """The first piece from an offset on; None where nothing but a hole is left."""
    try:
        start = os.lseek(fd, at, os.SEEK_DATA)
        end = min(os.lseek(fd, start, os.SEEK_HOLE), size)
    except OSError as err:
        if err.errno != errno.ENXIO:
            raise
        return None
    return (start, end - start) if start < end else None

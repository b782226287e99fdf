"""Which pieces a sparse file has, asked of its file system."""

import errno
import os
from typing import Final

from engine.archive.limits import Limits

HOLE_MIN: Final = 64 << 10
"""Bytes of the smallest hole that is worth a line in a map; smaller ones are zeros."""
PIECES_MAX: Final = Limits().pieces_max
"""Whoever reads an archive refuses a longer map. A larger file must have larger holes."""


def pieces(fd: int, info: os.stat_result) -> tuple[tuple[int, int], ...] | None:
    """(offset, length) of what a regular file has, in order; None for one without holes worth the while.

    How many blocks a file has says nothing: some are there before they are written, and some afterwards.
    Source: lseek(2), "Seeking file data and holes". What is written meanwhile may be missed, as by any copy.
    """
    size = info.st_size
    if size < HOLE_MIN:
        return None
    hole_min = max(HOLE_MIN, size // PIECES_MAX + 1)
    found: list[tuple[int, int]] = []
    at = 0
    while at < size and (piece := _next(fd, at, size)):
        start, end = piece
        if start - at < hole_min:
            start = found.pop()[0] if found else 0
        found.append((start, end - start))
        at = end
    if size - at < hole_min and found:
        found[-1] = (found[-1][0], size - found[-1][0])
    return None if found == [(0, size)] else tuple(found)


def _next(fd: int, at: int, size: int) -> tuple[int, int] | None:
    """Start and end of the first piece from an offset on; None where nothing but a hole is left."""
    try:
        start = os.lseek(fd, at, os.SEEK_DATA)
        end = min(os.lseek(fd, start, os.SEEK_HOLE), size)
    except OSError as err:
        if err.errno != errno.ENXIO:
            raise
        return None
    return (start, end) if start < end else None

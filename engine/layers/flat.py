"""What a stack of layers shows, as one archive without whiteouts: what `qd export` writes."""

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.archive.writer import Writer
from engine.layers.entries import Entries, Progress, no_progress
from engine.layers.walking import StackWalk


class Flattened(NamedTuple):
    """What an archive was made of."""

    entries: int
    size_bytes: int
    sockets: int
    """Left out."""


def write_flat(folders: Sequence[str], writer: Writer, progress: Progress = no_progress) -> Flattened:
    """Write what folders, top first, show together, sorted by path; a container may be writing to the topmost.

    Files that are one file in a layer are one in the archive. Raises InvalidInput where directories are nested deeper
    than a path can say, Conflict where they are moved about meanwhile.
    """
    entries = Entries(writer, progress)
    with _Flattening(folders, entries) as flattening:
        flattening.run()
    return Flattened(entries.count, entries.size_bytes, entries.sockets)


class _Flattening(StackWalk):
    def __init__(self, folders: Sequence[str], entries: Entries) -> None:
        super().__init__(folders)
        self._entries = entries
        self._levels: list[tuple[int, ...]] = []
        """The layers that show something of each directory on the way down, top first."""
        self._coming = tuple(range(len(folders)))

    def entered(self, name: str) -> Iterable[str]:
        layers = self.visible(self._coming)
        self._levels.append(layers)
        if not name:
            self._entries.add_folder(self.fds[layers[0]], b"")
        return self.names(layers)

    def left(self, _name: str) -> None:
        self._levels.pop()

    def visit(self, name: str) -> Iterable[int]:
        seen = self.look(self._levels[-1], name)
        if seen is None:
            return ()
        self._entries.add(seen.layer, self.fds[seen.layer], name, os.fsencode(self.path + name)[1:])
        self._coming = seen.parts
        return seen.parts

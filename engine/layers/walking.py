"""Walks directories of the same path in several layers at once, which lie over each other.

Nothing is reached by a path: a container may be writing to its layer, and a link it plants meanwhile leads nowhere.
Each layer has one descriptor, at the deepest directory of the walk that it has; on the way back up `..` must be the
directory that we came from. So a tree may be deep and a stack may be high, and nothing recurses.
"""

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple, Self

from engine.archive.refusals import quoted
from engine.errors import Conflict, EngineError, InvalidInput
from engine.layers import merged

PATH_MAX: Final = 4096
"""A container can nest directories without end; nobody can name what lies deeper. Source: limits.h."""
NAMES_MAX: Final = 2_000_000
"""Names in one directory; each takes some 100 bytes of memory."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE})
"""What a directory looks like that somebody has removed or replaced."""


class Seen(NamedTuple):
    """What a stack shows under one name of the directory at hand."""

    info: os.stat_result
    layer: int
    """Where it lies; of a directory, its topmost part."""
    parts: tuple[int, ...] = ()
    """The layers that a directory may have parts in, top first; those below an opaque one are still among them."""


class _Frame(NamedTuple):
    """A directory on the way down."""

    name: str
    path: str
    """Of the directory above."""
    above: dict[int, tuple[int, int]]
    """Layer -> device and inode of the directory above, for the layers that went down."""
    listed: dict[int, set[str]]
    """Layer -> names in the directory above, where they are known."""


class StackWalk:
    """Goes through directories of layers, depth first, names in the order of their bytes."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.path = "/"
        """The directory at hand, inside the stack, with a slash at the end."""
        self.fds: dict[int, int] = {}
        """Layer, by its place in `folders` -> its directory at the path at hand, if it is in `present`."""
        self.present: frozenset[int] = frozenset()
        """The layers that have the directory at hand."""
        self._frames: list[_Frame] = []
        self._listed: dict[int, set[str]] = {}
        for layer, folder in enumerate(folders):
            self._open_root(layer, folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        while self.fds:
            os.close(self.fds.popitem()[1])

    def run(self) -> None:
        """Walk it all. Raises Conflict where somebody moves a directory that we are in."""
        waiting = [iter(self.entered(""))]
        while waiting:
            name = next(waiting[-1], None)
            if name is None:
                waiting.pop()
                self._leave()
            elif (layers := self.visit(name)) and self._enter(name, layers):
                waiting.append(iter(self.entered(name)))

    def visit(self, name: str) -> Iterable[int]:
        """See to a name in the directory at hand; the layers in which to go down into it, if it is a directory."""
        raise NotImplementedError

    def entered(self, name: str) -> Iterable[str]:
        """The directory at hand is now the one of this name (none for the root): what in it is to be visited."""
        raise NotImplementedError

    def left(self, name: str) -> None:
        """The directory at hand is again the one in which `name` lies, and that is done with."""

    def names(self, layers: Iterable[int]) -> list[str]:
        """Every name that stands in the directory at hand in any of the layers, whiteouts among them; sorted.

        What is listed need not be looked for any more, which pays where a stack is high.
        """
        found: set[str] = set()
        for layer in layers:
            with os.scandir(self.fds[layer]) as entries:
                self._listed[layer] = {entry.name for entry in islice(entries, NAMES_MAX + 1)}
            found |= self._listed[layer]
            if len(found) > NAMES_MAX:
                raise EngineError(f"the directory {quoted(os.fsencode(self.path))} has more than {NAMES_MAX} entries")
        return sorted(found, key=os.fsencode)

    def look(self, layers: Sequence[int], name: str) -> Seen | None:
        """What these layers, top first, show under a name of the directory at hand."""
        found: tuple[os.stat_result, int] | None = None
        parts = []
        for layer in layers:
            if name not in self._listed.get(layer, (name,)) or (info := self.stat(layer, name)) is None:
                continue
            if merged.is_whiteout(info):
                break
            found = found or (info, layer)
            if not stat.S_ISDIR(info.st_mode):
                break
            parts.append(layer)
        return Seen(*found, tuple(parts)) if found else None

    def visible(self, parts: Iterable[int]) -> tuple[int, ...]:
        """Of the parts of the directory at hand those that are not hidden by an opaque one."""
        shown = []
        for layer in parts:
            if layer not in self.present:
                continue
            shown.append(layer)
            if merged.is_opaque(self.fds[layer]):
                break
        return tuple(shown)

    def stat(self, layer: int, name: str) -> os.stat_result | None:
        """lstat(2) of a name in the directory at hand; None where the layer has none."""
        try:
            return os.stat(name, dir_fd=self.fds[layer], follow_symlinks=False)
        except FileNotFoundError:
            return None

    def is_too_deep(self, name: str) -> bool:
        """Whether nobody could name what lies in this directory."""
        return len(self.path) + len(name) > PATH_MAX // 4 and len(os.fsencode(self.path + name)) >= PATH_MAX

    def _open_root(self, layer: int, folder: str) -> None:
        try:
            self.fds[layer] = os.open(folder, _FOLDER)
        except OSError:
            self.close()
            raise
        self.present = frozenset(self.fds)

    def _enter(self, name: str, layers: Iterable[int]) -> bool:
        """Go down in those of the layers that have the directory still; False where none has."""
        above = {}
        for layer in dict.fromkeys(layers):
            try:
                fd = os.open(name, _FOLDER, dir_fd=self.fds[layer])
            except OSError as err:
                if err.errno not in _GONE:
                    raise
                continue
            above[layer] = _identity(self.fds[layer])
            self._move(layer, fd)
        if above:
            self._frames.append(_Frame(name, self.path, above, self._listed))
            self.path, self.present, self._listed = f"{self.path}{name}/", frozenset(above), {}
        return bool(above)

    def _leave(self) -> None:
        if not self._frames:
            self.left("")
            return
        frame = self._frames.pop()
        for layer, identity in frame.above.items():
            self._move(layer, os.open("..", _FOLDER, dir_fd=self.fds[layer]))
            if _identity(self.fds[layer]) != identity:
                raise _moved()
        self.path, self._listed = frame.path, frame.listed
        self.present = frozenset(self._frames[-1].above if self._frames else self.fds)
        self.left(frame.name)

    def _move(self, layer: int, fd: int) -> None:
        os.close(self.fds[layer])
        self.fds[layer] = fd


def too_deep(path: str) -> InvalidInput:
    """The error for a directory whose content cannot be named in an archive."""
    return InvalidInput(
        f"{quoted(os.fsencode(path))} is nested deeper than {PATH_MAX} bytes of path, which no archive can hold",
        hint="remove it in the container, or move it up",
    )


def _moved() -> Conflict:
    return Conflict("the container moved a directory while it was looked at", hint="pause it first: qd pause")


def _identity(fd: int) -> tuple[int, int]:
    info = os.fstat(fd)
    return info.st_dev, info.st_ino

"""What a container has changed in its file system, as `docker diff` says it.

    A   a path that the image has not
    C   one that the image has with other content, owner or permissions; a directory also where something in it differs
    D   one of the image that is gone; what was below it is not named

A file that was only opened for writing lies in the writable layer too, and is no change.
"""

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.errors import Conflict, EngineError
from engine.layers import merged
from engine.layers.merged import Found
from engine.model.process import Change
from engine.state.tree import Walk

CHANGES_MAX: Final = 1_000_000
PATH_MAX: Final = 4096
"""A container can nest directories without end; nobody can name what lies deeper."""
_CAPABILITIES: Final = "security.capability"


@dataclass(slots=True)
class _Level:
    """A directory that is being compared."""

    path: str
    """Inside the container, with a slash at the end."""
    folders: tuple[str, ...]
    """What the layers have in its place, top first; none where it is new."""
    below: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The same for each directory in it."""
    changed: bool = False


class Comparison(Walk):
    """Compares a tree with the layers below it, while a container may be writing to it."""

    def __init__(self, fd: int, lowers: tuple[str, ...], *, complete: bool) -> None:
        super().__init__(fd)
        self.kinds: dict[str, str] = {}
        """Path -> A, C or D."""
        self._complete = complete
        self._lowers = lowers
        self._levels: list[_Level] = []

    def visit(self, names: list[str]) -> list[str]:
        """Compare each entry; the directories among them."""
        if not self._levels:
            return names
        level = self._levels[-1]
        folders = [name for name in names if self._compare(level, name)]
        if self._complete or merged.is_opaque(self.fd):
            self._find_missing(level, set(names))
        return folders

    def entered(self, name: str) -> None:
        """One level down."""
        if not self._levels:
            self._levels.append(_Level("/", self._lowers))
            return
        above = self._levels[-1]
        self._levels.append(_Level(f"{above.path}{name}/", above.below.pop(name, ())))

    def left(self, name: str) -> None:
        """One level up; a directory has changed where anything in it has."""
        level = self._levels.pop()
        if level.changed and self._levels:
            above = self._levels[-1]
            self._record(above, name, self.kinds.get(above.path + name, "C"))

    def _compare(self, level: _Level, name: str) -> bool:
        """Compare one entry; whether it is a directory to go on with."""
        info = self.stat(name)
        if info is None:
            return False
        old = merged.lookup(level.folders, name)
        if merged.is_whiteout(info) and not self._complete:
            if old is not None:
                self._record(level, name, "D")
            return False
        if old is None:
            self._record(level, name, "A")
        elif self._differs(name, info, old):
            self._record(level, name, "C")
        if not stat.S_ISDIR(info.st_mode) or len(level.path) + len(name) > PATH_MAX:
            return False
        level.below[name] = old.folders if old else ()
        return True

    def _differs(self, name: str, new: os.stat_result, old: Found) -> bool:
        """Size and time of a directory say nothing: they change with what is in it."""
        before = old.info
        if (new.st_mode, new.st_uid, new.st_gid) != (before.st_mode, before.st_uid, before.st_gid):
            return True
        if stat.S_ISDIR(new.st_mode):
            return False
        if (new.st_size, new.st_mtime_ns, new.st_rdev) != (before.st_size, before.st_mtime_ns, before.st_rdev):
            return True
        if not stat.S_ISREG(new.st_mode):
            return False
        return _capabilities(f"/proc/self/fd/{self.fd}/{name}") != _capabilities(old.path)

    def _find_missing(self, level: _Level, present: set[str]) -> None:
        for name in merged.names(level.folders):
            if name not in present and merged.lookup(level.folders, name):
                self._record(level, name, "D")

    def _record(self, level: _Level, name: str, kind: str) -> None:
        level.changed = True
        self.kinds[level.path + name] = kind
        if len(self.kinds) > CHANGES_MAX:
            raise EngineError(f"the container has more than {CHANGES_MAX} changes")


def compare(tree: str, lowers: Sequence[str], *, complete: bool) -> list[Change]:
    """The changes of a tree over layers, top first, sorted by path.

    `complete`: the tree is a whole root, in which an absence is a deletion; else it is the upper layer of an overlay,
    where only whiteouts and opaque directories delete. Raises Conflict where the container moves directories about.
    """
    comparison = Comparison(
        os.open(os.path.dirname(tree), os.O_RDONLY | os.O_CLOEXEC), tuple(lowers), complete=complete
    )
    try:
        comparison.run(os.path.basename(tree))
    except OSError as err:
        if err.errno != errno.ESTALE:
            raise
        raise Conflict(
            "the container moved a directory while it was looked at", hint="pause it first: qd pause"
        ) from err
    finally:
        comparison.close()
    return [Change(kind=kind, path=path) for path, kind in sorted(comparison.kinds.items())]


def _capabilities(path: str) -> bytes:
    """File capabilities, which change no other attribute; empty where there are none or the file is gone."""
    try:
        value: bytes = os.getxattr(path, _CAPABILITIES, follow_symlinks=False)
    except OSError:
        return b""
    return value

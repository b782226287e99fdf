"""What differs between two stacks of layers, as `docker diff` says it.

    A   a path that the old stack has not
    C   one that it has with other content, owner, permissions, time or attributes; a directory also where something
        in it differs
    D   one of the old stack that is gone; what was below it is not named

A container is its writable layer on top of its image's. A file in there that was only opened for writing is no change.
Directories are not entered where both stacks have the same parts of them, so that a comparison costs what differs and
not what there is.

Whatever a layer carries counts, times too, so that a layer made of the differences gives back the new stack.
"""

import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.errors import EngineError
from engine.layers.differing import differs, root_differs
from engine.layers.links import Links, parents
from engine.layers.walking import Seen, StackWalk
from engine.model.process import Change

CHANGES_MAX: Final = 1_000_000
_MANY: Final = 50
"""Names for which to list a directory of a layer is cheaper than to look for each."""


@dataclass(slots=True)
class _Level:
    """A directory that is being compared."""

    old: tuple[int, ...]
    """The layers that have parts of it, top first; none where the old stack has no such directory."""
    new: tuple[int, ...]
    changed: bool = False
    gone: bool = False
    """Something that lay directly in it is there no more."""
    kept: bool = False
    """Something that lay directly in it is there still, or is another directory."""


class Comparison(StackWalk):
    """Compares two stacks of folders, each top first, while a container may be writing to one of them."""

    def __init__(self, old: Sequence[str], new: Sequence[str], *, settled_ns: int = 0) -> None:
        folders = list(dict.fromkeys([*new, *old]))
        super().__init__(folders)
        self.kinds: dict[str, str] = {}
        """Path -> A, C or D."""
        self.replaced: set[str] = set()
        """Changed directories of which nothing is left that the old stack had in them."""
        self.too_deep: str | None = None
        """A directory that was not entered, since nothing in it could be named."""
        self.size_bytes = 0
        """Of the regular files that are new or changed."""
        self._settled_ns = settled_ns
        self._links = Links()
        self._levels: list[_Level] = []
        self._coming = _Level(
            tuple(folders.index(folder) for folder in old), tuple(folders.index(folder) for folder in new)
        )

    def run(self) -> None:
        """Compare it all, hard links last."""
        super().run()
        for path in self._links.torn():
            for changed in (path, *parents(path)):
                self.kinds.setdefault(changed, "C")

    def entered(self, name: str) -> Iterable[str]:
        """One level down. What is in layers below that both stacks share is the same in both."""
        level = self._coming
        level.old, level.new = self.visible(level.old), self.visible(level.new)
        self._levels.append(level)
        if not name:
            self._compare_roots(level)
        shared = _shared(level.old, level.new)
        names = self.names({*level.old[: len(level.old) - shared], *level.new[: len(level.new) - shared]})
        if len(names) >= _MANY:
            self.names(level.old[len(level.old) - shared :])
        level.kept = shared > 0
        return names

    def visit(self, name: str) -> Iterable[int]:
        """Compare one entry; the layers in which to go on with it, if it is a directory."""
        level = self._levels[-1]
        new, old = self.look(level.new, name), self.look(level.old, name)
        if new is None:
            if old is not None:
                level.gone = True
                self._record(level, name, "D")
            return ()
        self._compare(level, name, new, old)
        before = old.parts if old else ()
        if not stat.S_ISDIR(new.info.st_mode) or new.parts == before:
            return ()
        if self.is_too_deep(name):
            self.too_deep = self.path + name
            return ()
        self._coming = _Level(before, new.parts)
        return new.parts + before

    def left(self, name: str) -> None:
        """One level up; a directory has changed where anything in it has."""
        level = self._levels.pop()
        if not level.changed or not self._levels:
            return
        above = self._levels[-1]
        self._record(above, name, self.kinds.get(self.path + name, "C"))
        if level.gone and not level.kept:
            self.replaced.add(self.path + name)

    def _compare(self, level: _Level, name: str, new: Seen, old: Seen | None) -> None:
        is_folder = stat.S_ISDIR(new.info.st_mode)
        changed = old is None or differs(self, name, new, old, self._settled_ns)
        if changed:
            self._record(level, name, "C" if old else "A")
            self.size_bytes += new.info.st_size if stat.S_ISREG(new.info.st_mode) else 0
        if old is not None and (not changed or (is_folder and old.parts)):
            level.kept = True
        if not is_folder:
            self._links.note(self.path + name, new, old, changed=changed)

    def _compare_roots(self, level: _Level) -> None:
        """Most layers say nothing of `/` and have it as by default: any of the old ones may be the one to go by."""
        if level.new and level.old and all(root_differs(self, level.new[0], layer) for layer in level.old):
            self.kinds["/"] = "C"

    def _record(self, level: _Level, name: str, kind: str) -> None:
        level.changed = True
        self.kinds[self.path + name] = kind
        if len(self.kinds) > CHANGES_MAX:
            raise EngineError(f"there are more than {CHANGES_MAX} changes", hint="commit or export in smaller steps")


def compare(tree: str, lowers: Sequence[str], *, complete: bool, settled_ns: int = 0) -> list[Change]:
    """The changes of a tree over layers, top first, sorted by path.

    `complete`: the tree is a whole root, in which an absence is a deletion; else it is the upper layer of an overlay,
    where only whiteouts and opaque directories delete. `settled_ns`: files that nobody has touched since that time,
    nanoseconds since the epoch, are known to be copies, and are not read.
    Raises Conflict where the container moves directories about.
    """
    new = [tree] if complete else [tree, *lowers]
    with Comparison(lowers, new, settled_ns=settled_ns) as comparison:
        comparison.run()
    return listed(comparison.kinds)


def listed(kinds: dict[str, str]) -> list[Change]:
    """Changes by path, sorted."""
    return [Change(kind=kind, path=path) for path, kind in sorted(kinds.items())]


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many layers two stacks have in common at their lower ends."""
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count

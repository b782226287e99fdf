"""A container's changes as a layer: what was added or changed, and a whiteout for what is gone.

    ./                       only where its own attributes have changed
    etc/                     a directory above a change, with its attributes
    etc/.wh..wh..opq         nothing of what the image has in etc/ is there any more: right behind its directory
    etc/.wh.hosts            etc/hosts is gone
    etc/passwd               new or changed

Entries come in the order of their paths, parts compared as bytes, with no time but their own: the same change makes
the same bytes. The layer says what differs and not how overlay noted it down: a directory that was removed and made
again with most of what it had costs what differs.

Source: OCI image-spec, layer.md, "Whiteouts" and "Representing Changes".
"""

import os
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from engine.archive.refusals import quoted
from engine.archive.writer import Writer
from engine.errors import InvalidInput
from engine.layers import walking
from engine.layers.changes import Comparison
from engine.layers.entries import Entries, Progress, no_progress
from engine.layers.walking import StackWalk

WHITEOUT: Final = ".wh."
OPAQUE: Final = ".wh..wh..opq"


class Captured(NamedTuple):
    """What a layer was made of."""

    entries: int
    size_bytes: int
    """Of the files in it, holes counted."""
    sockets: int = 0
    """Left out."""


class _Plan(NamedTuple):
    """What is to be written."""

    folders: dict[str, list[str]]
    """Directory, with a slash at the end -> names to write in it, as the layer has them, sorted."""
    opaque: frozenset[str]
    """Directories that hide all that is below them, likewise."""
    root: bool
    """The root's own attributes have changed."""


def capture(
    tree: str,
    lowers: Sequence[str],
    writer: Writer,
    *,
    complete: bool,
    settled_ns: int = 0,
    progress: Progress = no_progress,
) -> Captured:
    """Write what a container has changed; `tree`, `lowers`, `complete`, `settled_ns` as `changes.compare` takes them.

    What a running container removes meanwhile is left out, and a file that shrinks is filled up with zeros.
    Raises InvalidInput where no layer can hold a name or a path, Conflict where directories are moved about.
    """
    new = [tree] if complete else [tree, *lowers]
    with Comparison(lowers, new, settled_ns=settled_ns) as comparison:
        comparison.run()
    plan = _planned(comparison)
    entries = Entries(writer, progress, comparison.size_bytes)
    with _Writing(tree, plan, entries) as writing:
        writing.run()
    return Captured(entries.count, entries.size_bytes, entries.sockets)


def _planned(comparison: Comparison) -> _Plan:
    if comparison.too_deep is not None:
        raise walking.too_deep(comparison.too_deep)
    folders: dict[str, list[str]] = {}
    opaque = frozenset(f"{path}/" for path in comparison.replaced)
    for path, kind in comparison.kinds.items():
        above, _, name = path.rpartition("/")
        if kind == "D":
            if f"{above}/" not in opaque:
                folders.setdefault(f"{above}/", []).append(WHITEOUT + name)
        elif name:
            _check_name(path, name)
            folders.setdefault(f"{above}/", []).append(name)
    for names in folders.values():
        names.sort(key=os.fsencode)
    return _Plan(folders, opaque, "/" in comparison.kinds)


def _check_name(path: str, name: str) -> None:
    """A whiteout by name, and a file in fact, cannot be told apart by whoever unpacks the layer."""
    if name.startswith(WHITEOUT):
        raise InvalidInput(
            f"{quoted(os.fsencode(path))} has a name that means a deletion in a layer",
            hint=f"rename it in the container, or remove it: names that begin with {WHITEOUT} cannot be committed",
        )


class _Writing(StackWalk):
    """Goes where something is to be written, and writes it."""

    def __init__(self, tree: str, plan: _Plan, entries: Entries) -> None:
        super().__init__([tree])
        self._plan = plan
        self._entries = entries

    def entered(self, name: str) -> Iterable[str]:
        if not name and self._plan.root:
            self._entries.add_folder(self.fds[0], b"")
        if self.path in self._plan.opaque:
            self._entries.add_empty(self._inside(OPAQUE))
        return self._plan.folders.get(self.path, ())

    def visit(self, name: str) -> Iterable[int]:
        if name.startswith(WHITEOUT):
            self._entries.add_empty(self._inside(name))
            return ()
        self._entries.add(0, self.fds[0], name, self._inside(name))
        path = f"{self.path}{name}/"
        return (0,) if path in self._plan.folders or path in self._plan.opaque else ()

    def _inside(self, name: str) -> bytes:
        return os.fsencode(self.path + name)[1:]

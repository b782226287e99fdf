"""Bind mounts: a directory or file of the host, or of the container itself, seen at another place.

The copy of the mount is detached until it has its flags: there is no moment in which it can be written to where it
must not. Standard library only.
"""

import os
from typing import NamedTuple

from engine.kernel import const, files, proc, syscalls
from engine.sandbox import attach, attributes, sources
from engine.sandbox.operations import Site
from engine.sandbox.options import Parsed
from engine.sandbox.sources import Source


class Bind(NamedTuple):
    """Attach a source."""

    source: Source
    target: str
    parsed: Parsed = Parsed(bind=True)
    locked: bool = False
    """What the source's mount forbids cannot be lifted: in a user namespace."""

    def execute(self, site: Site) -> None:
        if "copy-symlink" in self.parsed.words and os.path.islink(self.source.path):
            return self._copy_link(site)
        with files.closing(self._tree(site)) as tree:
            follow = "dest-nofollow" not in self.parsed.words
            directory = files.is_directory(tree)
            with files.closing(attach.place(site.root, self.target, directory=directory, follow=follow)) as place:
                attach.check(site.root, place, is_proc=attach.is_proc(tree))
                self._dress(tree)
                syscalls.move_mount(tree, place)
        return None

    def _tree(self, site: Site) -> int:
        if not self.source.inside:
            return site.tree(self.source)
        with files.closing(site.root.open(self.source.path)) as at:
            return sources.open_tree(self.source, at=at)

    def _dress(self, tree: int) -> None:
        """Private first: a copy that the parent has made would tell the host of each mount below it."""
        if self.locked or self.source.idmap is not None:
            syscalls.mount_setattr(tree, propagation=const.MS_SLAVE, recursive=True)
        self._set_flags(tree)
        private = self.parsed.propagation or (const.MS_PRIVATE | const.MS_REC,)
        attach.dress(tree, self.parsed._replace(propagation=private))

    def _set_flags(self, tree: int) -> None:
        found = attributes.exact(self.parsed)
        if found is None:
            return
        if self.locked or proc.is_in_user_namespace():
            found = attributes.locked(self.parsed, attributes.of_mount(tree))
        syscalls.mount_setattr(tree, attributes=found.wanted, clear=found.unwanted)

    def _copy_link(self, site: Site) -> None:
        with files.closing(site.root.directory(os.path.dirname(self.target))) as folder:
            try:
                files.make_link(files.read_link(self.source.path), os.path.basename(self.target), folder=folder)
            except FileExistsError:
                return

    def describe(self) -> str:
        return f"mount {self.source.path} of the host on {self.target}"

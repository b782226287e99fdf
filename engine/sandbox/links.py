"""Symbolic links in a container's root, as steps like `operations`. Standard library only."""

import os
from typing import NamedTuple

from engine.kernel import files
from engine.sandbox.operations import Site


class Symlink(NamedTuple):
    """Make a symbolic link; one that is there stays, unless it is replaced."""

    target: str
    path: str
    replace: bool = False

    def execute(self, site: Site) -> None:
        with files.closing(site.root.directory(os.path.dirname(self.path))) as folder:
            name = os.path.basename(self.path)
            if self.replace:
                files.remove(name, folder=folder)
            try:
                files.make_link(self.target, name, folder=folder)
            except FileExistsError:
                return

    def describe(self) -> str:
        return f"link {self.path} to {self.target}"

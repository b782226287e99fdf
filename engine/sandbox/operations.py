"""The steps that build a container's root, as data: each can be done and described. Standard library only.

They run in the child, in its own mount namespace, before pivot_root: the host's paths are still there for
sources, and each target is resolved beneath the new root (see `beneath`). Nothing of this is ever seen in the host's
mount table.
"""

import errno
import os
from typing import NamedTuple, Protocol

from engine import errors
from engine.kernel import files, syscalls
from engine.kernel.proc import Hierarchy
from engine.sandbox import attach, copyup, explain, sources
from engine.sandbox.beneath import Root, by_descriptor
from engine.sandbox.options import Parsed
from engine.sandbox.sources import Source


class Pty(NamedTuple):
    """A pseudo-terminal."""

    master: int
    slave: int


class Site:
    """Where the operations work: the root, once it is mounted, and what they leave for later steps."""

    def __init__(self) -> None:
        self.root = Root(-1)
        self.mask = -1
        """The empty directory that the first mask has left for the others."""
        self.warnings: list[str] = []
        self.hierarchies: tuple[Hierarchy, ...] = ()
        """Those in which the container has a cgroup of its own."""
        self.terminal: Pty | None = None
        """Opened by `Console`; whoever takes it closes it."""
        self.trees: dict[Source, list[int]] = {}
        """Detached mounts of the host's that the parent has handed over, in a user namespace; each is used once."""

    def tree(self, source: Source) -> int:
        """A detached mount of the host's, which the caller closes."""
        handed = self.trees.get(source)
        return handed.pop() if handed else sources.open_tree(source)

    def leave(self) -> None:
        """Close what only the building of the root needed."""
        for fd in (self.root.fd, self.mask):
            if fd >= 0:
                os.close(fd)
        self.mask = -1

    def enter(self, rootfs: str) -> None:
        """Take what is now mounted at `rootfs` as the root."""
        self.root = Root(files.open_path(rootfs, os.O_PATH | os.O_DIRECTORY))


class Operation(Protocol):
    """One step."""

    def execute(self, site: Site) -> None:
        """Do it. Raises OSError."""

    def describe(self) -> str:
        """What it does, to follow the word `cannot` or to be listed."""


class FileSystem(NamedTuple):
    """Mount a file system of the kernel."""

    kind: str
    source: str
    target: str
    flags: int
    options: str = ""
    links: bool = True
    """Whether the target may be reached through symbolic links; not for /proc, which must be where it seems to be."""
    parsed: Parsed = Parsed()
    """What is to be done once it is there: propagation, attributes of all below, `tmpcopyup`."""

    def execute(self, site: Site) -> None:
        options = self._with_mode(site)
        with files.closing(self._place(site)) as fd:
            attach.check(site.root, fd, is_proc=self.kind == "proc")
            covered = copyup.open_covered(fd) if "tmpcopyup" in self.parsed.words else None
            syscalls.mount(self.source, by_descriptor(fd), self.kind, self.flags, options)
        if covered is not None:
            self._copy_up(site, covered)
        if self.parsed.propagation or self.parsed.set_below or self.parsed.clear_below:
            with files.closing(site.root.open(self.target, links=self.links)) as top:
                attach.dress(top, self.parsed)

    def _with_mode(self, site: Site) -> str:
        """A tmpfs takes the permissions of the directory that it covers, unless it has its own."""
        if self.kind != "tmpfs":
            return self.options
        try:
            with files.closing(site.root.open(self.target, os.O_PATH | os.O_DIRECTORY)) as covered:
                mode = f"mode={files.permissions(covered):04o}"
        except FileNotFoundError:
            return self.options
        return f"{mode},{self.options}" if self.options else mode

    def _place(self, site: Site) -> int:
        try:
            return site.root.directory(self.target, links=self.links)
        except OSError as err:
            if self.links or err.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
            what = f'filesystem "{self.kind}" must be mounted on ordinary directory {self.target}'
            raise errors.SetupFailed(what, hint=explain.HINTS[err.errno], errno=err.errno) from err

    def _copy_up(self, site: Site, covered: int) -> None:
        with files.closing(covered), files.closing(site.root.open(self.target, os.O_RDONLY | os.O_DIRECTORY)) as top:
            copyup.copy(covered, top)

    def describe(self) -> str:
        return f"mount {self.kind} on {self.target}"


class MakeDirectory(NamedTuple):
    """Make a directory and its parents where they are missing."""

    path: str
    mode: int = 0o755

    def execute(self, site: Site) -> None:
        os.close(site.root.directory(self.path, self.mode))

    def describe(self) -> str:
        return f"make the directory {self.path}"

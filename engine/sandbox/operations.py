"""The steps that build a container's root, as data: each can be done and described. Standard library only.

They run in the child, in its own mount namespace, before pivot_root: the host's paths are still there for
sources, and each target is resolved beneath the new root (see `beneath`). Nothing of this is ever seen in the host's
mount table.
"""

import os
import stat
from typing import NamedTuple, Protocol

from engine.kernel import const, files, syscalls
from engine.kernel.proc import Hierarchy
from engine.sandbox.beneath import Root, by_descriptor


class Pty(NamedTuple):
    """A pseudo-terminal."""

    master: int
    slave: int


class Site:
    """Where the operations work: the root, once it is mounted, and what they leave for later steps."""

    def __init__(self) -> None:
        self.root = Root(-1)
        self.warnings: list[str] = []
        self.hierarchies: tuple[Hierarchy, ...] = ()
        """Those in which the container has a cgroup of its own."""
        self.terminal: Pty | None = None
        """Opened by `Console`; whoever takes it closes it."""

    def enter(self, rootfs: str) -> None:
        """Take what is now mounted at `rootfs` as the root."""
        self.root = Root(files.open_path(rootfs, os.O_PATH | os.O_DIRECTORY))


class Operation(Protocol):
    """One step."""

    def execute(self, site: Site) -> None:
        """Do it. Raises OSError."""

    def describe(self) -> str:
        """What it does, to follow the word `cannot` or to be listed."""


class Isolate(NamedTuple):
    """Cut the new mount namespace off from the host's: mounts made here are not seen there."""

    receive: bool = False
    """Still take what the host mounts later (slave), for a bind mount that asks for it."""

    def execute(self, site: Site) -> None:
        del site
        syscalls.mount(None, "/", None, const.MS_REC | (const.MS_SLAVE if self.receive else const.MS_PRIVATE))

    def describe(self) -> str:
        return "separate the mounts from the host's"


class Overlay(NamedTuple):
    """Mount the image's layers and the container's own as the root.

    Layers are named by descriptor: mount(2) takes one page of options, which forty paths of layers would fill, and
    commas and colons in paths need no escapes.
    """

    rootfs: str
    lower: tuple[str, ...]
    """The top layer first."""
    upper: str
    work: str
    options: tuple[str, ...] = ()

    def execute(self, site: Site) -> None:
        fds = [files.open_path(path, os.O_PATH | os.O_DIRECTORY) for path in (self.upper, self.work, *self.lower)]
        try:
            upper, work, *lower = (by_descriptor(fd) for fd in fds)
            options = [f"lowerdir={':'.join(lower)}", f"upperdir={upper}", f"workdir={work}", *self.options]
            syscalls.mount("overlay", self.rootfs, "overlay", 0, ",".join(options))
        finally:
            for fd in fds:
                os.close(fd)
        site.enter(self.rootfs)

    def describe(self) -> str:
        return f"mount the overlay of {len(self.lower)} layers"


class Directory(NamedTuple):
    """Take a directory of the host as the root."""

    rootfs: str
    path: str

    def execute(self, site: Site) -> None:
        syscalls.mount(self.path, self.rootfs, None, const.MS_BIND | const.MS_REC)
        site.enter(self.rootfs)

    def describe(self) -> str:
        return f"use {self.path} as the root"


class FileSystem(NamedTuple):
    """Mount a file system of the kernel."""

    kind: str
    source: str
    target: str
    flags: int
    options: str = ""
    links: bool = True
    """Whether the target may be reached through symbolic links; not for /proc, which must be where it seems to be."""

    def execute(self, site: Site) -> None:
        with files.closing(site.root.directory(self.target, links=self.links)) as fd:
            syscalls.mount(self.source, by_descriptor(fd), self.kind, self.flags, self.options)

    def describe(self) -> str:
        return f"mount {self.kind} on {self.target}"


class Bind(NamedTuple):
    """Let a directory or file of the host be seen inside.

    The copy of the mount gets its flags before it is attached: there is no moment in which it can be written to, and
    the flags that the source's mount has, which may be locked, stay as they are.
    """

    source: str
    target: str
    recursive: bool = True
    attributes: int = 0
    propagation: int = const.MS_PRIVATE

    def execute(self, site: Site) -> None:
        with files.closing(self._copy()) as tree, files.closing(self._place(site, tree)) as place:
            syscalls.mount_setattr(
                tree, attributes=self.attributes, propagation=self.propagation, recursive=self.recursive
            )
            syscalls.move_mount(tree, place)

    def _copy(self) -> int:
        flags = const.OPEN_TREE_CLONE | (const.AT_RECURSIVE if self.recursive else 0)
        return syscalls.open_tree(const.AT_FDCWD, self.source, flags)

    def _place(self, site: Site, tree: int) -> int:
        return site.root.directory(self.target) if files.is_directory(tree) else site.root.file(self.target)

    def describe(self) -> str:
        return f"mount {self.source} of the host on {self.target}"


class MakeDirectory(NamedTuple):
    """Make a directory and its parents where they are missing."""

    path: str
    mode: int = 0o755

    def execute(self, site: Site) -> None:
        os.close(site.root.directory(self.path, self.mode))

    def describe(self) -> str:
        return f"make the directory {self.path}"


class MakeHostDirectory(NamedTuple):
    """Make the source of a bind mount where it is missing, as `docker run -v` does."""

    path: str

    def execute(self, site: Site) -> None:
        del site
        if not os.path.lexists(self.path):
            syscalls.entering("mkdirat")
            os.makedirs(self.path, 0o755, exist_ok=True)

    def describe(self) -> str:
        return f"make the directory {self.path} of the host"


class Symlink(NamedTuple):
    """Make a symbolic link; one that is there stays."""

    target: str
    path: str

    def execute(self, site: Site) -> None:
        with files.closing(site.root.directory(os.path.dirname(self.path))) as folder:
            try:
                files.make_link(self.target, os.path.basename(self.path), folder=folder)
            except FileExistsError:
                return

    def describe(self) -> str:
        return f"link {self.path} to {self.target}"


class Device(NamedTuple):
    """Make a device node. Where mknod(2) is refused, the host's own node of that path is bound instead."""

    path: str
    kind: str
    """c or b, as mknod(1) calls them."""
    major: int
    minor: int
    mode: int = 0o666
    uid: int = 0
    gid: int = 0

    def execute(self, site: Site) -> None:
        with files.closing(site.root.directory(os.path.dirname(self.path))) as folder:
            try:
                self._node(folder)
            except PermissionError:
                Bind(self.path, self.path, recursive=False).execute(site)

    def _node(self, folder: int) -> None:
        kind = stat.S_IFBLK if self.kind == "b" else stat.S_IFCHR
        name = os.path.basename(self.path)
        try:
            files.make_node(name, kind | self.mode, os.makedev(self.major, self.minor), folder=folder)
        except FileExistsError:
            return
        if self.uid or self.gid:
            files.change_owner(name, self.uid, self.gid, folder=folder)

    def describe(self) -> str:
        return f"make the device {self.path}"

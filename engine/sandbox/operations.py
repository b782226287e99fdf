"""The steps that build a container's root, as data: each can be done and described. Standard library only.

They run in the child, in its own mount namespace, before pivot_root: the host's paths are still there for
sources, and each target is resolved beneath the new root (see `beneath`). Nothing of this is ever seen in the host's
mount table.
"""

import errno
import os
import stat
from typing import NamedTuple, Protocol

from engine.kernel import const, files, syscalls
from engine.kernel.proc import Hierarchy
from engine.sandbox import sources
from engine.sandbox.beneath import Root, by_descriptor
from engine.sandbox.sources import Source


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
        self.trees: dict[Source, list[int]] = {}
        """Detached mounts of the host's that the parent has handed over, in a user namespace; each is used once."""

    def tree(self, source: Source) -> int:
        """A detached mount of the host's, which the caller closes."""
        handed = self.trees.get(source)
        return handed.pop() if handed else sources.open_tree(source)

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
    source: Source

    def execute(self, site: Site) -> None:
        with files.closing(site.tree(self.source)) as tree, files.closing(files.open_path(self.rootfs)) as place:
            syscalls.move_mount(tree, place)
        site.enter(self.rootfs)

    def describe(self) -> str:
        return f"use {self.source.path} as the root"


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


class MappedOverlay(NamedTuple):
    """The same in a user namespace: layers and workshop are mounts that show the container's ids for those on disk.

    They are attached below a tmpfs at the place of the root, which overlay then covers: before Linux 6.14 it takes no
    layer from a mount that is attached nowhere. Marks are kept in `user.overlay.*`, since `trusted.*` is the host's.
    """

    rootfs: str
    lower: tuple[Source, ...]
    """The top layer first."""
    workshop: Source
    """The folder of `upper` and `work`."""
    options: tuple[str, ...] = ()

    def execute(self, site: Site) -> None:
        syscalls.mount("tmpfs", self.rootfs, "tmpfs", const.MS_NOSUID | const.MS_NODEV, "mode=700,size=64k")
        for number, source in enumerate((self.workshop, *self.lower)):
            self._attach(site, source, f"{self.rootfs}/{number}")
        os.mkdir(f"{self.rootfs}/root", 0o700)
        lower = ":".join(f"{self.rootfs}/{number}" for number in range(1, len(self.lower) + 1))
        own = [f"lowerdir={lower}", f"upperdir={self.rootfs}/0/upper", f"workdir={self.rootfs}/0/work", "userxattr"]
        self._mount([*own, *self.options])
        site.enter(f"{self.rootfs}/root")

    def _attach(self, site: Site, source: Source, place: str) -> None:
        os.mkdir(place, 0o700)
        with files.closing(site.tree(source)) as tree, files.closing(files.open_path(place)) as target:
            syscalls.move_mount(tree, target)

    def _mount(self, options: list[str]) -> None:
        try:
            syscalls.mount("overlay", f"{self.rootfs}/root", "overlay", 0, ",".join(options))
        except OSError as err:
            if err.errno != errno.EINVAL:
                raise
            raise sources.unmappable(self.workshop.path, err) from err

    def describe(self) -> str:
        return f"mount the overlay of {len(self.lower)} layers"


class Bind(NamedTuple):
    """Let a directory or file of the host be seen inside.

    The copy of the mount gets its flags before it is attached: there is no moment in which it can be written to, and
    the flags that the source's mount has, which may be locked, stay as they are.
    """

    source: Source
    target: str
    attributes: int = 0
    propagation: int = const.MS_PRIVATE

    def execute(self, site: Site) -> None:
        with files.closing(site.tree(self.source)) as tree, files.closing(self._place(site, tree)) as place:
            syscalls.mount_setattr(
                tree, attributes=self.attributes, propagation=self.propagation, recursive=self.source.recursive
            )
            syscalls.move_mount(tree, place)

    def _place(self, site: Site, tree: int) -> int:
        return site.root.directory(self.target) if files.is_directory(tree) else site.root.file(self.target)

    def describe(self) -> str:
        return f"mount {self.source.path} of the host on {self.target}"


class MakeDirectory(NamedTuple):
    """Make a directory and its parents where they are missing."""

    path: str
    mode: int = 0o755

    def execute(self, site: Site) -> None:
        os.close(site.root.directory(self.path, self.mode))

    def describe(self) -> str:
        return f"make the directory {self.path}"


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
                Bind(self.on_host, self.path).execute(site)

    @property
    def on_host(self) -> Source:
        """The host's node of that path."""
        return Source(self.path, optional=True)

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

"""The steps that close a container's root behind its program, as data like `operations`. Standard library only.

What must not be seen is covered, what must not be changed is made read-only, and the host's root is let go.
"""

import os
from typing import NamedTuple

from engine.kernel import const, files, syscalls
from engine.sandbox.beneath import by_descriptor
from engine.sandbox.operations import Site


class Mask(NamedTuple):
    """Hide a path: a directory under an empty read-only one, a file under /dev/null. Missing is hidden enough."""

    path: str

    def execute(self, site: Site) -> None:
        try:
            target = site.root.open(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return
        with files.closing(target):
            if files.is_directory(target):
                flags = const.MS_RDONLY | const.MS_NOSUID | const.MS_NODEV | const.MS_NOEXEC
                syscalls.mount("tmpfs", by_descriptor(target), "tmpfs", flags, "size=0,nr_inodes=2,mode=555")
            else:
                self._cover(site, target)

    def _cover(self, site: Site, target: int) -> None:
        flags = const.OPEN_TREE_CLONE | const.AT_EMPTY_PATH
        with (
            files.closing(site.root.open("/dev/null")) as null,
            files.closing(syscalls.open_tree(null, "", flags)) as tree,
        ):
            syscalls.move_mount(tree, target)

    def describe(self) -> str:
        return f"mask {self.path}"


class ReadOnly(NamedTuple):
    """Bind a path onto itself, read-only. Missing is read-only enough."""

    path: str

    def execute(self, site: Site) -> None:
        try:
            target = site.root.open(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return
        flags = const.OPEN_TREE_CLONE | const.AT_RECURSIVE | const.AT_EMPTY_PATH
        with files.closing(target), files.closing(syscalls.open_tree(target, "", flags)) as tree:
            syscalls.mount_setattr(tree, attributes=const.MOUNT_ATTR_RDONLY, recursive=True)
            syscalls.move_mount(tree, target)

    def describe(self) -> str:
        return f"make {self.path} read-only"


class Freeze(NamedTuple):
    """Make a mount read-only where it is; what is mounted in it keeps its own mode."""

    path: str

    def execute(self, site: Site) -> None:
        with files.closing(site.root.open(self.path)) as mount:
            syscalls.mount_setattr(mount, attributes=const.MOUNT_ATTR_RDONLY)

    def describe(self) -> str:
        return f"make the mount on {self.path} read-only"


class Sysctl(NamedTuple):
    """Set a kernel parameter of the container's own namespaces."""

    name: str
    value: str

    def execute(self, site: Site) -> None:
        """A parameter that this kernel does not have is a warning."""
        path = "/proc/sys/" + self.name.replace(".", "/")
        try:
            with files.closing(site.root.open(path, os.O_WRONLY, links=False)) as fd:
                syscalls.entering("write")
                os.write(fd, self.value.encode())
        except FileNotFoundError:
            site.warnings.append(f"this kernel has no parameter {self.name}")

    def describe(self) -> str:
        return f"set the kernel parameter {self.name}"


class Hostname(NamedTuple):
    """Name the host that the container sees."""

    name: str

    def execute(self, site: Site) -> None:
        del site
        syscalls.sethostname(self.name)

    def describe(self) -> str:
        return f"set the host name {self.name}"


class Pivot(NamedTuple):
    """Make the new root the root, and let go of the host's.

    The old root ends up mounted over the new one, from where it is unmounted with everything in it.
    Source: pivot_root(2), "pivot_root(".", ".")".
    """

    def execute(self, site: Site) -> None:
        files.change_directory(site.root.fd)
        syscalls.pivot_root(".", ".")
        syscalls.umount(".", const.MNT_DETACH)
        files.change_directory("/")
        os.close(site.root.fd)

    def describe(self) -> str:
        return "change the root"


class Move(NamedTuple):
    """Make the new root the root where pivot_root(2) cannot: the host's root is itself a ramfs."""

    def execute(self, site: Site) -> None:
        files.change_directory(site.root.fd)
        syscalls.mount(".", "/", None, const.MS_MOVE)
        syscalls.chroot(".")
        files.change_directory("/")
        os.close(site.root.fd)

    def describe(self) -> str:
        return "move the root"

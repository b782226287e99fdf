"""The steps that close a container's root behind its program, as data like `operations`. Standard library only.

What must not be seen is covered, what must not be changed is made read-only, and the host's root is let go.
"""

import errno
import os
from typing import Final, NamedTuple

from engine.kernel import const, files, syscalls
from engine.sandbox.beneath import by_descriptor
from engine.sandbox.operations import Site

_NULL: Final = os.makedev(1, 3)
_COPY: Final = const.OPEN_TREE_CLONE | const.AT_EMPTY_PATH
_SEALED: Final = const.MS_RDONLY | const.MS_NOSUID | const.MS_NODEV | const.MS_NOEXEC


class Mask(NamedTuple):
    """Hide a path: a directory under an empty read-only one, a file under /dev/null. Missing is hidden enough."""

    path: str
    isolated: bool = False
    """In a user namespace, where the host's own devices are out of reach."""

    def execute(self, site: Site) -> None:
        try:
            target = site.root.open(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return
        with files.closing(target):
            if not files.is_directory(target):
                self._cover_file(site, target)
            elif site.mask < 0:
                syscalls.mount("tmpfs", by_descriptor(target), "tmpfs", _SEALED, "size=0,nr_inodes=2,mode=555")
                site.mask = site.root.open(self.path)
            else:
                with files.closing(syscalls.open_tree(site.mask, "", _COPY)) as tree:
                    syscalls.move_mount(tree, target)

    def _cover_file(self, site: Site, target: int) -> None:
        with files.closing(self._null(site)) as null, files.closing(syscalls.open_tree(null, "", _COPY)) as tree:
            syscalls.move_mount(tree, target)

    def _null(self, site: Site) -> int:
        """The container's /dev/null, if it is that; it could be a file of the image which shows or takes something."""
        try:
            found = site.root.open("/dev/null", links=False)
        except OSError as err:
            if self.isolated or err.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise
            return files.open_path("/dev/null")
        if files.device(found) == _NULL:
            return found
        os.close(found)
        if self.isolated:
            raise syscalls.failure(errno.ENODEV, "fstat", "/dev/null")
        return files.open_path("/dev/null")

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


class Hostname(NamedTuple):
    """Name the host that the container sees."""

    name: str

    def execute(self, site: Site) -> None:
        del site
        syscalls.sethostname(self.name)

    def describe(self) -> str:
        return f"set the host name {self.name}"


class Domainname(NamedTuple):
    """Name the NIS domain that the container sees."""

    name: str

    def execute(self, site: Site) -> None:
        del site
        syscalls.setdomainname(self.name)

    def describe(self) -> str:
        return f"set the domain name {self.name}"

"""How a container's root comes to be where it is built: steps like those of `operations`. Standard library only."""

import errno
import os
from typing import NamedTuple

from engine.kernel import const, files, syscalls
from engine.sandbox import sources
from engine.sandbox.beneath import by_descriptor
from engine.sandbox.operations import Site
from engine.sandbox.sources import Source


class Isolate(NamedTuple):
    """Cut the new mount namespace off from the host's: mounts made here are not seen there."""

    propagation: int = const.MS_PRIVATE | const.MS_REC
    """MS_SLAVE still takes what the host mounts later, for a bind mount that asks for it; MS_SHARED shows it more."""

    def execute(self, site: Site) -> None:
        del site
        syscalls.mount(None, "/", None, self.propagation)

    def describe(self) -> str:
        return "separate the mounts from the host's"


class Part(NamedTuple):
    """Make the mount that a path lies on private, so that the root can be mounted there and nobody else sees it."""

    path: str

    def execute(self, site: Site) -> None:
        """Upwards until a path is a mount; only such a one can be told (EINVAL)."""
        del site
        path = os.path.realpath(self.path)
        while True:
            try:
                return syscalls.mount(None, path, None, const.MS_PRIVATE)
            except OSError as err:
                if err.errno != errno.EINVAL or path == "/":
                    raise
            path = os.path.dirname(path)

    def describe(self) -> str:
        return f"separate the mount of {self.path} from the host's"


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
            syscalls.mount_setattr(tree, propagation=const.MS_PRIVATE, recursive=True)
            syscalls.move_mount(tree, place)
        site.enter(self.rootfs)

    def describe(self) -> str:
        return f"use {self.source.path} as the root"


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

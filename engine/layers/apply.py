"""Unpacks a layer: the archive of a stranger, into the directory that overlay mounts over the layers below.

Whatever a member is called and wherever links lead, nothing outside of the directory is read or written. Of several
members with one name the last one counts; a whiteout takes away what the layers below have, and never what the same
archive has, in whichever order they come.

Source: OCI image-spec 1.1, layer.md, "Applying Changesets".
"""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from engine.archive.failures import failed
from engine.archive.member import HARD_LINK, Member
from engine.archive.reader import Reader
from engine.archive.refusals import damaged, quoted
from engine.errors import EngineError
from engine.layers import dressing, paths, whiteouts
from engine.layers.folders import Folder
from engine.layers.following import Following
from engine.layers.growing import Growing

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_IMPOSSIBLE: Final = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.ENOENT})
"""What kernel calls say of names and numbers that no file can have."""


class Applied(NamedTuple):
    """What came of an archive."""

    size_bytes: int
    """Of its files, holes counted, and of those that came along from the layers below."""
    entries: int
    """Members of the archive, whiteouts among them."""
    depends: bool
    """Over other layers it might have come out differently: it has directories that it does not name, goes through
    links of the layers below, or links to files of theirs."""
    root: bool
    """It named `/` itself, whose attributes the directory has now."""


def no_progress(_done: int) -> None:
    """For who does not want to know."""


def apply(
    reader: Reader, folder: str, below: Sequence[str] = (), progress: Callable[[int], None] = no_progress
) -> Applied:
    """Unpack an archive into the new, empty directory `folder`; `below`: unpacked layers under it, top first.

    `progress` hears, after each member and each MiB, how many bytes of files are unpacked. Raises InvalidInput for an
    archive that cannot be meant, MissingFeature where the file system cannot keep it, EngineError where it fails; what
    is in `folder` then is of no use.
    """
    try:
        with Growing(folder, below) as layer:
            applying = _Applying(reader, layer, progress)
            for member in reader:
                applying.add(member)
    except OSError as err:
        raise failed("unpack a layer into", folder, err) from err
    return Applied(applying.size_bytes + layer.copied_bytes, applying.entries, layer.depends, applying.root)


class _Applying:
    """One archive on its way into one layer."""

    def __init__(self, reader: Reader, layer: Growing, progress: Callable[[int], None]) -> None:
        self.size_bytes = 0
        self.entries = 0
        self.root = False
        self._reader = reader
        self._layer = layer
        self._following = Following(layer)
        self._progress = progress

    def add(self, member: Member) -> None:
        """Unpack one member. Raises EngineError."""
        self.entries += 1
        self._layer.opened.unpin()
        try:
            self._add(member, paths.beneath(member.path))
        except OSError as err:
            raise _told(member, err) from err
        self._progress(self.size_bytes)

    def _add(self, member: Member, path: str) -> None:
        if not path:
            return self._dress_root(member)
        if whiteouts.PREFIX in path and self._is_whiteout(path):
            return None
        above, _, name = path.rpartition("/")
        folder = self._following.folder(above)
        self._following.changing(folder, name)
        if member.kind == stat.S_IFREG:
            self._layer.put(folder, name, lambda: self._make_file(folder, name, member))
        elif member.kind == stat.S_IFDIR:
            found, again = self._layer.directory(folder, name)
            dressing.dress_folder(found, member, again=again)
        elif member.kind == HARD_LINK:
            self._link(folder, name, member)
        elif member.kind == stat.S_IFCHR and member.device == 0:
            self._layer.white_out(folder, name)  # overlay would take it for one
        else:
            self._layer.put(folder, name, lambda: _make_node(folder, name, member))
        return None

    def _dress_root(self, member: Member) -> None:
        if member.kind != stat.S_IFDIR:
            raise damaged("the root of the layer is no directory in it")
        dressing.dress_folder(self._layer.root, member, again=True)
        self.root = True

    def _is_whiteout(self, path: str) -> bool:
        """Whether the name says so, or says that it is nothing to unpack; then that has been done."""
        try:
            found = whiteouts.read(path)
        except ValueError:
            return False
        if found is None:
            return True
        folder = self._following.folder(found.folder)
        if found.name is None:
            self._following.forget()
            self._layer.hide(folder)
        else:
            self._following.changing(folder, found.name)
            self._layer.white_out(folder, found.name)
        return True

    def _make_file(self, folder: Folder, name: str, member: Member) -> None:
        fd = os.open(name, _NEW, 0o600, dir_fd=folder.fd)
        try:
            for offset, data in self._reader.content():
                _write(fd, data, offset)
                self.size_bytes += len(data)
                self._progress(self.size_bytes)
            if member.data is not None:
                os.ftruncate(fd, member.size)
                self.size_bytes += member.size - member.stored_bytes
            dressing.dress_file(fd, member)
        finally:
            os.close(fd)

    def _link(self, folder: Folder, name: str, member: Member) -> None:
        """Give a file another name. Its attributes stay those of the file: the link's own say the same."""
        target = paths.beneath(member.target)
        above, _, base = target.rpartition("/")
        source = self._following.folder(above)
        self._find_target(source, base, target)
        path, leads_to = paths.join(folder.path, name), paths.join(source.path, base)
        if leads_to == path:
            return
        if leads_to.startswith(f"{path}/"):
            raise damaged(f"the hard link {quoted(member.path)} would take the place of the directory it leads into")
        self._layer.put(
            folder, name, lambda: os.link(base, name, src_dir_fd=source.fd, dst_dir_fd=folder.fd, follow_symlinks=False)
        )

    def _find_target(self, source: Folder, name: str, target: str) -> None:
        """See that there is a file to link to. Raises InvalidInput."""
        if not name:
            raise damaged("a hard link leads to the root of the layer")
        try:
            info = os.lstat(name, dir_fd=source.fd)
        except FileNotFoundError:
            self._following.changing(source, name)
            self._layer.copy_up(source, name)
            return
        if stat.S_ISDIR(info.st_mode) or (stat.S_ISCHR(info.st_mode) and info.st_rdev == 0):
            raise damaged(f"a hard link leads to {paths.shown(target)}, where no file is")


def _make_node(folder: Folder, name: str, member: Member) -> None:
    if member.kind == stat.S_IFLNK:
        if b"\0" in member.target:
            raise damaged(f"the link {quoted(member.path)} has a NUL in its target")
        os.symlink(member.target, os.fsencode(name), dir_fd=folder.fd)
    else:
        os.mknod(name, member.kind | 0o600, member.device, dir_fd=folder.fd)
    dressing.dress_entry(folder.fd, name, member)


def _told(member: Member, err: OSError) -> EngineError:
    if err.errno in _IMPOSSIBLE:
        return damaged(f"{quoted(member.path)} cannot be unpacked: {os.strerror(err.errno).lower()}")
    return failed("unpack", os.fsdecode(member.path), err)


def _write(fd: int, data: bytes, offset: int) -> None:
    written = os.pwrite(fd, data, offset)
    while written < len(data):
        written += os.pwrite(fd, memoryview(data)[written:], offset + written)

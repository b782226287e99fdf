"""Unpacks an archive into a directory that is in use, as `cp` does: what is there is merged with, or replaced.

A directory replaces nothing else, and nothing else a directory. Names and links may be a stranger's: see `place`.
"""

import errno
import os
import stat
from contextlib import ExitStack
from typing import Final, NamedTuple

from engine.archive import attributes
from engine.archive.attributes import Manner
from engine.archive.failures import told
from engine.archive.member import HARD_LINK, Member
from engine.archive.place import Place, by_descriptor, look, open_file, open_folder
from engine.archive.reader import Reader
from engine.archive.refusals import quoted, unsupported
from engine.archive.streams import PIECE
from engine.errors import Conflict
from engine.kernel import files

_NAMELESS: Final = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL})
"""What a file system without O_TMPFILE says of it; see open(2), BUGS."""
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class Renamed(NamedTuple):
    """What the top of the archive is called where it is unpacked; both empty for what lies in it."""

    old: str = ""
    new: str = ""

    def path(self, text: str) -> str:
        """A path of the archive as it is here."""
        parts = [part for part in text.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise unsupported(f"a name that leads out of it, {quoted(os.fsencode(text))}")
        if self.old and parts[:1] == [self.old]:
            parts = parts[1:]
        elif self.old:
            raise unsupported(f"{quoted(os.fsencode(text))}, which is not what was asked for")
        return "/".join([self.new, *parts] if self.new else parts)


class Extraction:
    """One archive on its way into a place."""

    def __init__(self, reader: Reader, place: Place, manner: Manner, renamed: Renamed = Renamed()) -> None:  # noqa: B008
        self._reader = reader
        self._place = place
        self._manner = manner
        self._renamed = renamed
        self._folders: list[tuple[str, Member]] = []

    def run(self) -> int:
        """Unpack everything; how many members there were. Raises `EngineError`."""
        count = 0
        for count, member in enumerate(self._reader, start=1):  # noqa: B007 - the count is the answer
            path = self._renamed.path(os.fsdecode(member.path))
            if path:  # the place itself keeps its attributes
                with told("write", path):
                    self._unpack(member, path)
        for path, member in reversed(self._folders):
            self._set_time(path, member)
        return count

    def _unpack(self, member: Member, path: str) -> None:
        above, _, name = path.rpartition("/")
        if member.kind == HARD_LINK:
            return self._link(member, above, name, path)
        folder = self._place.parent(above)
        if member.kind == stat.S_IFDIR:
            return self._make_directory(member, name, folder, path)
        there = look(name, folder)
        _check_kind(there, member, path)
        if member.kind == stat.S_IFREG:
            return self._make_file(member, name, folder, there)
        if there is not None:
            files.remove(name, folder=folder)
        if member.kind == stat.S_IFLNK:
            files.make_link(os.fsdecode(member.target), name, folder=folder)
        else:
            self._make_node(member, name, folder, path)
        return self._dress_at(member, name, folder)

    def _make_directory(self, member: Member, name: str, folder: int, path: str) -> None:
        there = look(name, folder)
        if there is None:
            files.make_directory(name, 0o700, folder=folder)
        else:
            _check_kind(there, member, path)
        with files.closing(open_folder(name, folder)) as made:
            attributes.dress(made, member, self._manner)
        self._folders.append((path, member))

    def _make_file(self, member: Member, name: str, folder: int, there: os.stat_result | None) -> None:
        """It has no name before it is whole, so that none stays half, whatever happens to us."""
        try:
            fd = files.open_path(".", os.O_RDWR | os.O_TMPFILE, 0o600, folder=folder)
        except OSError as err:
            if err.errno not in _NAMELESS:
                raise
            return self._make_named(member, name, folder, there)
        with files.closing(fd):
            self._fill(member, fd)
            if there is None or _make_room(name, folder, there):
                os.link(by_descriptor(fd), name, dst_dir_fd=folder)
            else:
                self._write_over(member, name, folder, fd)
        return None

    def _make_named(self, member: Member, name: str, folder: int, there: os.stat_result | None) -> None:
        """Where the file system has no files without a name: half a one is taken away again."""
        if there is not None:
            files.remove(name, folder=folder)
        with ExitStack() as undo:
            fd = files.open_path(name, _NEW, 0o600, folder=folder)
            undo.callback(files.remove, name, folder=folder)
            with files.closing(fd):
                self._fill(member, fd)
            undo.pop_all()

    def _write_over(self, member: Member, name: str, folder: int, whole: int) -> None:
        with files.closing(files.open_path(name, os.O_PATH | os.O_NOFOLLOW, folder=folder)) as there:
            if not stat.S_ISREG(os.fstat(there).st_mode):
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
            with files.closing(open_file(there, os.O_WRONLY | os.O_TRUNC)) as fd:
                offset = 0
                while sent := os.sendfile(fd, whole, offset, PIECE):
                    offset += sent
                attributes.dress(fd, member, self._manner)

    def _fill(self, member: Member, fd: int) -> None:
        for offset, data in self._reader.content():
            _write(fd, data, offset)
        if member.data is not None:
            os.ftruncate(fd, member.size)
        attributes.dress(fd, member, self._manner)

    def _make_node(self, member: Member, name: str, folder: int, path: str) -> None:
        if member.kind != stat.S_IFIFO and not self._manner.trusted:
            raise attributes.refuse_device(path)
        try:
            files.make_node(name, member.kind | 0o600, member.device, folder=folder)
        except PermissionError as err:
            raise attributes.forbidden_device(path, err) from err

    def _dress_at(self, member: Member, name: str, folder: int) -> None:
        """By descriptor: whatever has taken the place of what was made, no link is followed."""
        with files.closing(files.open_path(name, os.O_PATH | os.O_NOFOLLOW, folder=folder)) as made:
            attributes.dress_at(made, member, self._manner)

    def _link(self, member: Member, above: str, name: str, path: str) -> None:
        old_above, _, old_name = self._renamed.path(os.fsdecode(member.target)).rpartition("/")
        with files.closing(os.dup(self._place.folder(old_above))) as old:
            folder = self._place.parent(above)
            there = look(name, folder)
            _check_kind(there, member, path)
            if there is not None:
                files.remove(name, folder=folder)
            os.link(old_name, name, src_dir_fd=old, dst_dir_fd=folder, follow_symlinks=False)

    def _set_time(self, path: str, member: Member) -> None:
        """Of a directory, when nothing more is made in it; one that is gone needs none."""
        with told("write", path):
            try:
                attributes.set_time(self._place.folder(path), member)
            except (FileNotFoundError, NotADirectoryError):
                return


def _make_room(name: str, folder: int, there: os.stat_result) -> bool:
    """False for a file that is mounted there, such as a container's /etc/hosts: its content can change, no more."""
    try:
        files.remove(name, folder=folder)
    except OSError as err:
        if err.errno != errno.EBUSY or not stat.S_ISREG(there.st_mode):
            raise
        return False
    return True


def _check_kind(there: os.stat_result | None, member: Member, path: str) -> None:
    if there is None:
        return
    was, becomes = stat.S_ISDIR(there.st_mode), member.kind == stat.S_IFDIR
    if was == becomes:
        return
    shown = quoted(os.fsencode(path))
    old, new = ("directory", "file") if was else ("file", "directory")
    raise Conflict(f"cannot overwrite the {old} {shown} with a {new}", hint="remove it first, or choose another place")


def _write(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written

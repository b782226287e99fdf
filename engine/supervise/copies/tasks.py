"""What workers do for `qd cp` and `qd export`; see `engine.client.copies` for the other end of the stream.

All that is used is imported before a container is entered: from then on the process has the container's ids, which
may not read the engine's own files.
"""

import os
import posixpath
import stat
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from engine import errors
from engine.archive import compression, packing
from engine.archive.attributes import ID_MAX, Manner
from engine.archive.extract import Extraction, Renamed
from engine.archive.limits import Limits
from engine.archive.names import from_text
from engine.archive.place import Place
from engine.archive.reader import Reader
from engine.archive.refusals import quoted
from engine.archive.writer import Writer
from engine.kernel import files
from engine.sandbox import visiting
from engine.sandbox.beneath import LINKS_MAX, Root

Say = Callable[[dict[str, Any]], None]
_WITHOUT_END: Final = Limits(bytes_max=1 << 62, entries_max=1 << 32)
"""What is copied is bounded by the disk that it comes from or goes to."""
_KERNELS: Final = ("dev", "proc", "sys")
"""Directories of a container's root of which a copy of the whole root has only the names, as an image has."""


class Pipe:
    """The client's descriptor, as archives are read from and written to."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read(self, size: int) -> bytes:
        return os.read(self._fd, size)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]


class Source(NamedTuple):
    """What a client is about to send."""

    name: str
    """Of the top of its archive; empty where only what lies in a directory is sent."""
    directory: bool


def copy_out(
    _say: Say, fd: int, place: dict[str, Any], path: str, name: str, follow: bool, only: str
) -> dict[str, Any]:
    """Send what a path of the container leads to, called `name`; see `packing.pack`.

    `follow`: where it is a link, what that leads to. `only`: `file` refuses a directory, `directory` all else.
    """
    path, name = from_text(path), from_text(name)
    with visiting.visited(place) as root, files.closing(_open(root, path, follow)) as found:
        directory = stat.S_ISDIR(os.fstat(found).st_mode)
        _check_kind(path, directory, only)
        skipped = _KERNELS if os.path.sameopenfile(found, root.fd) else ()
        writer = Writer(Pipe(fd))
        packing.pack(found, name, writer, skipped)
        writer.close()
    return {"directory": directory}


def _open(root: Root, path: str, follow: bool) -> int:
    flags = os.O_PATH if follow else os.O_PATH | os.O_NOFOLLOW
    try:
        return root.open(path, flags)
    except OSError as err:
        raise _unreachable(path, err) from err


def _unreachable(path: str, err: OSError) -> errors.EngineError:
    shown = quoted(os.fsencode(path))
    if isinstance(err, FileNotFoundError):
        return errors.NotFound(f"there is no {shown} in the container", hint="look: qd exec CONTAINER ls")
    if isinstance(err, NotADirectoryError):
        return errors.InvalidInput(f"{shown} of the container is not a directory", hint="end the path at the file")
    return errors.InvalidInput(f"{shown} of the container cannot be reached: {os.strerror(err.errno or 0).lower()}")


def _check_kind(path: str, directory: bool, only: str) -> None:
    if directory and only == "file":
        raise errors.InvalidInput(
            f"{quoted(os.fsencode(path))} is a directory, and cannot be copied onto a file", hint="name a directory"
        )
    if not directory and only == "directory":
        raise errors.NotFound("there is no directory to copy into", hint="make it first, or leave out the last /")


def copy_in(
    _say: Say, fd: int, place: dict[str, Any], path: str, source: dict[str, Any], archive: bool
) -> dict[str, Any]:
    """Unpack what a client sends to a path of the container, by the rules of `cp`; `archive` keeps the owners."""
    path, wanted = from_text(path), Source(from_text(source["name"]), source["directory"])
    with visiting.visited(place) as root:
        where, renamed = _target(root, path, wanted)
        _check_writable(root, where)
        owner = None if archive else (0, 0)
        reader = Reader(Pipe(fd), _WITHOUT_END)
        with Place(root.fd, where, links=True) as into:
            count = Extraction(reader, into, Manner(owner, ids=_ids(place)), renamed).run()
        reader.drain()
    return {"entries": count}


def unpack(_say: Say, fd: int, place: dict[str, Any], path: str) -> dict[str, Any]:
    """Unpack an archive of the user's, plain or compressed, into a directory of the container. Owners are its own."""
    from engine.archive import inflate, zstd_in  # noqa: F401 - needed in there, where nothing can be imported

    path = from_text(path)
    with visiting.visited(place) as root:
        if not _is_directory(root, path):
            raise errors.InvalidInput(
                f"{quoted(os.fsencode(path))} of the container is not a directory", hint="an archive is unpacked in one"
            )
        _check_writable(root, path)
        _kind, plain = compression.decompressed(Pipe(fd))
        reader = Reader(plain, _WITHOUT_END)
        with Place(root.fd, path, links=True) as into:
            count = Extraction(reader, into, Manner(ids=_ids(place))).run()
        reader.drain()
    return {"entries": count}


def _ids(place: dict[str, Any]) -> int:
    """How many ids the container has; those of a running one are the kernel's to refuse."""
    found: int = place.get("ids") or ID_MAX + 1
    return found


def _target(root: Root, path: str, source: Source) -> tuple[str, Renamed]:
    """The directory to unpack in, and what the top of the archive is called there."""
    path = _behind_links(root, path)
    try:
        with files.closing(root.open(path)) as found:
            mode = os.fstat(found).st_mode
    except FileNotFoundError:
        return _new_target(root, path, source)
    except OSError as err:
        raise _unreachable(path, err) from err
    if stat.S_ISDIR(mode):
        return path, Renamed(source.name, source.name)
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise errors.InvalidInput(f"{quoted(os.fsencode(path))} is a device", hint="name a file or a directory")
    _check_kind(source.name, source.directory, "file")
    return _split(path, source)


def _new_target(root: Root, path: str, source: Source) -> tuple[str, Renamed]:
    _check_kind(source.name, source.directory, "directory" if path.endswith("/") else "")
    where, renamed = _split(path.rstrip("/"), source)
    if not _is_directory(root, where):
        raise errors.NotFound(
            f"there is no directory {quoted(os.fsencode(where))} in the container", hint="make it first: qd exec"
        )
    return where, renamed


def _split(path: str, source: Source) -> tuple[str, Renamed]:
    above, name = posixpath.split(path)
    return above or "/", Renamed(source.name, name)


def _is_directory(root: Root, path: str) -> bool:
    try:
        os.close(root.open(path, os.O_PATH | os.O_DIRECTORY))
    except FileNotFoundError:
        return False
    except OSError as err:
        raise _unreachable(path, err) from err
    return True


def _behind_links(root: Root, path: str) -> str:
    """The path without a link at its end, whether that leads anywhere or not."""
    for _ in range(LINKS_MAX):
        try:
            with files.closing(root.open(path, os.O_PATH | os.O_NOFOLLOW)) as found:
                if not stat.S_ISLNK(os.fstat(found).st_mode):
                    return path
                path = posixpath.join(posixpath.dirname(path), os.readlink("", dir_fd=found))
        except (FileNotFoundError, NotADirectoryError):
            return path
    raise errors.InvalidInput(f"{quoted(os.fsencode(path))} of the container is a link that has no end")


def _check_writable(root: Root, path: str) -> None:
    """Before anything is sent. Raises Conflict."""
    with files.closing(root.open(path)) as found:
        if os.fstatvfs(found).f_flag & os.ST_RDONLY:
            raise errors.Conflict(
                f"{quoted(os.fsencode(path))} of the container is read-only", hint="copy to a volume or a tmpfs of it"
            )


def export(_say: Say, fd: int, folders: Sequence[str]) -> dict[str, Any]:
    """Write what a stack of layers, top first, shows as one archive."""
    from engine.layers import flat

    writer = Writer(Pipe(fd))
    flat.write_flat(folders, writer)
    writer.close()
    return {}

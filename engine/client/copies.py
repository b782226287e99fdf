"""The calls that copy files between the host and a container.

    client                                  worker, beneath the container's root
    files of the host -> archive -> pipe -> archive -> files        copy_in
    files of the host <- archive <- pipe <- archive <- files        copy_out

What a container has chosen is unpacked on the host without following a link, and, unless everything is to be kept,
belongs to the caller, is no device and sets no user id.
"""

import fcntl
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, Final

from engine import errors
from engine.archive.names import to_text
from engine.client import local_files
from engine.client.local_files import Found, Wanted
from engine.client.transport import Transport

PIPE_BYTES: Final = 1 << 20
"""As much as may be in a pipe by default: /proc/sys/fs/pipe-max-size."""


class _Pipe:
    """Our end of the stream, with a count of what has passed."""

    def __init__(self, fd: int, passed: Callable[[int], None]) -> None:
        self._fd = fd
        self._passed = passed
        self.over = False
        """The other end is closed: what fails from then on may be what follows from that."""

    def read(self, size: int) -> bytes:
        data = os.read(self._fd, size)
        self.over = not data
        self._passed(len(data))
        return data

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                written = os.write(self._fd, view)
            except BrokenPipeError:
                self.over = True
                raise
            self._passed(written)
            view = view[written:]


def _names(path: str, name: str) -> dict[str, str]:
    return {"path": to_text(path), "name": to_text(name)}


def nobody(_bytes: int) -> None:
    """For those who do not want to know."""


class CopyCalls(Transport):
    """Part of `Engine`."""

    def copy_out(
        self,
        ref: str,
        path: str,
        target: str,
        *,
        archive: bool = False,
        follow: bool = False,
        passed: Callable[[int], None] = nobody,
    ) -> None:
        """Copy what a container has at `path` to a path of the host.

        `archive` keeps owners, set-user-ID and devices; `follow` copies what a link at the end of `path` leads to;
        `passed` is told of bytes as they come.
        """
        wanted = local_files.target(target, path)
        params = {**_names(path, wanted.name), "ref": ref, "follow": follow, "only": wanted.only}
        self._through_pipe("copy_out", params, 0, passed, lambda pipe: _unpack(pipe, wanted, archive=archive))

    def copy_in(
        self,
        ref: str,
        path: str,
        source: str,
        *,
        archive: bool = False,
        follow: bool = False,
        passed: Callable[[int], None] = nobody,
    ) -> None:
        """Copy what the host has at `source` to a path of a container; it belongs to root there, unless `archive`."""
        found = local_files.source(source, follow=follow)
        params = {**_names(path, found.name), "ref": ref, "directory": found.directory, "archive": archive}
        self._through_pipe("copy_in", params, 1, passed, lambda pipe: _pack(pipe, found, follow=follow))

    def read_archive(self, ref: str, path: str, fd: int, *, follow: bool = False) -> None:
        """Write what a container has at `path` as an archive to a descriptor."""
        params = _names(path, local_files.top_name(path))
        self._call("copy_out", {**params, "ref": ref, "follow": follow}, fds=(fd,))

    def write_archive(self, ref: str, path: str, fd: int) -> None:
        """Unpack an archive, plain or compressed, from a descriptor into a directory of a container."""
        self._call("unpack", {"ref": ref, "path": to_text(path)}, fds=(fd,))

    def export(self, ref: str, fd: int) -> None:
        """Write all files of a container, without its volumes, as an archive to a descriptor."""
        self._call("export", {"ref": ref}, fds=(fd,))

    def _through_pipe(
        self,
        method: str,
        params: dict[str, Any],
        ours: int,
        passed: Callable[[int], None],
        work: Callable[[_Pipe], None],
    ) -> None:
        """A call that has one end of a pipe, while we work on the other: 0 to read from it, 1 to write to it."""
        with _Ends(ours) as ends:
            pipe = _Pipe(ends.ours, passed)
            failures: list[errors.EngineError | OSError] = []

            def meanwhile() -> None:
                ends.close(ends.theirs)
                try:
                    work(pipe)
                except (errors.EngineError, OSError) as err:
                    failures.append(err)
                ends.close(ends.ours)

            try:
                self._call(method, params, meanwhile=meanwhile, fds=(ends.theirs,))
            except errors.EngineError:
                if not failures or pipe.over:
                    raise
            if failures:
                raise failures[0]


class _Ends:
    """A pipe, of which each end is closed once."""

    def __init__(self, ours: int) -> None:
        ends = os.pipe2(os.O_CLOEXEC)
        self._open = set(ends)
        self.ours, self.theirs = ends[ours], ends[1 - ours]
        with suppress(PermissionError):
            fcntl.fcntl(self.ours, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def __enter__(self) -> "_Ends":
        return self

    def __exit__(self, *_error: object) -> None:
        for fd in tuple(self._open):
            self.close(fd)

    def close(self, fd: int) -> None:
        if fd in self._open:
            self._open.remove(fd)
            os.close(fd)


def _unpack(pipe: _Pipe, wanted: Wanted, *, archive: bool) -> None:
    from engine.archive.attributes import Manner
    from engine.archive.extract import Extraction
    from engine.archive.failures import told
    from engine.archive.limits import Limits
    from engine.archive.place import Place
    from engine.archive.reader import Reader

    owner = None if archive else (os.geteuid(), os.getegid())
    without_end = Limits(bytes_max=1 << 62, entries_max=1 << 32)
    with told("write", wanted.folder), ExitStack() as undo:
        folder = os.open(wanted.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        undo.callback(os.close, folder)
        place = undo.enter_context(Place(folder, links=False))
        reader = Reader(pipe, without_end)
        Extraction(reader, place, Manner(owner, trusted=archive)).run()
        reader.drain()


def _pack(pipe: _Pipe, found: Found, *, follow: bool) -> None:
    from engine.archive import packing
    from engine.archive.failures import told
    from engine.archive.writer import Writer

    flags = os.O_PATH | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    with told("read", found.path), ExitStack() as undo:
        fd = os.open(found.path, flags)
        undo.callback(os.close, fd)
        writer = Writer(pipe)
        packing.pack(fd, found.name, writer)
        writer.close()

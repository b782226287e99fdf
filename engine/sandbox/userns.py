"""User namespaces: the maps of a new one, and becoming its root. Standard library only.

The maps are written by the parent, which may map any ids; until then the child has the ids of nobody, but is still
the host's root to the file permissions of the host.
Source: user_namespaces(7).
"""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator

from engine.errors import EngineError, SetupFailed
from engine.kernel import clone, files, syscalls
from engine.kernel.const import CLONE_NEWUSER
from engine.sandbox import child, explain
from engine.sandbox.mappings import Mapping


def write_maps(pid: int, uids: Iterable[Mapping], gids: Iterable[Mapping]) -> None:
    """Map the ids of a child that has just been cloned into a user namespace. Raises `EngineError`."""
    for name, mappings in (("uid_map", uids), ("gid_map", gids)):
        text = "".join(f"{inside} {outside} {size}\n" for inside, outside, size in mappings)
        try:
            files.write(f"/proc/{pid}/{name}", text)
        except OSError as err:
            raise _explain(name, err) from err


def _explain(name: str, err: OSError) -> EngineError:
    if err.errno == errno.EINVAL:
        message = f"the kernel refuses the {name} of the user namespace"
        return SetupFailed(message, hint="ranges must not overlap", errno=errno.EINVAL)
    return explain.step(f"write the {name} of the user namespace", err)


def open_of(pid: int) -> int:
    """A descriptor of the user namespace of a process."""
    return files.open_path(f"/proc/{pid}/ns/user", os.O_RDONLY)


def become_root() -> None:
    """Take the ids of the namespace's root, where it has one."""
    for call in (syscalls.setresgid, syscalls.setresuid):
        with contextlib.suppress(OSError):  # EINVAL: 0 is not mapped; the program's own ids are
            call(0)


def owner_of(pid: int) -> int:
    """The uid, as we see it, of root in the user namespace of a process; our own root where it has none.

    Raises OSError.
    """
    for line in files.read(f"/proc/{pid}/uid_map").splitlines():
        inside, outside, _ = line.split()
        if inside == "0":
            return int(outside)
    return 0


@contextlib.contextmanager
def made(uids: tuple[Mapping, ...], gids: tuple[Mapping, ...]) -> Iterator[int]:
    """A descriptor of a user namespace of these maps, for the owners that a mount shows.

    It lives by its descriptor: the process in which it was made has ended when this yields.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    with files.closing(reader):
        with child.signals_blocked():
            process = clone.clone(CLONE_NEWUSER)
            if process.pid == 0:
                _wait(reader, writer)
        try:
            write_maps(process.pid, uids, gids)
            fd = open_of(process.pid)
        finally:
            os.close(writer)
            os.waitid(os.P_PIDFD, process.pidfd, os.WEXITED)
            os.close(process.pidfd)
    with files.closing(fd):
        yield fd


def _wait(reader: int, writer: int) -> None:
    """The child: until the parent has what it wants."""
    try:
        os.close(writer)
        os.read(reader, 1)
    finally:
        os._exit(0)

"""Which namespaces a container gets: new ones, given ones by path, or the host's. Standard library only.

    parent  parse        the spec's list, checked
            opened       those given by path, each verified to be of its type
    child   enter        setns(2) into the given ones, unshare(2) for the new ones, in an order that the kernel demands

A user namespace comes first, since the others belong to the one in which they are made; a mount namespace last of
the given ones, since the paths of the host end with it; a time namespace counts for what is cloned after it, unless
it is entered by setns(2). Source: OCI runtime-spec 1.2, config-linux.md, "Namespaces"; namespaces(7).
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from engine.errors import InvalidInput
from engine.kernel import const, files, syscalls
from engine.sandbox import child, explain, fields, mappings
from engine.sandbox.mappings import Mapping as Mapping

FLAGS: Final = {
    "user": const.CLONE_NEWUSER,
    "pid": const.CLONE_NEWPID,
    "ipc": const.CLONE_NEWIPC,
    "uts": const.CLONE_NEWUTS,
    "network": const.CLONE_NEWNET,
    "cgroup": const.CLONE_NEWCGROUP,
    "time": const.CLONE_NEWTIME,
    "mount": const.CLONE_NEWNS,
}
"""Type -> flag, in the order in which those given by path are entered."""
FILES: Final = {"mount": "mnt", "network": "net"}
"""Names of /proc/PID/ns that differ from the spec's."""
_AT_CLONE: Final = ("user", "pid")
_OFFSETS_FILE: Final = "/proc/self/timens_offsets"
_CLOCKS: Final = ("monotonic", "boottime")


class Wanted(NamedTuple):
    """The namespaces of a container."""

    new: frozenset[str] = frozenset()
    paths: dict[str, str] = {}
    """Type -> path."""
    uids: tuple[Mapping, ...] = ()
    gids: tuple[Mapping, ...] = ()
    offsets: dict[str, tuple[int, int]] = {}
    """Clock -> seconds and nanoseconds that are added, in a new time namespace."""

    def has(self, kind: str) -> bool:
        """Whether it is not the host's."""
        return kind in self.new or kind in self.paths


def parse(linux: dict[str, Any]) -> Wanted:
    """`linux.namespaces`, the mappings and `timeOffsets`. Raises `InvalidInput`."""
    new: set[str] = set()
    paths: dict[str, str] = {}
    for entry in fields.objects(linux, "namespaces"):
        kind, path = fields.text(entry, "type"), fields.text(entry, "path")
        if kind not in FLAGS:
            raise InvalidInput(f"unknown namespace type {kind!r}", hint=f"one of {', '.join(sorted(FLAGS))}")
        if kind in new or kind in paths:
            raise InvalidInput(f'malformed spec file: duplicated ns "{kind}"')
        if path and not path.startswith("/"):
            raise InvalidInput(f"the path {path} of the {kind} namespace is not absolute")
        new, paths = (new, paths | {kind: path}) if path else (new | {kind}, paths)
    wanted = Wanted(
        frozenset(new), paths, mappings.of_linux(linux, "uid"), mappings.of_linux(linux, "gid"), _offsets(linux)
    )
    _check(wanted)
    return wanted


def _check(wanted: Wanted) -> None:
    mapped = bool(wanted.uids or wanted.gids)
    if mapped and not wanted.has("user"):
        raise InvalidInput("User namespace mappings specified, but user namespace isn't enabled in the config")
    if "user" in wanted.new and not wanted.uids:
        raise InvalidInput("User namespaces enabled, but no uid mappings found.")
    if "user" in wanted.new and not wanted.gids:
        raise InvalidInput("User namespaces enabled, but no gid mappings found.")
    if wanted.offsets and "time" not in wanted.new:
        raise InvalidInput("time namespace offsets specified, but time namespace isn't enabled in the config")


def _offsets(linux: dict[str, Any]) -> dict[str, tuple[int, int]]:
    found = {}
    for clock, offset in (fields.an_object(linux, "timeOffsets") or {}).items():
        if clock not in _CLOCKS:
            raise InvalidInput(f"the clock {clock!r} has no time offset", hint=f"one of {', '.join(_CLOCKS)}")
        if not isinstance(offset, dict):
            raise InvalidInput(f"timeOffsets.{clock} is not an object")
        seconds = fields.number(offset.get("secs", 0), "secs", range(-(1 << 63), 1 << 63))
        found[clock] = (seconds, fields.number(offset.get("nanosecs", 0), "nanosecs", range(10**9)))
    return found


@contextlib.contextmanager
def opened(wanted: Wanted) -> Iterator[dict[str, int]]:
    """Type -> descriptor of each that is given by path. Raises `InvalidInput` for a path of another type."""
    with contextlib.ExitStack() as stack:
        found = {}
        for kind in FLAGS:
            if path := wanted.paths.get(kind):
                found[kind] = stack.enter_context(files.closing(_open(kind, path)))
        yield found


def _open(kind: str, path: str) -> int:
    try:
        fd = files.open_path(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as err:
        raise InvalidInput(f"cannot open the {kind} namespace {path}: {err.strerror}", errno=err.errno or 0) from err
    try:
        syscalls.entering("ioctl")
        if fcntl.ioctl(fd, const.NS_GET_NSTYPE) == FLAGS[kind]:
            return fd
    except OSError:
        pass  # no namespace at all: told as one of another type
    os.close(fd)
    raise InvalidInput(f"{path} is not a {kind} namespace")


@contextlib.contextmanager
def children_inside(given: int | None) -> Iterator[None]:
    """The next child is born in this pid namespace; the process itself stays where it is. Raises OSError."""
    if given is None:
        yield
        return
    with files.closing(files.open_path("/proc/self/ns/pid", os.O_RDONLY)) as own:
        syscalls.setns(given, const.CLONE_NEWPID)
        try:
            yield
        finally:
            child.twice(lambda: syscalls.setns(own, const.CLONE_NEWPID))


def at_clone(wanted: Wanted) -> int:
    """The flags with which a container's first process is cloned."""
    return sum(FLAGS[kind] for kind in _AT_CLONE if kind in wanted.new)


def open_clocks(wanted: Wanted) -> int | None:
    """The file for the offsets of a new time namespace, before the ids of a user namespace's root are taken.

    It belongs to the host's root while the process is not dumpable. Raises OSError.
    """
    return files.open_path(_OFFSETS_FILE, os.O_WRONLY) if wanted.offsets else None


def enter(wanted: Wanted, given: dict[str, int], clocks: int | None = None) -> None:
    """The child: all but those of the clone; `clocks` is of `open_clocks`. Raises OSError, `EngineError`."""
    if "user" not in given:
        enter_others(given)
    _unshare(wanted)
    if "time" in wanted.new:
        _set_clocks(wanted, clocks)
    if "mount" in given:
        enter_one("mount", given["mount"])


def enter_others(given: dict[str, int]) -> None:
    """Those that are given, but for the mount namespace. Raises `EngineError`.

    Before a user namespace that is given: they may be no part of it, and the right to enter them ends there.
    """
    for kind, fd in given.items():
        if kind not in _AT_CLONE and kind != "mount":
            enter_one(kind, fd)


def enter_one(kind: str, fd: int) -> None:
    """setns(2) into one that is given. Raises `EngineError`."""
    try:
        syscalls.setns(fd, FLAGS[kind])
    except OSError as err:
        raise explain.step(f"enter the {kind} namespace that is given", err) from err


def _unshare(wanted: Wanted) -> None:
    """All in one call; where that is refused, one by one, to say which."""
    flags = {kind: flag for kind, flag in FLAGS.items() if kind in wanted.new and kind not in _AT_CLONE}
    try:
        if flags:
            syscalls.unshare(sum(flags.values()))
    except OSError:
        for kind, flag in flags.items():
            try:
                syscalls.unshare(flag)
            except OSError as err:
                raise explain.namespace(kind, err) from err
        raise


def _set_clocks(wanted: Wanted, clocks: int | None) -> None:
    """A new time namespace is the children's; entering it makes it ours too, once its offsets are set.

    Source: time_namespaces(7).
    """
    if wanted.offsets:
        lines = "".join(f"{clock} {seconds} {nanos}\n" for clock, (seconds, nanos) in wanted.offsets.items())
        try:
            with files.closing(files.open_path(_OFFSETS_FILE, os.O_WRONLY) if clocks is None else clocks) as fd:
                os.write(fd, lines.encode())
        except OSError as err:
            raise explain.step("set the clocks of the time namespace", err) from err
    with files.closing(files.open_path("/proc/self/ns/time_for_children", os.O_RDONLY)) as fd:
        enter_one("time", fd)


def raise_loopback() -> None:
    """Set `lo` up in this network namespace."""
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        request = struct.pack("16sh22x", b"lo", 0)
        syscalls.entering("ioctl")
        flags = struct.unpack("16xh22x", fcntl.ioctl(sock, const.SIOCGIFFLAGS, request))[0]
        fcntl.ioctl(sock, const.SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | const.IFF_UP))

"""File operations of set-up, so that they too are announced to `syscalls.hook`. Standard library only."""

import contextlib
import os
import stat

from engine.kernel import syscalls

READ_LIMIT = 1 << 20
"""What `read` takes at most: files of /proc, and small files of an image."""


class closing:  # noqa: N801 - used as a word, like contextlib's
    """A context in which a descriptor is open; a class, since a generator would cost a start 0.1 ms."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __enter__(self) -> int:
        return self._fd

    def __exit__(self, *_error: object) -> None:
        os.close(self._fd)


def open_path(path: str, flags: int = os.O_PATH, mode: int = 0, *, folder: int | None = None) -> int:
    """openat(2), close-on-exec, without becoming the owner of a terminal."""
    syscalls.entering("openat")
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOCTTY, mode, dir_fd=folder)


def make_directory(path: str, mode: int, *, folder: int | None = None) -> None:
    """mkdirat(2)."""
    syscalls.entering("mkdirat")
    os.mkdir(path, mode, dir_fd=folder)


def make_node(path: str, mode: int, device: int, *, folder: int | None = None) -> None:
    """mknodat(2)."""
    syscalls.entering("mknodat")
    os.mknod(path, mode, device, dir_fd=folder)


def make_link(target: str, path: str, *, folder: int | None = None) -> None:
    """symlinkat(2)."""
    syscalls.entering("symlinkat")
    os.symlink(target, path, dir_fd=folder)


def read_link(path: str, *, folder: int | None = None) -> str:
    """readlinkat(2)."""
    syscalls.entering("readlinkat")
    return os.readlink(path, dir_fd=folder)


def remove(path: str, *, folder: int | None = None) -> None:
    """unlinkat(2); gone already is success."""
    syscalls.entering("unlinkat")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path, dir_fd=folder)


def change_owner(path: str, uid: int, gid: int, *, folder: int) -> None:
    """fchownat(2), of a link itself where it is one."""
    syscalls.entering("fchownat")
    os.chown(path, uid, gid, dir_fd=folder, follow_symlinks=False)


def chown(fd: int, uid: int, gid: int = -1) -> None:
    """fchown(2)."""
    syscalls.entering("fchown")
    os.fchown(fd, uid, gid)


def change_directory(path: str | int) -> None:
    """chdir(2), or fchdir(2) for a descriptor."""
    syscalls.entering("chdir")
    os.chdir(path)


def set_session() -> None:
    """setsid(2)."""
    syscalls.entering("setsid")
    os.setsid()


def duplicate(fd: int, onto: int) -> None:
    """dup3(2): `onto` is inherited by a program; equal descriptors are only made so."""
    syscalls.entering("dup3")
    if fd == onto:
        return os.set_inheritable(fd, True)
    os.dup2(fd, onto, inheritable=True)
    return None


def write(path: str, text: str) -> None:
    """Write a kernel file in one write(2): the kernel takes such a value whole or not at all."""
    fd = open_path(path, os.O_WRONLY)
    try:
        syscalls.entering("write")
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def read(path: str) -> str:
    """The text of a kernel file; see READ_LIMIT."""
    fd = open_path(path, os.O_RDONLY)
    try:
        return read_all(fd)
    finally:
        os.close(fd)


def read_all(fd: int) -> str:
    """What is left to read of a descriptor, up to READ_LIMIT; bytes that are not UTF-8 become escapes."""
    syscalls.entering("read")
    pieces = bytearray()
    while len(pieces) < READ_LIMIT and (piece := os.read(fd, READ_LIMIT - len(pieces))):
        pieces += piece
    return pieces.decode("utf-8", "surrogateescape")


def is_directory(fd: int) -> bool:
    """fstat(2): whether a descriptor is one of a directory."""
    syscalls.entering("fstat")
    return stat.S_ISDIR(os.fstat(fd).st_mode)


def device(fd: int) -> int | None:
    """fstat(2): the number of a character device; None for anything else."""
    syscalls.entering("fstat")
    status = os.fstat(fd)
    return status.st_rdev if stat.S_ISCHR(status.st_mode) else None


def permissions(fd: int) -> int:
    """fstat(2): the permission bits, with setuid, setgid and the sticky bit."""
    syscalls.entering("fstat")
    return stat.S_IMODE(os.fstat(fd).st_mode)


def execute(path: str, arguments: list[str], environment: dict[str, str]) -> None:
    """execve(2); it returns only by its error."""
    syscalls.entering("execve")
    os.execve(path, arguments, environment)  # noqa: S606 - a container's program is what this is for


def fork() -> int:
    """fork(2)."""
    syscalls.entering("fork")
    return os.fork()

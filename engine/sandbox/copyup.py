"""`tmpcopyup`: a tmpfs that begins with what the directory below it holds. Standard library only.

What is copied lies on the image: it is walked by descriptor and no link is followed; the size of the tmpfs bounds it.
"""

import os
import stat
from typing import Final

from engine.kernel import files, syscalls

_PIECE: Final = 1 << 20
DEPTH_MAX: Final = 128
"""Directories in each other; each level holds two descriptors."""


def open_covered(place: int) -> int:
    """A descriptor to read a directory by, also when something is mounted on it later."""
    return files.open_path(".", os.O_RDONLY | os.O_DIRECTORY, folder=place)


def copy(source: int, target: int, depth: int = 0) -> None:
    """Copy the contents and the attributes of a directory, by descriptors. Raises OSError."""
    syscalls.entering("getdents64")
    for name in os.listdir(source):
        _copy_entry(source, target, name, depth)
    _copy_attributes(source, target, os.fstat(source))


def _copy_entry(source: int, target: int, name: str, depth: int) -> None:
    info = os.lstat(name, dir_fd=source)
    kind = stat.S_IFMT(info.st_mode)
    if kind == stat.S_IFDIR:
        _copy_directory(source, target, name, depth)
    elif kind == stat.S_IFREG:
        _copy_file(source, target, name, info)
    elif kind == stat.S_IFLNK:
        files.make_link(files.read_link(name, folder=source), name, folder=target)
        files.change_owner(name, info.st_uid, info.st_gid, folder=target)
    else:
        files.make_node(name, info.st_mode, info.st_rdev, folder=target)
        files.change_owner(name, info.st_uid, info.st_gid, folder=target)


def _copy_directory(source: int, target: int, name: str, depth: int) -> None:
    if depth == DEPTH_MAX:
        raise OSError(f"{name}: more than {DEPTH_MAX} directories in each other")
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    files.make_directory(name, 0o700, folder=target)
    with (
        files.closing(files.open_path(name, flags, folder=source)) as below,
        files.closing(files.open_path(name, flags, folder=target)) as made,
    ):
        copy(below, made, depth + 1)


def _copy_file(source: int, target: int, name: str, info: os.stat_result) -> None:
    made = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with (
        files.closing(files.open_path(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, folder=source)) as old,
        files.closing(files.open_path(name, made, 0o600, folder=target)) as new,
    ):
        while os.sendfile(new, old, None, _PIECE):
            pass
        _copy_attributes(old, new, info)


def _copy_attributes(old: int, new: int, info: os.stat_result) -> None:
    """The owner first, since changing it drops setuid; times last."""
    files.chown(new, info.st_uid, info.st_gid)
    os.fchmod(new, stat.S_IMODE(info.st_mode))
    for name in os.listxattr(old):
        try:
            os.setxattr(new, name, os.getxattr(old, name))
        except OSError:
            continue  # a tmpfs takes few kinds of them
    os.utime(new, ns=(info.st_atime_ns, info.st_mtime_ns))

"""Random deeds on a tree of few names, so that they meet each other; and what a tree is afterwards."""

import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

SECOND: Final = 10**9
CAPABILITY: Final = bytes.fromhex("0100000200040000000000000000000000000000")
"""One capability, effective: version 2. Source: linux/capability.h, vfs_cap_data."""

ACL: Final = bytes.fromhex("0200000001000600ffffffff02000400e803000004000400ffffffff10000400ffffffff20000400ffffffff")
"""user::rw-, user:1000:r--, group::r--, mask::r--, other::r--. Source: linux/posix_acl_xattr.h."""
NOBODYS: Final = 400
"""The major number of devices that no driver has: to open one fails, whatever else is done with it."""


class Deed(NamedTuple):
    """One thing that a program does; what cannot be done there is not done."""

    verb: str
    path: str
    """Relative."""
    other: str
    """Another path, for deeds on two of them."""
    number: int


def do(root: str, deed: Deed) -> None:
    """Do it in the tree at `root`."""
    with suppress(OSError, shutil.Error):
        VERBS[deed.verb](f"{root}/{deed.path}", f"{root}/{deed.other}", deed.number)


def _write(path: str, _other: str, number: int) -> None:
    with open(path, "wb", opener=_no_follow) as file:
        file.write(bytes([number]) * number)


def _no_follow(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)


def _rewrite_unseen(path: str, _other: str, number: int) -> None:
    """Other content of the same length at the same time."""
    info = os.lstat(path)
    if stat.S_ISREG(info.st_mode):
        with open(path, "r+b", opener=_no_follow) as file:
            file.write(bytes([number]) * info.st_size)
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def _open_only(path: str, _other: str, _number: int) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK))


def _sparse(path: str, _other: str, number: int) -> None:
    with open(path, "wb", opener=_no_follow) as file:
        file.seek(number << 14)
        file.write(b"end")
        file.truncate(1 << 20)


def _mkdir(path: str, _other: str, number: int) -> None:
    os.mkdir(path, 0o700 | number)


def _remove(path: str, _other: str, _number: int) -> None:
    if stat.S_ISDIR(os.lstat(path).st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _make_again(path: str, _other: str, number: int) -> None:
    """A directory that is removed and made anew, with what was in it where the number is odd."""
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        return
    aside = f"{os.path.dirname(path)}/aside"
    shutil.copytree(path, aside, symlinks=True) if number % 2 else os.mkdir(aside)
    shutil.rmtree(path)
    _move(aside, path, 0)


def _move(path: str, other: str, _number: int) -> None:
    """As mv does: by copying where overlay refuses to rename a directory of the image."""
    try:
        os.rename(path, other)
    except OSError as err:
        if not stat.S_ISDIR(os.lstat(path).st_mode) or other.startswith(f"{path}/") or os.path.lexists(other):
            raise err
        shutil.copytree(path, other, symlinks=True)
        shutil.rmtree(path)


def _exchange(path: str, other: str, _number: int) -> None:
    shutil.copy2(path, other, follow_symlinks=False)


def _time(path: str, _other: str, number: int) -> None:
    os.utime(path, ns=(0, number * SECOND + number), follow_symlinks=False)


VERBS: dict[str, Callable[[str, str, int], Any]] = {
    "write": _write,
    "rewrite unseen": _rewrite_unseen,
    "open": _open_only,
    "sparse": _sparse,
    "mkdir": _mkdir,
    "remove": _remove,
    "make again": _make_again,
    "move": _move,
    "copy": _exchange,
    "time": _time,
    "link": lambda path, other, _number: os.link(path, other, follow_symlinks=False),
    "symlink": lambda path, other, _number: os.symlink(os.path.basename(other), path),
    "fifo": lambda path, _other, number: os.mkfifo(path, 0o600 | number),
    "device": lambda path, _other, number: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(NOBODYS, number)),
    "chmod": lambda path, _other, number: os.chmod(path, 0o400 | number << 6),
    "chown": lambda path, _other, number: os.chown(path, number, number * 1000, follow_symlinks=False),
    "note": lambda path, _other, number: os.setxattr(path, f"user.{number % 3}", bytes(number), follow_symlinks=False),
    "forget": lambda path, _other, number: os.removexattr(path, f"user.{number % 3}", follow_symlinks=False),
    "capability": lambda path, _other, _number: os.setxattr(
        path, "security.capability", CAPABILITY, follow_symlinks=False
    ),
}


class Look(NamedTuple):
    """What a program sees of one entry."""

    mode: int
    owner: tuple[int, int]
    mtime_ns: int
    device: int
    content: bytes
    attributes: dict[str, bytes]
    inode: int


def view(root: str) -> dict[str, Look]:
    """The whole tree by relative path; the root is `.`."""
    found = {".": _look(root)}
    for folder, below, files in os.walk(root):
        for name in below + files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = _look(path)
    return found


def _look(path: str) -> Look:
    info = os.lstat(path)
    content = b""
    if stat.S_ISLNK(info.st_mode):
        content = os.fsencode(os.readlink(path))
    elif stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:
            content = file.read()
    owner = (info.st_uid, info.st_gid)
    return Look(info.st_mode, owner, info.st_mtime_ns, info.st_rdev, content, _attributes(path), info.st_ino)


def _attributes(path: str) -> dict[str, bytes]:
    """Without overlay's: an unpacked layer marks what is opaque in both its ways, one of which a mount shows."""
    names = [name for name in os.listxattr(path, follow_symlinks=False) if ".overlay." not in name]
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in names}

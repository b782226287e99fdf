"""System calls that Python has no function for, one thin wrapper each. Standard library only.

A wrapper makes its call and raises OSError with the errno, the call's name and what it acted on. It decides, retries
and logs nothing. Every wrapper of `engine.kernel` first announces itself to `hook`, so that a test can make the k-th
call fail. ctypes passes a plain integer as a C int, which it extends with its sign: right for descriptors, ids and
flags, which have 32 bits at most, and much cheaper than to convert each; what has 64 bits lies in structures.
"""

import ctypes
import errno
import fcntl
import os
import struct
import sys
from collections.abc import Callable, Iterable
from typing import Any

from engine.kernel import const

hook: Callable[[str], None] | None = None
"""Called with the name of each kernel call before it is made; it fails the call by raising OSError."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
_libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
_libc.signal.restype = ctypes.c_void_p


def entering(call: str) -> None:
    """Announce a kernel call that is about to be made."""
    if hook is not None:
        hook(call)


def failure(number: int, call: str, target: object = None) -> OSError:
    """The error of a call that failed with this errno, in the form that all wrappers raise."""
    return OSError(number, f"{call}: {os.strerror(number)}", target)


def check(result: int, call: str, target: object = None) -> int:
    """The result of a call of libc, or the error that it left in errno."""
    if result < 0:
        raise failure(ctypes.get_errno(), call, target)
    return result


def raw(call: str, target: object, *arguments: Any) -> int:
    """syscall(2) by name. ENOSYS where the number is not known for this architecture."""
    entering(call)
    number = const.NUMBERS.get(call)
    if number is None:
        raise failure(errno.ENOSYS, call, target)
    result: int = _libc.syscall(number, *arguments)
    return result if result >= 0 else check(result, call, target)


# Mounts


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    entering("mount")
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    check(_libc.mount(encoded[0], encoded[1], encoded[2], flags, encoded[3]), "mount", target)


def umount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    entering("umount2")
    check(_libc.umount2(os.fsencode(target), flags), "umount2", target)


def pivot_root(new_root: str, put_old: str) -> None:
    """pivot_root(2)."""
    raw("pivot_root", new_root, os.fsencode(new_root), os.fsencode(put_old))


def chroot(path: str) -> None:
    """chroot(2)."""
    entering("chroot")
    check(_libc.chroot(os.fsencode(path)), "chroot", path)


def open_tree(folder: int, path: str, flags: int) -> int:
    """open_tree(2): a descriptor of a mount, or of a detached copy of it."""
    return raw("open_tree", path, folder, os.fsencode(path), flags | os.O_CLOEXEC)


def move_mount(tree: int, target: int) -> None:
    """move_mount(2): attach the mount of one descriptor to the place of another."""
    flags = const.MOVE_MOUNT_F_EMPTY_PATH | const.MOVE_MOUNT_T_EMPTY_PATH
    raw("move_mount", None, tree, b"", target, b"", flags)


def mount_setattr(
    tree: int, *, attributes: int = 0, clear: int = 0, propagation: int = 0, recursive: bool = False, userns: int = -1
) -> None:
    """mount_setattr(2): set and clear flags of the mount of a descriptor; flags that are not named stay.

    `userns` is the descriptor of a user namespace by whose mapping the mount shows its owners (MOUNT_ATTR_IDMAP).
    """
    idmap = const.MOUNT_ATTR_IDMAP if userns >= 0 else 0
    structure = struct.pack("QQQQ", attributes | idmap, clear, propagation, max(userns, 0))
    flags = const.AT_EMPTY_PATH | (const.AT_RECURSIVE if recursive else 0)
    raw("mount_setattr", None, tree, b"", flags, structure, len(structure))


def openat2(folder: int, path: str, flags: int, resolve: int) -> int:
    """openat2(2): open with restrictions on how the path is resolved."""
    structure = struct.pack("QQQ", flags | os.O_CLOEXEC, 0, resolve)
    return raw("openat2", path, folder, os.fsencode(path), structure, len(structure))


def syncfs(fd: int) -> None:
    """syncfs(2): write what is dirty of the whole file system that `fd` lies on."""
    entering("syncfs")
    check(_libc.syncfs(fd), "syncfs", fd)


# Namespaces


def unshare(flags: int) -> None:
    """unshare(2)."""
    entering("unshare")
    check(_libc.unshare(flags), "unshare")


def setns(fd: int, flags: int) -> None:
    """setns(2): `fd` is a pidfd with several flags, or a namespace with its own."""
    entering("setns")
    check(_libc.setns(fd, flags), "setns")


def pidfd_open(pid: int) -> int:
    """pidfd_open(2)."""
    return raw("pidfd_open", pid, pid, 0)


def sethostname(name: str) -> None:
    """sethostname(2)."""
    entering("sethostname")
    encoded = os.fsencode(name)
    check(_libc.sethostname(encoded, len(encoded)), "sethostname", name)


def setdomainname(name: str) -> None:
    """setdomainname(2)."""
    entering("setdomainname")
    encoded = os.fsencode(name)
    check(_libc.setdomainname(encoded, len(encoded)), "setdomainname", name)


def pidfd_getfd(pidfd: int, number: int) -> int:
    """pidfd_getfd(2): a copy of a descriptor of another process."""
    return raw("pidfd_getfd", number, pidfd, number, 0)


# Privileges. The raw calls, since libc's own wrappers speak to threads which a cloned child does not have.


def setgroups(groups: Iterable[int]) -> None:
    """setgroups(2)."""
    packed = [*groups]
    raw("setgroups", None, len(packed), struct.pack(f"{len(packed)}I", *packed))


def setresgid(gid: int) -> None:
    """setresgid(2): real, effective and saved group at once."""
    raw("setresgid", gid, gid, gid, gid)


def setresuid(uid: int) -> None:
    """setresuid(2): real, effective and saved user at once."""
    raw("setresuid", uid, uid, uid, uid)


def prctl(option: int, argument: int = 0, second: int = 0) -> int:
    """prctl(2)."""
    entering("prctl")
    return check(_libc.prctl(option, argument, second, 0, 0), "prctl", option)


def set_name(name: bytes) -> None:
    """prctl(2), PR_SET_NAME: at most 15 bytes count."""
    entering("prctl")
    buffer = ctypes.create_string_buffer(name[:15])
    check(_libc.prctl(const.PR_SET_NAME, buffer, 0, 0, 0), "prctl", "PR_SET_NAME")


def capget() -> tuple[int, int, int]:
    """capget(2): the effective, permitted and inheritable sets of this thread as bit masks."""
    data = ctypes.create_string_buffer(24)
    raw("capget", None, struct.pack("Ii", const.CAPABILITY_VERSION_3, 0), data)
    low = struct.unpack("6I", data.raw)
    effective, permitted, inheritable = (low[i] | low[i + 3] << 32 for i in range(3))
    return effective, permitted, inheritable


def capset(effective: int, permitted: int, inheritable: int) -> None:
    """capset(2): bit masks."""
    halves = [mask >> shift & 0xFFFF_FFFF for shift in (0, 32) for mask in (effective, permitted, inheritable)]
    raw("capset", None, struct.pack("Ii", const.CAPABILITY_VERSION_3, 0), struct.pack("6I", *halves))


def join_new_keyring() -> None:
    """keyctl(2), KEYCTL_JOIN_SESSION_KEYRING: an anonymous session keyring of one's own."""
    raw("keyctl", None, const.KEYCTL_JOIN_SESSION_KEYRING, None)


def execveat(program: int, arguments: list[str], environment: dict[str, str]) -> None:
    """execveat(2), AT_EMPTY_PATH: execute the file of a descriptor; it returns only by its error."""
    pairs = [f"{key}={value}" for key, value in environment.items()]
    argv, envp = ((ctypes.c_char_p * (len(texts) + 1))(*map(os.fsencode, texts), None) for texts in (arguments, pairs))
    raw("execveat", None, program, b"", argv, envp, const.AT_EMPTY_PATH)


# Signals, without the enums of Python's own module: it turns 64 numbers into objects at each call


def set_signal_mask(mask: int) -> int:
    """rt_sigprocmask(2), SIG_SETMASK: block the signals whose bits are set (signal n is bit n-1); the mask before."""
    before = ctypes.create_string_buffer(8)
    raw("rt_sigprocmask", None, const.SIG_SETMASK, struct.pack("Q", mask), before, 8)
    return int.from_bytes(before.raw, sys.byteorder)


def reset_signals() -> None:
    """signal(2) with SIG_DFL for every signal. Those that cannot be caught stay.

    Those that libc keeps for itself are set past it: GNU make starts its commands with both ignored.
    """
    entering("rt_sigaction")
    for number in range(1, const.SIGNAL_MAX + 1):
        _libc.signal(number, None)
    for number in const.SIGNALS_OF_LIBC:
        raw("rt_sigaction", None, number, bytes(32), None, 8)


# Descriptors and terminals


def close_range(first: int, last: int = const.FD_MAX, flags: int = 0) -> None:
    """close_range(2)."""
    raw("close_range", None, first, last, flags)


def ioctl(fd: int, request: int, argument: int | bytes = 0) -> int:
    """ioctl(2); only for requests that return their result."""
    entering("ioctl")
    try:
        return int(fcntl.ioctl(fd, request, argument)) if isinstance(argument, int) else _ioctl(fd, request, argument)
    except OSError as err:
        raise failure(err.errno or 0, "ioctl", hex(request)) from None


def _ioctl(fd: int, request: int, argument: bytes) -> int:
    fcntl.ioctl(fd, request, argument)
    return 0

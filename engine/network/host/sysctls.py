"""Settings of the kernel for a network namespace: the files below /proc/sys/net.

They are those of the namespace in which the calling thread is. Source: Documentation/networking/ip-sysctl.rst.
"""

import errno
import os
import re
from typing import Final

from engine import errors

_ROOT: Final = "/proc/sys/net"
_LINK: Final = re.compile(r"(?!\.{1,2}$)[!-.0-~]{1,15}")
"""What dev_valid_name() of the kernel allows: no space, no slash, neither of the two folders. ASCII alone is enough."""
_MOST: Final = 256
_FLAGS: Final = os.O_CLOEXEC | os.O_NOFOLLOW


def is_link(name: str) -> bool:
    """Whether a link may have this name; then it is a name of one folder as well."""
    return _LINK.fullmatch(name) is not None


def link(family: str, name: str, setting: str) -> str:
    """The path of a setting of one link, `family` being ipv4 or ipv6. Raises `InvalidInput`."""
    if not is_link(name):
        raise errors.InvalidInput(f"{name[:64]!r} cannot be a link's name", hint="15 characters at most, without '/'")
    return f"{family}/conf/{name}/{setting}"


def read(path: str) -> str:
    """The value of one, such as ipv4/ip_forward; empty where the kernel has none. Raises OSError."""
    try:
        fd = _open(path, os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        return os.read(fd, _MOST).decode("ascii", "replace").strip()
    finally:
        os.close(fd)


def ensure(path: str, value: str) -> bool:
    """Have it so; False where it was so already, which needs no right to write.

    Raises: `MissingFeature` where it may not be written, FileNotFoundError where the kernel has none, OSError.
    """
    if read(path) == value:
        return False
    try:
        _write(path, value)
    except OSError as err:
        raise _refused(path, value, err) from err
    return True


def _write(path: str, value: str) -> None:
    fd = _open(path, os.O_WRONLY)
    try:
        os.write(fd, value.encode("ascii"))
    finally:
        os.close(fd)


def _open(path: str, flags: int) -> int:
    """A file below /proc/sys/net, by its descriptor."""
    root = os.open(_ROOT, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return os.open(path, flags | _FLAGS, dir_fd=root)
    finally:
        os.close(root)


def _refused(path: str, value: str, err: OSError) -> Exception:
    """What to tell of a refusal; other failures are what they are."""
    if err.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
        return err
    return errors.MissingFeature(
        f"{_ROOT}/{path} cannot be set to {value}: {err.strerror}",
        hint=f"set it on the host: sysctl -w net/{path}={value}; or run without a network: --network none",
        errno=err.errno,
    )

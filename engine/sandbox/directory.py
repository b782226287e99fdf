"""The working directory of a program, which must lie inside of the container. Standard library only."""

import errno
import os

from engine import errors
from engine.kernel import cwd, files

OUTSIDE = (
    "current working directory is outside of container mount namespace root -- possible container breakout detected"
)


def enter(path: str, *, strict: bool = False) -> bool:
    """As root, who may enter more; false where even root may not, as on a network file system.

    Raises `SetupFailed`, with `strict` in runc's words.
    """
    try:
        files.change_directory(path)
    except PermissionError:
        return False
    except OSError as err:
        raise _failure(path, err, strict) from err
    _check()
    return True


def enter_as_user(path: str, *, strict: bool = False) -> None:
    """As the program's own user. Raises `SetupFailed`."""
    try:
        files.change_directory(path)
    except OSError as err:
        raise _failure(path, err, strict) from err
    _check()


def _check() -> None:
    """A directory outside of the root can be reached through a descriptor that was left open (CVE-2024-21626)."""
    try:
        found = cwd.getcwd()
    except OSError as err:
        if err.errno != errno.ENOENT:
            raise
        raise errors.SetupFailed(OUTSIDE, hint="choose another: -w /", errno=errno.ENOENT) from err
    if not found.startswith(b"/"):
        raise errors.SetupFailed(OUTSIDE, hint="choose another: -w /")


def _failure(path: str, err: OSError, strict: bool) -> errors.EngineError:
    words = os.strerror(err.errno or 0).lower()
    if strict:
        message = f'chdir to cwd ("{path}") set in config.json failed: {words}'
        return errors.SetupFailed(message, errno=err.errno or 0)
    message = f"cannot enter the working directory {path}: {words}"
    return errors.SetupFailed(message, hint="choose another: -w /", errno=err.errno or 0)

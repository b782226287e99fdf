"""The working directory of a program, which must lie inside of the container. Standard library only."""

import os

from engine import errors
from engine.kernel import files, syscalls


def enter(path: str) -> bool:
    """As root, who may enter more; false where even root may not, as on a network file system."""
    try:
        files.change_directory(path)
    except PermissionError:
        return False
    except OSError as err:
        raise _failure(path, err) from err
    _check(path)
    return True


def enter_as_user(path: str) -> None:
    """As the program's own user. Raises `SetupFailed`."""
    try:
        files.change_directory(path)
    except OSError as err:
        raise _failure(path, err) from err
    _check(path)


def _check(path: str) -> None:
    """A directory outside the root, reached through a descriptor that was left open, has no path here."""
    syscalls.entering("getcwd")
    try:
        os.getcwd()
    except FileNotFoundError:
        raise errors.SetupFailed(f"the working directory {path} is outside of the container") from None


def _failure(path: str, err: OSError) -> errors.EngineError:
    words = os.strerror(err.errno or 0).lower()
    return errors.SetupFailed(
        f"cannot enter the working directory {path}: {words}", hint="choose another: -w /", errno=err.errno or 0
    )

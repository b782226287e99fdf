"""Finding and executing the program, as its user, in the container. Standard library only."""

import errno
import os
import stat
from typing import Final, NoReturn

from engine import errors
from engine.kernel import files, syscalls

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_THERE: Final = (errno.ENOENT, errno.ENOTDIR)
_NO_INTERPRETER: Final = "it is there, but its interpreter or its dynamic loader is not in the image"
_NOT_EXECUTABLE: Final = (errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.EISDIR, errno.ELIBBAD, errno.ELOOP)


def find(arguments: list[str], environment: dict[str, str]) -> str:
    """The path of the program, as this user finds it. Raises `EngineError`.

    A name with a slash is a path. Another is searched for in the PATH of `environment`, as execvp(3) does: a
    directory in which it is missing is passed over, and permission that is denied is reported if nothing else is
    found.
    """
    name = arguments[0]
    if not name:
        raise errors.ProgramNotFound('exec: "": no command', hint="name a program to run")
    refused: OSError | None = None
    for path in candidates(name, environment.get("PATH", DEFAULT_PATH)):
        try:
            if _is_program(path):
                return path
            refused = refused or PermissionError(errno.EACCES, "")
        except OSError as err:
            if err.errno not in (*_NOT_THERE, errno.EACCES):
                raise failure(name, err) from err
            refused = refused or (err if err.errno == errno.EACCES else None)
    raise failure(name, refused)


def _is_program(path: str) -> bool:
    syscalls.entering("faccessat2")
    return stat.S_ISREG(os.stat(path).st_mode) and os.access(path, os.X_OK, effective_ids=True)


def execute(path: str, arguments: list[str], environment: dict[str, str]) -> NoReturn:
    """Execute what `find` has found; it returns only by raising an `EngineError`."""
    try:
        files.execute(path, arguments, environment)
    except OSError as err:
        if err.errno in _NOT_THERE:
            raise errors.ProgramNotFound(f"exec {path}: no such file or directory", hint=_NO_INTERPRETER) from err
        raise failure(arguments[0], err) from err
    raise AssertionError("execve returned")


def candidates(name: str, path: str) -> list[str]:
    """Where to look; an empty entry of PATH is the working directory."""
    if "/" in name:
        return [name]
    return [os.path.join(folder or ".", name) for folder in path.split(":")]


def failure(name: str, err: OSError | None) -> errors.EngineError:
    """Why a program could not be executed; None: nothing of that name was found."""
    quoted = f'exec: "{name}"'
    if err is None and "/" in name:
        return errors.ProgramNotFound(f"{quoted}: no such file or directory", hint="look for it in the image")
    if err is None:
        return errors.ProgramNotFound(
            f"{quoted}: executable file not found in $PATH", hint="give its path, or set PATH with -e"
        )
    if err.errno in _NOT_THERE:
        return errors.ProgramNotFound(f"{quoted}: no such file or directory", hint=_NO_INTERPRETER)
    words = os.strerror(err.errno or 0).lower()
    if err.errno in _NOT_EXECUTABLE:
        return errors.ProgramNotExecutable(f"{quoted}: {words}", hint=_hint(err.errno or 0), errno=err.errno or 0)
    return errors.SetupFailed(f"{quoted}: {words}", errno=err.errno or 0)


def _hint(number: int) -> str:
    if number == errno.ENOEXEC:
        return "it is no program for this machine: a script needs a first line such as #!/bin/sh"
    return "it must be a file that the container's user may execute: chmod +x"

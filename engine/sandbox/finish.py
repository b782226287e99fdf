"""The last part of the way, the same for a container's first program and for one that enters later.

In the container's root already: streams, session, user, limits, capabilities, and exec. Standard library only.
"""

import errno
import os
import stat
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from engine import errors
from engine.kernel import const, files, syscalls
from engine.sandbox import explain, program, security, terminal, users
from engine.sandbox.child import Channel, Stdio
from engine.sandbox.messages import Kind
from engine.sandbox.operations import Pty
from engine.sandbox.security import Sets
from engine.sandbox.users import User


class Process(NamedTuple):
    """A program, and what it may do."""

    arguments: list[str]
    environment: dict[str, str]
    cwd: str
    user: str | User
    """As it was asked for, or resolved already."""
    umask: int
    capabilities: Sets
    no_new_privileges: bool
    rlimits: list[dict[str, Any]]
    size: tuple[int, int] | None = None
    """Rows and columns, where it has a terminal."""

    @classmethod
    def of_spec(cls, process: dict[str, Any], annotations: dict[str, str]) -> "Process":
        """`process` of the OCI runtime-spec."""
        user = process.get("user", {})
        ids = User(user.get("uid", 0), user.get("gid", 0), tuple(user.get("additionalGids", ())))
        return cls(
            process["args"],
            environment_of(process.get("env", [])),
            process["cwd"],
            annotations.get(users.USER_ANNOTATION, ids),
            user.get("umask", 0o022),
            security.parse_sets(process.get("capabilities", {})),
            process.get("noNewPrivileges", False),
            process.get("rlimits", []),
        )


class Streams(NamedTuple):
    """Standard input, output and error of the program."""

    stdio: Stdio
    terminal: bool


def environment_of(pairs: list[str]) -> dict[str, str]:
    """KEY=VALUE entries as a mapping; a later one wins, and one without a key is dropped."""
    split = (pair.partition("=") for pair in pairs)
    return {key: value for key, equals, value in split if key and equals}


def leave_session(process: dict[str, Any]) -> None:
    """What is done while the host's /proc is still there, and leaves the keeper's session and keys."""
    files.set_session()
    security.raise_oom_score(process.get("oomScoreAdj", 0))
    try:
        syscalls.join_new_keyring()
    except OSError as err:
        if err.errno not in (errno.ENOSYS, errno.EPERM, errno.EDQUOT):
            raise


def streams(pty: Pty | None, stdio: Stdio | None, channel: Channel) -> Streams:
    """The descriptors of the program; the master of its terminal goes up to the keeper."""
    if stdio is not None:
        return Streams(stdio, False)
    if pty is None:
        raise errors.SetupFailed("neither a terminal nor standard streams were ordered")
    channel.say(Kind.TTY, fd=pty.master)
    os.close(pty.master)
    return Streams((pty.slave, pty.slave, pty.slave), True)


def finish(
    process: Process, given: Streams, channel: Channel, stay: Callable[[Callable[[], None]], None] | None
) -> NoReturn:
    """Become the program. `stay`, for --init, forks: the child goes on here, and pid 1 never returns from it."""
    try:
        user = process.user if isinstance(process.user, User) else users.resolve_inside(process.user)
        _give(given, user)
        terminal.place_stdio(given.stdio)
        moved = _enter_directory(process.cwd)
        os.umask(process.umask)
        channel.warn(security.limit(process.rlimits))
        channel.warn(security.become(user, process.capabilities))
        syscalls.prctl(const.PR_SET_DUMPABLE, 0)
        if not moved:
            _enter_directory_as_user(process.cwd)
        if stay is not None:
            stay(files.set_session)
        if given.terminal:
            terminal.take_as_controlling(0)
            terminal.set_size(0, process.size)
        security.restrict(process.no_new_privileges)
        syscalls.reset_signals()
        syscalls.set_signal_mask(0)
        syscalls.close_range(3, flags=const.CLOSE_RANGE_CLOEXEC)
    except OSError as err:
        raise explain.step("start the program", err) from err
    program.execute(process.arguments, {"HOME": user.home, **process.environment})
    raise AssertionError("execute returned")


def _give(given: Streams, user: User) -> None:
    """Let the user open its own terminal or pipes again by name, such as /dev/stderr."""
    for fd in set(given.stdio):
        mode = os.fstat(fd).st_mode
        if user.uid and (given.terminal or stat.S_ISFIFO(mode)):
            files.chown(fd, user.uid)


def _enter_directory(path: str) -> bool:
    """As root, who may enter more; false where even root may not, as on a network file system."""
    try:
        files.change_directory(path)
    except PermissionError:
        return False
    except OSError as err:
        raise _bad_directory(path, err) from err
    _check_directory(path)
    return True


def _enter_directory_as_user(path: str) -> None:
    try:
        files.change_directory(path)
    except OSError as err:
        raise _bad_directory(path, err) from err
    _check_directory(path)


def _check_directory(path: str) -> None:
    """A directory outside the root, reached through a descriptor that was left open, has no path here."""
    syscalls.entering("getcwd")
    try:
        os.getcwd()
    except FileNotFoundError:
        raise errors.SetupFailed(f"the working directory {path} is outside of the container") from None


def _bad_directory(path: str, err: OSError) -> errors.EngineError:
    words = os.strerror(err.errno or 0).lower()
    return errors.SetupFailed(
        f"cannot enter the working directory {path}: {words}", hint="choose another: -w /", errno=err.errno or 0
    )

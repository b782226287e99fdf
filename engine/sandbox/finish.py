"""The last part of the way, the same for a container's first program and for one that enters later.

    parent  Process.of_spec   what is wanted, checked
            endow             what a process in a user namespace of its own has no right to do for itself
    child   detach            with the host's /proc: session, keys, labels, priorities
            streams
            finish            in the container's root: streams, user, limits, capabilities, filter
                              [ready: the runtime's: READY, wait for `start`, hooks]
                              exec

Standard library only.
"""

import errno
import os
import signal
import stat
from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn

from engine import errors
from engine.kernel import const, files, syscalls
from engine.sandbox import (
    directory,
    explain,
    keyring,
    labels,
    limits,
    personality,
    program,
    scheduling,
    seccomp,
    security,
    terminal,
    users,
)
from engine.sandbox.child import Channel, Stdio
from engine.sandbox.messages import Kind
from engine.sandbox.oci_process import Process as Process
from engine.sandbox.operations import Pty
from engine.sandbox.security import Sets
from engine.sandbox.users import User

Failed = Callable[[errors.EngineError], None]
_ENDING: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class Streams(NamedTuple):
    """Standard input, output and error of the program."""

    stdio: Stdio
    terminal: bool


def endow(process: Process, pid: int) -> None:
    """From outside, for a process in a new user namespace: there it has no right to raise or to lower these.

    Raises `SetupFailed`.
    """
    security.set_oom_score(process.oom_score_adj, strict=process.strict, pid=pid)
    limits.raise_hard(pid, process.rlimits)
    if process.io_priority is not None:
        scheduling.set_io_priority(*process.io_priority, pid=pid)


def detach(
    process: Process,
    *,
    keys: str | None = "",
    entering: bool = False,
    endowed: bool = False,
    labelled: bool = True,
) -> None:
    """Leave the parent's session, keys, labels and CPUs, while the host's /proc is still there.

    `keys` names the session keyring: empty for one that nobody else can join, None for the parent's own. `entering`
    applies `execCPUAffinity`. `endowed` says that `endow` was called: the user namespace is new. Without `labelled`
    the caller has hooks to run that must not get the labels, and calls `labels.on_exec` behind them.
    Raises OSError, `SetupFailed`.
    """
    files.set_session()
    if not endowed:
        security.set_oom_score(process.oom_score_adj, strict=process.strict)
        if process.io_priority is not None:
            scheduling.set_io_priority(*process.io_priority)
    final = process.final_affinity if entering else None
    scheduling.set_affinity(scheduling.EVERY_CPU if final is None else final)
    if keys is not None:
        keyring.join(keys, process.selinux, keyring.SEARCH_BY_OTHERS if endowed else keyring.SEARCH_BY_USER)
    if labelled:
        labels.on_exec(process.apparmor, process.selinux)


def streams(pty: Pty | None, stdio: Stdio | None, channel: Channel) -> Streams:
    """The descriptors of the program; the master of its terminal goes up to the keeper."""
    if stdio is not None:
        return Streams(stdio, False)
    if pty is None:
        raise errors.SetupFailed("neither a terminal nor standard streams were ordered")
    channel.say(Kind.TTY, fds=(pty.master,))
    os.close(pty.master)
    return Streams((pty.slave, pty.slave, pty.slave), True)


def finish(
    process: Process,
    given: Streams,
    channel: Channel,
    stay: Callable[[Callable[[], None]], None] | None,
    ready: Callable[[dict[str, str]], Failed | None] | None = None,
    preserve: int = 0,
) -> NoReturn:
    """Become the program.

    `stay`, for --init, forks: the child goes on here, and pid 1 never returns from it. `ready` is called with the
    program's environment when all is done but exec, and may return who is told that exec fails. Descriptors from 3 on
    are closed by exec, except for the first `preserve`.
    """
    channel.warn(list(process.warnings))
    try:
        user = _user(process)
        sets = _become(process, given, user, channel)
        if stay is not None:
            stay(files.set_session)
        _take_terminal(process, given)
        syscalls.reset_signals()
        if ready is not None:
            _end_by_signals()
        syscalls.set_signal_mask(0)
        syscalls.close_range(3 + preserve, flags=const.CLOSE_RANGE_CLOEXEC)
        environment = _environment(process, user)
        found = program.find(process.arguments, environment)
        _restrict(process, sets, channel, ready is not None)
    except OSError as err:
        raise explain.step("start the program", err) from err
    failed = None if ready is None else ready(environment)
    try:
        program.execute(found, process.arguments, environment)
    except errors.EngineError as err:
        if failed is not None:
            failed(err)
        raise


def _end_by_signals() -> None:
    """While it waits for its start, the first process of a pid namespace would ignore those without a handler.

    Exec takes the handlers away. Source: pid_namespaces(7); runc's init ends by the same signals.
    """
    for number in _ENDING:
        signal.signal(number, lambda number, _frame: os._exit(128 + number))


def _user(process: Process) -> User:
    """As whom it runs; a home that the spec does not know is the account's."""
    if not isinstance(process.user, User):
        return users.resolve_inside(process.user)
    return process.user if process.user.home else process.user._replace(home=users.home_inside(process.user.uid))


def _environment(process: Process, user: User) -> dict[str, str]:
    """An empty HOME is none; the account's comes last."""
    found = dict(process.environment)
    if not found.get("HOME"):
        found.pop("HOME", None)
        found["HOME"] = user.home
    return found


def _become(process: Process, given: Streams, user: User, channel: Channel) -> Sets:
    """The user in its directory; the sets that it will have once `_restrict` is done."""
    _give(given, user)
    terminal.place_stdio(given.stdio)
    moved = directory.enter(process.cwd, strict=process.strict)
    os.umask(process.umask)
    channel.warn(limits.limit(process.rlimits, strict=process.strict))
    sets, warnings = security.become(user, process.capabilities, _needed(process))
    channel.warn(warnings)
    syscalls.prctl(const.PR_SET_DUMPABLE, 0)
    if not moved:
        directory.enter_as_user(process.cwd, strict=process.strict)
    return sets


def _needed(process: Process) -> int:
    """Capabilities that `_restrict` uses up."""
    filtering = process.seccomp is not None and not process.no_new_privileges
    return (security.SYS_ADMIN if filtering else 0) | (security.SYS_NICE if process.scheduler else 0)


def _take_terminal(process: Process, given: Streams) -> None:
    if given.terminal:
        terminal.take_as_controlling(0)
        terminal.set_size(0, process.size)


def _restrict(process: Process, sets: Sets, channel: Channel, listened: bool) -> None:
    """The scheduler comes late: the rest of this must not run on the few microseconds that it may leave."""
    if process.personality is not None:
        personality.set_personality(process.personality)
    if process.memory_policy is not None:
        personality.set_memory_policy(process.memory_policy)
    if process.scheduler is not None:
        scheduling.schedule(process.scheduler)
    security.restrict(process.no_new_privileges)
    if process.no_new_privileges and _needed(process):
        security.settle(sets, 0)
    if process.seccomp is not None:
        _filter(process.seccomp, channel, listened)
    if not process.no_new_privileges and _needed(process):
        security.settle(sets, 0)


def _filter(wanted: seccomp.Filter, channel: Channel, listened: bool) -> None:
    """From here on every call must pass it; the first is the write(2) that tells the listener's number."""
    if wanted.notify and not listened:
        raise errors.InvalidInput("SCMP_ACT_NOTIFY needs somebody who listens, which only qd-runtime provides")
    listener = seccomp.load(wanted)
    if listener is not None:
        channel.say(Kind.SECCOMP, {"fd": listener})


def _give(given: Streams, user: User) -> None:
    """Let the user open its own terminal or pipes again by name, such as /dev/stderr.

    What belongs to a user whom the user namespace does not know stays as it is, and so does what lies on a file
    system that is read-only.
    """
    for fd in set(given.stdio):
        status = os.fstat(fd)
        if status.st_uid == user.uid or not (given.terminal or stat.S_ISFIFO(status.st_mode)):
            continue
        try:
            files.chown(fd, user.uid)
        except OSError as err:
            if err.errno not in (errno.EPERM, errno.EINVAL, errno.EROFS):
                raise

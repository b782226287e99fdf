"""Starts one more program in a running container. Standard library only.

    enter   setns(pidfd of pid 1, pid)   in the keeper, for its next child alone
            clone
            setns back                   at once, whatever happened
              join cgroups, by the host's paths
              setns mount, ipc, uts, network, cgroup
              terminal of the container's devpts
              session, limits, user, capabilities
              exec

So the program is born in the container's pid namespace as a child of the keeper, which reaps it, and no process stands
between them. What is visible inside is not dumpable until it executes.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, NoReturn

from engine import errors
from engine.kernel import const, files, syscalls
from engine.sandbox import child, explain, finish, limits, oci_process, security
from engine.sandbox.beneath import Root
from engine.sandbox.child import Birth, Channel, Child, Stdio
from engine.sandbox.init import UNSHARED
from engine.sandbox.operations import Pty
from engine.sandbox.terminal import open_pty

_FILES: Final = {"mount": "mnt", "network": "net"}
"""Names of namespaces that differ between the OCI runtime-spec and /proc/PID/ns."""


class EnterOrder(NamedTuple):
    """One more program in a running container."""

    pid: int
    """Of the container's pid 1, which the caller knows to be alive or a zombie that it has not reaped."""
    args: tuple[str, ...]
    env: tuple[str, ...]
    """KEY=VALUE."""
    cwd: str
    user: str
    """As asked for; empty is root. Looked up in the container."""
    capabilities: dict[str, list[str]]
    """`process.capabilities` of the OCI runtime-spec."""
    no_new_privileges: bool = True
    terminal: bool = False
    size: tuple[int, int] | None = None
    """Rows and columns of the terminal."""
    join: tuple[str, ...] = ()
    """`tasks` files of cgroup v1 that the child writes itself into."""
    into: str | None = None
    """The directory of its cgroup v2."""
    rlimits: tuple[dict[str, Any], ...] = ()
    """`process.rlimits` of the OCI runtime-spec."""
    oom_score_adj: int = 0


def enter(order: EnterOrder, stdio: Stdio | None) -> Child:
    """Start the program and return at once; what comes next is said on the child's channel.

    `stdio` None, with `terminal`, gives it a terminal of the container's devpts.
    Raises `EngineError` when the container has gone, or not even a process could be made.
    """
    with contextlib.ExitStack() as undo:
        try:
            with files.closing(syscalls.pidfd_open(order.pid)) as target, _children_inside(target):
                process = _spawn(order, target, stdio)
                undo.callback(process.kill)
        except OSError as err:
            raise _explain(err) from err
        undo.pop_all()
        return process


def _spawn(order: EnterOrder, target: int, stdio: Stdio | None) -> Child:
    birth = Birth(0, order.join, order.into, (target, *(stdio or ())))
    return child.spawn(birth, lambda channel: _main(order, target, stdio, channel))


@contextlib.contextmanager
def _children_inside(target: int) -> Iterator[None]:
    """The next child is born in the pid namespace of `target`; this process itself stays where it is."""
    with files.closing(files.open_path("/proc/self/ns/pid", os.O_RDONLY)) as own:
        syscalls.setns(target, const.CLONE_NEWPID)
        try:
            yield
        finally:
            child.twice(lambda: syscalls.setns(own, const.CLONE_NEWPID))


def _main(order: EnterOrder, target: int, stdio: Stdio | None, channel: Channel) -> NoReturn:
    process = _process(order)
    finish.detach(process, entering=True)
    _join_namespaces(order.pid, target)
    os.close(target)
    pty = _open_terminal() if order.terminal else None
    process = process._replace(environment={"HOSTNAME": os.uname().nodename, **process.environment})
    finish.finish(process, finish.streams(pty, stdio, channel), channel, None)


def _process(order: EnterOrder) -> finish.Process:
    return finish.Process(
        list(order.args),
        oci_process.environment(list(order.env)),
        order.cwd,
        order.user,
        oci_process.UMASK,
        security.parse_sets(order.capabilities),
        order.no_new_privileges,
        limits.parse(list(order.rlimits)),
        order.size,
        order.oom_score_adj,
    )


def _join_namespaces(pid: int, target: int) -> None:
    """All at once by pidfd; one by one, the mount namespace last, where the kernel is older than Linux 5.8."""
    try:
        syscalls.setns(target, sum(UNSHARED.values()))
    except OSError as err:
        if err.errno != errno.EINVAL:
            raise explain.step("enter the container's namespaces", err) from err
        _join_one_by_one(pid)


def _join_one_by_one(pid: int) -> None:
    with contextlib.ExitStack() as opened:
        names = sorted(UNSHARED, key="mount".__eq__)
        for name in names:
            path = f"/proc/{pid}/ns/{_FILES.get(name, name)}"
            try:
                fd = opened.enter_context(files.closing(files.open_path(path, os.O_RDONLY)))
                syscalls.setns(fd, UNSHARED[name])
            except OSError as err:
                raise explain.step(f"enter the container's {name} namespace", err) from err


def _open_terminal() -> Pty:
    """A terminal of the container's devpts, as its root shows it."""
    try:
        with files.closing(files.open_path("/", os.O_PATH | os.O_DIRECTORY)) as root:
            return open_pty(Root(root))
    except OSError as err:
        raise explain.step("open a terminal in the container", err) from err


def _explain(err: OSError) -> errors.EngineError:
    """ESRCH: no such process; ENOMEM: its pid namespace takes no more processes, since its pid 1 has ended."""
    if err.errno in (errno.ESRCH, errno.ENOMEM):
        return errors.Conflict("the container is not running", hint="start it first: qd start", errno=err.errno)
    return explain.step("start a process in the container", err)

"""Starts one more program in a running container. Standard library only.

    enter   setns(pidfd of pid 1, pid)   in the keeper, for its next child alone
            clone
            setns back                   at once, whatever happened
              join cgroups, by the host's paths
              setns user, then the others that differ from ours
              terminal of the container's devpts
              session, limits, user, capabilities
              exec

So the program is born in the container's pid namespace as a child of the keeper, which reaps it, and no process stands
between them. What is visible inside is not dumpable until it executes.
"""

import contextlib
import errno
import os
from typing import Any, NamedTuple, NoReturn

from engine import errors
from engine.kernel import files, proc, syscalls
from engine.sandbox import (
    child,
    explain,
    finish,
    limits,
    namespaces,
    oci_process,
    scheduling,
    seccomp,
    security,
    userns,
)
from engine.sandbox.beneath import Root
from engine.sandbox.child import Birth, Channel, Child, Stdio
from engine.sandbox.operations import Pty
from engine.sandbox.terminal import open_pty


class EnterOrder(NamedTuple):
    """One more program in a running container."""

    pid: int
    """Of the container's pid 1."""
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
    preserve: int = 0
    """How many descriptors from 3 on the program inherits."""
    keyring: str | None = ""
    """See `finish.detach`."""
    apparmor: str = ""
    """Profile of AppArmor; empty is none."""
    selinux: str = ""
    """Label of SELinux; empty is none."""
    seccomp: dict[str, Any] | None = None
    """`linux.seccomp` of the OCI runtime-spec."""
    cache: str | None = None
    """A folder for compiled seccomp filters."""
    start_ticks: int = 0
    """When pid 1 was started; 0 from a caller who knows that it is alive, or a zombie that it has not reaped."""


def enter(order: EnterOrder, stdio: Stdio | None, process: finish.Process | None = None) -> Child:
    """Start the program and return at once; what comes next is said on the child's channel.

    `stdio` None, with `terminal`, gives it a terminal of the container's devpts. `process` is the program as the OCI
    runtime-spec describes it, in place of what the order says of it.
    Raises `EngineError` when the container has gone, or not even a process could be made.
    """
    with contextlib.ExitStack() as undo:
        try:
            wanted = process or _process(order)
            with files.closing(syscalls.pidfd_open(order.pid)) as target:
                _verify(order)
                foreign = _foreign(order.pid)
                with namespaces.children_inside(target if "pid" in foreign else None):
                    made = _spawn(order, target, foreign, stdio, wanted)
                undo.callback(made.kill)
        except OSError as err:
            raise _explain(err) from err
        undo.pop_all()
        return made


def _verify(order: EnterOrder) -> None:
    """With a pidfd open, a pid that is still that of the container stays so. Raises OSError."""
    if order.start_ticks and not proc.is_same_process(order.pid, order.start_ticks):
        raise syscalls.failure(errno.ESRCH, "pidfd_open", order.pid)


def _foreign(pid: int) -> frozenset[str]:
    """The types of the namespaces in which a process is and we are not. Raises OSError."""
    found = set()
    for kind in namespaces.FLAGS:
        name = namespaces.FILES.get(kind, kind)
        try:
            theirs, ours = os.stat(f"/proc/{pid}/ns/{name}"), os.stat(f"/proc/self/ns/{name}")
        except FileNotFoundError:
            if os.path.exists(f"/proc/{pid}/ns"):
                continue  # this kernel has none of the type
            raise syscalls.failure(errno.ESRCH, "stat", pid) from None
        if (theirs.st_dev, theirs.st_ino) != (ours.st_dev, ours.st_ino):
            found.add(kind)
    return frozenset(found)


def _spawn(
    order: EnterOrder, target: int, foreign: frozenset[str], stdio: Stdio | None, process: finish.Process
) -> Child:
    keep = (target, *(stdio or ()), *child.inherited(order.preserve))
    birth = Birth(0, order.join, order.into, keep)
    if process.initial_affinity is not None:
        scheduling.set_affinity(process.initial_affinity)
    return child.spawn(birth, lambda channel: _main(order, target, foreign, stdio, process, channel))


def _main(
    order: EnterOrder,
    target: int,
    foreign: frozenset[str],
    stdio: Stdio | None,
    process: finish.Process,
    channel: Channel,
) -> NoReturn:
    finish.detach(process, keys=order.keyring, entering=True)
    if "user" in foreign:
        limits.raise_hard(0, process.rlimits)  # the right to it ends with the next line
    root = None if "mount" in foreign else files.open_path(f"/proc/{order.pid}/root", os.O_PATH | os.O_DIRECTORY)
    _join_namespaces(order.pid, target, foreign)
    os.close(target)
    if root is not None:
        _change_root(root)
    pty = _open_terminal() if order.terminal else None
    if order.args:
        process = process._replace(environment={"HOSTNAME": os.uname().nodename, **process.environment})
    # Until the parent has the listener, this process must have it open.
    listened = process.seccomp is not None and process.seccomp.notify
    fetched = (lambda _environment: channel.await_answer()) if listened else None
    finish.finish(process, finish.streams(pty, stdio, channel), channel, None, fetched, order.preserve)


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
        order.apparmor,
        order.selinux,
        seccomp=None if order.seccomp is None else seccomp.compile(order.seccomp, order.cache),
    )


def _join_namespaces(pid: int, target: int, foreign: frozenset[str]) -> None:
    """All at once by pidfd; one by one, the mount namespace last, where the kernel is older than Linux 5.8.

    The pid namespace is that of the clone.
    """
    wanted = [kind for kind in namespaces.FLAGS if kind in foreign and kind != "pid"]
    try:
        if wanted:
            syscalls.setns(target, sum(namespaces.FLAGS[kind] for kind in wanted))
    except OSError as err:
        if err.errno != errno.EINVAL:
            raise explain.step("enter the container's namespaces", err) from err
        _join_one_by_one(pid, wanted)
    if "user" in foreign:
        userns.become_root()


def _join_one_by_one(pid: int, wanted: list[str]) -> None:
    with contextlib.ExitStack() as opened:
        fds = {}
        for kind in wanted:
            path = f"/proc/{pid}/ns/{namespaces.FILES.get(kind, kind)}"
            fds[kind] = opened.enter_context(files.closing(files.open_path(path, os.O_RDONLY)))
        for kind, fd in fds.items():
            try:
                syscalls.setns(fd, namespaces.FLAGS[kind])
            except OSError as err:
                raise explain.step(f"enter the container's {kind} namespace", err) from err


def _change_root(root: int) -> None:
    """Without a mount namespace the container has its root by chroot(2) alone."""
    with files.closing(root):
        files.change_directory(root)
        syscalls.chroot(".")
        files.change_directory("/")


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

"""Making a container of a bundle: everything but the start of its program. Standard library only.

    state folder -> cgroup -> fifos -> clone -> [hooks of our side] -> state written, pid file, terminal passed on

Each step is undone when a later one fails.
"""

import contextlib
import os
import time
from typing import Any, NamedTuple

from engine.cgroup.manager import Cgroups
from engine.cgroup.paths import runtime_name
from engine.errors import InvalidInput, SetupFailed
from engine.runtime import bundle as bundles
from engine.runtime import container, groups, host_mounts, inherited, listener, notify
from engine.runtime.bundle import Bundle
from engine.runtime.call import Call
from engine.runtime.store import State, Store
from engine.sandbox import drive, hooks, init, starter
from engine.sandbox.child import Stdio
from engine.sandbox.drive import Created


class Made(NamedTuple):
    """A container that waits for its start."""

    state: State
    created: Created


def create(call: Call, store: Store, *, stdio: Stdio, keeps_terminal: bool) -> Made:
    """Make the container that a command line names. Raises `EngineError`, OSError; nothing is left then.

    `keeps_terminal`: without a console socket the caller takes care of the terminal.
    """
    preserve = inherited.reserve(call.given)
    found = bundles.load(call.given.text("bundle"), call.given.text("config", "config.json"))
    _check_terminal(call, found.spec, keeps_terminal)
    with store.new(call.id) as folder, contextlib.ExitStack() as undo:
        spec = notify.arranged(found.spec, folder)
        state = _state(call, found)
        store.write(state)
        store.write_spec(call.id, spec)
        undo.callback(host_mounts.remove, state)
        place = _limit(call, spec, state, undo)
        order = _order(call, spec, state, place)._replace(preserve=preserve, cache=store.filters, nodes=folder)
        with starter.made(folder) as fifos:
            made = _drive(call, store, order._replace(fifos=fifos), state, stdio, undo)
        hand_out(call, made.created)
        undo.pop_all()
        return made


def _state(call: Call, found: Bundle) -> State:
    linux = found.spec["linux"]
    name = runtime_name(linux.get("cgroupsPath") or "", call.id) if call.cgroups else None
    nanos = time.time_ns()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanos // 10**9))
    return State(
        id=call.id,
        spec_version=found.spec["ociVersion"],
        bundle=found.path,
        rootfs=found.rootfs,
        created=f"{stamp}.{nanos % 10**9:09}Z",
        annotations=found.spec.get("annotations") or {},
        owner=os.getuid(),
        cgroup=name,
        resources=linux.get("resources") or {},
        ground=host_mounts.below(found.spec, found.rootfs),
    )


def _limit(call: Call, spec: dict[str, Any], state: State, undo: contextlib.ExitStack) -> Any:
    if state.cgroup is None:
        return groups.NOWHERE
    cgroups = groups.detect()
    place = cgroups.create(state.cgroup, _resources(spec), strict=True)
    undo.callback(_forget_cgroup, call, cgroups, state.cgroup)
    if (root := groups.delegated_to(spec)) is not None:
        cgroups.delegate(state.cgroup, root)
    return place


def _resources(spec: dict[str, Any]) -> dict[str, Any]:
    """With what every container may use of the devices, unless all are allowed."""
    resources = dict(spec["linux"].get("resources") or {})
    resources["devices"] = groups.device_rules(resources.get("devices"))
    return resources


def _forget_cgroup(call: Call, cgroups: Cgroups, name: str) -> None:
    try:
        cgroups.delete(name)
    except ExceptionGroup as err:
        call.log.warn(str(err))


def _order(call: Call, spec: dict[str, Any], state: State, place: Any) -> init.Order:
    return init.Order(
        spec,
        {"kind": "directory", "path": state.rootfs},
        state.rootfs,
        place.join,
        place.into,
        False,
        loopback=True,
        keyring=None if call.has("no-new-keyring") else f"_ses.{call.id}",
        strict=True,
        state=container.for_hook(state, "creating"),
        pivot=not call.no_pivot,
    )


def _drive(call: Call, store: Store, order: init.Order, state: State, stdio: Stdio, undo: contextlib.ExitStack) -> Made:
    terminal = bool(order.spec["process"].get("terminal"))
    child = init.create(order, None if terminal else stdio)
    alive = state._replace(**container.identity(child.pid))
    found = hooks.parse(order.spec)

    def run_hooks() -> None:
        hooks.run(found, hooks.IN_PARENT, container.for_hook(alive, "creating"))

    hand_over = listener.to_agent(order.spec["linux"], container.for_hook(alive, "creating"), lambda: child.pid)
    created = drive.drive(child, size=None, hooks=run_hooks, waits=True, listened=hand_over)
    undo.callback(kill, created)
    for warning in created.warnings:
        call.log.warn(warning)
    store.write(alive)
    return Made(alive, created)


def kill(created: Created) -> None:
    """End a process that is our child, and wait for it."""
    import signal

    signal.pidfd_send_signal(created.pidfd, signal.SIGKILL)
    os.waitid(os.P_PIDFD, created.pidfd, os.WEXITED)


def hand_out(call: Call, created: Created) -> None:
    """What others wait for: the terminal and a pidfd by their sockets, the pid by its file."""
    socket, pidfd_socket = call.given.text("console-socket"), call.given.text("pidfd-socket")
    if created.terminal is not None and socket:
        _send(socket, b"/dev/ptmx", created.terminal)
    if pidfd_socket:
        _send(pidfd_socket, b"pidfd", created.pidfd)
    write_pid(call.given.text("pid-file"), created.pid)


def _send(socket: str, data: bytes, *fds: int) -> None:
    try:
        drive.send_fd(socket, data, *fds)
    except OSError as err:
        raise SetupFailed(f"cannot pass a descriptor to {socket}: {err.strerror}", errno=err.errno or 0) from err


def write_pid(path: str, pid: int) -> None:
    """The pid file, in one step: who waits for it reads the whole number."""
    if path:
        from engine.state import files

        files.replace(path, str(pid).encode(), durable=False, mode=0o644)


def _check_terminal(call: Call, spec: dict[str, Any], keeps_terminal: bool) -> None:
    wanted, socket = bool(spec["process"].get("terminal")), bool(call.given.text("console-socket"))
    if wanted and not socket and not keeps_terminal:
        raise InvalidInput("cannot allocate tty if runc will detach without setting console socket")
    if socket and not wanted:
        raise InvalidInput("cannot use console socket if runc will not detach or allocate tty")

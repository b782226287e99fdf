"""`exec`: one more program in a container."""

from typing import Any

from engine.errors import Conflict, InvalidInput
from engine.runtime import arguments, container, creation, extra, foreground, inherited, listener
from engine.runtime.arguments import flag, many, value
from engine.runtime.call import Call
from engine.runtime.store import State, Store
from engine.sandbox import drive, enter
from engine.sandbox.drive import Created
from engine.sandbox.oci_process import Process

USAGE = (
    "<container-id> <command> [arguments]  || -p process.json <container-id>\nexecute new process inside the container"
)
OPTIONS = (
    value("process", "file with the process as config.json has it", "p"),
    flag("tty", "give it a terminal", "t"),
    value("cwd", "working directory"),
    many("env", "KEY=VALUE", "e"),
    value("user", "UID[:GID]", "u"),
    many("additional-gids", "additional group ids", "g"),
    many("cap", "add a capability", "c"),
    flag("no-new-privs", "no new privileges"),
    flag("detach", "leave it running and return", "d"),
    value("pid-file", "file for its pid"),
    value("console-socket", "unix socket that gets the terminal's master"),
    value("pidfd-socket", "unix socket that gets a pidfd of it"),
    value("process-label", "SELinux label"),
    value("apparmor", "AppArmor profile"),
    flag("ignore-paused", "wait in a container that is paused"),
    value("preserve-fds", "pass this many descriptors from 3 on to it"),
    many("cgroup", "cgroup below the container's, PATH or CONTROLLER:PATH"),
)


def main(call: Call) -> int:
    """The program's exit code; 0 when detached."""
    arguments.count(call.given.arguments, at_least=1, verb=call.verb)
    store = Store(call.root)
    state = _running(call, store)
    preserve = inherited.reserve(call.given)
    wanted = extra.process(call, store.read_spec(call.id))
    terminal = bool(wanted.get("terminal"))
    _check_terminal(call, terminal)
    linux = extra.linux(store.read_spec(call.id))
    parsed = Process.of_spec(wanted, {}, linux, strict=True, cache=store.filters)
    created = _enter(call, state, parsed, linux, terminal, preserve)
    for warning in created.warnings:
        call.log.warn(warning)
    _hand_out(call, created)
    if call.has("detach"):
        return 0
    with foreground.attending(created) as session:
        return session.wait()


def _running(call: Call, store: Store) -> State:
    state = store.read(call.id)
    now = container.status(store, state)
    if now == "stopped":
        raise Conflict("cannot exec in a stopped container")
    if now == "paused" and not call.has("ignore-paused"):
        raise Conflict("cannot exec in a paused container (use --ignore-paused to override)")
    return state


def _check_terminal(call: Call, terminal: bool) -> None:
    socket = call.given.text("console-socket")
    if terminal and call.has("detach") and not socket:
        raise InvalidInput("cannot allocate tty if runc will detach without setting console socket")
    if socket and not (terminal and call.has("detach")):
        raise InvalidInput("cannot use console socket if runc will not detach or allocate tty")


def _enter(call: Call, state: State, process: Process, linux: dict[str, Any], terminal: bool, preserve: int) -> Created:
    place = extra.cgroup(call, state)
    order = enter.EnterOrder(
        state.pid,
        (),
        (),
        process.cwd,
        "",
        {},
        terminal=terminal,
        join=place.join,
        into=place.into,
        preserve=preserve,
        keyring=f"_ses.{state.id}",
        start_ticks=state.pid_start_ticks,
    )
    child = enter.enter(order, None if terminal else (0, 1, 2), process)
    hand_over = listener.to_agent(linux, container.for_hook(state, "running"), lambda: child.pid)
    return drive.drive(child, size=None, hooks=_no_hooks, waits=False, listened=hand_over)


def _hand_out(call: Call, created: Created) -> None:
    """A program that nobody was told of does not stay."""
    try:
        creation.hand_out(call, created)
    except BaseException:
        creation.kill(created)
        raise


def _no_hooks() -> None:
    """A program that enters has none."""

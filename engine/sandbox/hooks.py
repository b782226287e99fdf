"""Hooks: programs of the host's, or the container's, that are run at points of its life. Standard library only.

    prestart, createRuntime   parent, once the namespaces and mounts are made, before pivot_root
    createContainer           child, in the container's namespaces, before pivot_root
    startContainer            child, in the container, before its program
    poststart, poststop       parent, after the program has been started, after everything is gone

Each gets the container's state on standard input. Source: OCI runtime-spec 1.2, config.md, "POSIX-platform Hooks".
"""

import json
import os
import select
import signal
import time
from typing import Any, Final, NamedTuple, NoReturn

from engine.errors import EngineError, InvalidInput, SetupFailed
from engine.kernel import files, syscalls
from engine.sandbox import fields
from engine.sandbox.child import signals_blocked

KINDS: Final = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
IN_PARENT: Final = ("prestart", "createRuntime")
_OUTPUT_MAX: Final = 4096
_TIMEOUT_MAX: Final = 1 << 31


class Hook(NamedTuple):
    """One program."""

    path: str
    arguments: list[str]
    environment: dict[str, str] | None
    """None is the environment of who runs it."""
    timeout_s: int | None


Hooks = dict[str, list[Hook]]
"""Kind -> its hooks in order; only those that there are."""


def parse(spec: dict[str, Any]) -> Hooks:
    """`hooks` of a spec. Raises `InvalidInput`."""
    section = fields.an_object(spec, "hooks") or {}
    found = {kind: [_hook(kind, entry) for entry in fields.objects(section, kind)] for kind in KINDS}
    return {kind: hooks for kind, hooks in found.items() if hooks}


def _hook(kind: str, entry: dict[str, Any]) -> Hook:
    path = fields.text(entry, "path")
    if not path.startswith("/"):
        raise InvalidInput(f"the path of a {kind} hook is not absolute: {path!r}")
    pairs = [pair.partition("=") for pair in fields.strings(entry, "env")]
    timeout = entry.get("timeout")
    if timeout is not None:
        fields.number(timeout, f"the timeout of a {kind} hook", range(1, _TIMEOUT_MAX))
    arguments = fields.strings(entry, "args") or [path]
    return Hook(path, arguments, {key: value for key, _, value in pairs} if pairs else None, timeout)


def run(hooks: Hooks, kinds: tuple[str, ...], state: dict[str, Any], environment: dict[str, str] | None = None) -> None:
    """Run the hooks of these kinds; the first that fails ends it. Raises `SetupFailed`, with what the hook said.

    `environment` is that of hooks which name none; None is ours.
    """
    for kind in kinds:
        for number, hook in enumerate(hooks.get(kind, ())):
            if hook.environment is None:
                hook = hook._replace(environment=environment)
            _run(hook, json.dumps(state).encode(), f"error running {kind} hook #{number}")


def run_all(hooks: Hooks, kind: str, state: dict[str, Any]) -> list[str]:
    """Run all hooks of a kind whatever happens; a sentence for each that failed."""
    failures = []
    for number, hook in enumerate(hooks.get(kind, ())):
        try:
            _run(hook, json.dumps(state).encode(), f"error running {kind} hook #{number}")
        except EngineError as err:
            failures.append(err.message)
    return failures


def _run(hook: Hook, state: bytes, what: str) -> None:
    stdin, output = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
    try:
        with signals_blocked():
            pid = files.fork()
            if pid == 0:
                _become(hook, stdin[0], output[1])
        os.close(stdin[0])
        os.close(output[1])
        said, code = _attend(pid, hook.timeout_s, state, stdin[1], output[0])
    finally:
        for fd in (*stdin, *output):
            _close(fd)
    if code is None:
        raise SetupFailed(f"{what}: it took longer than {hook.timeout_s} seconds", hint=hook.path)
    if code:
        raise SetupFailed(f"{what}: {_end(code)}, stdout: , stderr: {said}", hint=hook.path)


def _close(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:
        return


def _become(hook: Hook, stdin: int, output: int) -> NoReturn:
    """The hook's process: nothing of ours but the three descriptors."""
    try:
        for target, fd in ((0, stdin), (1, output), (2, output)):
            os.dup2(fd, target)
        syscalls.close_range(3)
        syscalls.reset_signals()
        syscalls.set_signal_mask(0)
        environment = dict(os.environ) if hook.environment is None else hook.environment
        os.execve(hook.path, hook.arguments, environment)  # noqa: S606 - the spec names the program
    except BaseException as err:  # noqa: BLE001 - it must not go on as a copy of its parent
        os.write(2, f"cannot execute {hook.path}: {err}".encode())
    finally:
        os._exit(127)


def _attend(pid: int, timeout_s: int | None, state: bytes, stdin: int, output: int) -> tuple[str, int | None]:
    """Feed it its state, gather what it says, and wait; (what it said, wait status, None after a timeout)."""
    pidfd = os.pidfd_open(pid)
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    said = b""
    try:
        os.set_blocking(stdin, False)
        while True:
            events = _wait(stdin, output, pidfd, deadline, bool(state))
            if not events and deadline is not None:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                os.waitpid(pid, 0)
                return _text(said), None
            if stdin in events:
                state = _feed(stdin, state)
            if output in events and (piece := os.read(output, _OUTPUT_MAX)):
                said = (said + piece)[-_OUTPUT_MAX:]
            elif pidfd in events:
                return _text(said), os.waitpid(pid, 0)[1]
    finally:
        os.close(pidfd)


def _wait(stdin: int, output: int, pidfd: int, deadline: float | None, feeding: bool) -> set[int]:
    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    readable, writable, _ = select.select([output, pidfd], [stdin] if feeding else [], [], left)
    return {*readable, *writable}


def _feed(stdin: int, state: bytes) -> bytes:
    """What is left to write. A hook that does not read its state is as good as one that has read it."""
    try:
        left = state[os.write(stdin, state) :]
    except BlockingIOError:
        return state
    except BrokenPipeError:
        left = b""
    if not left:
        os.close(stdin)
    return left


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip()


def _end(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"signal: {(signal.strsignal(os.WTERMSIG(status)) or str(os.WTERMSIG(status))).lower()}"
    return f"exit status {os.WEXITSTATUS(status)}"


__all__ = ["IN_PARENT", "KINDS", "Hook", "Hooks", "parse", "run", "run_all"]

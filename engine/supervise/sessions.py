"""What a client gets to attach to a run, to follow its log, or to speak with a program entered into it."""

import asyncio
import os
import socket
from typing import Any

from engine import errors, model
from engine.sandbox import spec as runtime_spec
from engine.supervise.keeper_link import Exit
from engine.supervise.log import RECORD_SIZE
from engine.supervise.parts import Parts
from engine.supervise.registry import Live
from engine.supervise.server import Peer, Reply


class Sessions:
    """Makes the descriptors and the words of sessions."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def open_log(self, live: Live, run: int | None) -> tuple[int, int]:
        """(output, index) of a run (None: the last), for reading."""
        number = live.state.run if run is None else run
        folder = self._parts.paths.run_folder(live.id, number)
        try:
            output = os.open(f"{folder}/output", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as err:
            raise errors.NotFound(
                f"container {live.name} has no log of run {number}", hint=f"it has started {live.state.run} times"
            ) from err
        try:
            return output, os.open(f"{folder}/index", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.close(output)
            raise

    def attach(self, live: Live, peer: Peer, size: tuple[int, int] | None, *, first: bool, stdin: bool) -> Reply:
        """A session with the present run, from its first byte or from now on; the exit code follows as an event."""
        output, index = self.open_log(live, None)
        stream = self._stream(live, stdin=stdin)
        result = {
            "id": live.id,
            "tty": live.options.tty,
            "stdin_open": live.recorder is not None and live.recorder.stdin_open,
            "position": 0 if first else os.fstat(index).st_size // RECORD_SIZE,
        }
        if size is not None:
            self.resize(live, size, redraw=not first)
        return Reply(result, (stream.detach(), output, index), _tell_exit(live.exit, peer))

    def _stream(self, live: Live, *, stdin: bool) -> socket.socket:
        """The client's end; closed on ours where the run is over already."""
        if live.recorder is not None:
            return live.recorder.follow(stdin=stdin)
        ours, theirs = socket.socketpair()
        ours.close()
        return theirs

    def resize(self, live: Live, size: tuple[int, int], *, redraw: bool = False) -> None:
        """The size of a client's terminal, where the container has one."""
        if live.recorder is None or live.recorder.terminal is None:
            return
        rows, columns = size
        if redraw:
            live.recorder.terminal.redraw(rows, columns)
        else:
            live.recorder.terminal.resize(rows, columns)

    async def execute(self, live: Live, options: model.ExecOptions, peer: Peer) -> Reply:
        """Start one more program; its descriptors are the client's, its exit code follows as an event."""
        _check_runs(live)
        parts = self._parts
        key = f"exec-{os.urandom(16).hex()}"
        placement = parts.cgroups.place(live.id)
        image = parts.store.find(live.container.image_id)
        order = runtime_spec.enter_order(live.options, image.config, options, pid=live.state.pid)
        order |= {"join": placement.join, "into": placement.into, "cache": parts.filters}
        started = await parts.keeper.enter(key, order, terminal=options.tty, stdin=options.interactive)
        self._tell(live, "exec_start", options)
        ended = parts.keeper.exit_future(key)
        ended.add_done_callback(lambda how: self._exec_ended(live, key, options, _code(how)))
        fds = started.fds
        if options.detach:
            _keep_open(fds)
            fds = ()
        return Reply({"id": key, "tty": options.tty}, fds, _tell_exec_exit(ended, peer))

    def _exec_ended(self, live: Live, key: str, options: model.ExecOptions, code: int) -> None:
        self._parts.keeper.forget(key)
        self._tell(live, "exec_die", options, exitCode=str(code))

    def _tell(self, live: Live, action: str, options: model.ExecOptions, **attributes: str) -> None:
        words = " ".join(options.command)[:200]
        self._parts.journal.record("container", f"{action}: {words}", live.id, live.name, **attributes)


def _check_runs(live: Live) -> None:
    """Raise `Conflict`, with the way out, where nothing can be executed now."""
    if live.state.status is model.Status.PAUSED:
        raise errors.Conflict(f"container {live.name} is paused", hint=f"thaw it: qd unpause {live.name}")
    live.require_active()


async def _tell_exit(ended: "asyncio.Future[int | None]", peer: Peer) -> None:
    """All output is in the log when the future is set; 125 stands for a code that nobody saw."""
    code = await asyncio.shield(ended)
    await peer.event({"exit": 125 if code is None else code})


async def _tell_exec_exit(ended: "asyncio.Future[Exit]", peer: Peer) -> None:
    await asyncio.wait([ended])
    await peer.event({"exit": _code(ended)})


def _code(ended: "asyncio.Future[Exit]") -> int:
    """The exit code; 125, the engine's own, where nobody saw it because the keeper ended."""
    code = None if ended.exception() else ended.result().code
    return 125 if code is None else code


def _keep_open(fds: tuple[int, ...]) -> None:
    """Of a detached program nobody reads the output: it is read and dropped, so that the program never blocks."""
    loop = asyncio.get_running_loop()
    for fd in fds:
        os.set_blocking(fd, False)
        loop.add_reader(fd, _discard, fd, loop)


def _discard(fd: int, loop: asyncio.AbstractEventLoop) -> None:
    try:
        data: Any = os.read(fd, 1 << 16)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    if not data:
        loop.remove_reader(fd)
        os.close(fd)

"""One connection of a client to the supervisor, which is started where none answers."""

import json
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from engine import errors, launch, wire
from engine.state.paths import Paths

if TYPE_CHECKING:
    import subprocess

_TRIES = 5
_REST_SECONDS = 0.02
START_SECONDS = 60.0
"""How long a supervisor may take to start: it is emulated hardware that needs the most of it."""


class Connection:
    """A blocking connection; not for use by two threads at once."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._reader = wire.LineReader()
        self._lines: list[bytes] = []

    def close(self) -> None:
        """Close the socket and the descriptors that nobody took."""
        for fd in self._reader.take_fds():
            os.close(fd)
        self.sock.close()

    def fileno(self) -> int:
        """For select(2)."""
        return self.sock.fileno()

    def send(self, method: str, params: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
        """Send one request."""
        try:
            wire.send(self.sock, {"method": method, "params": params}, fds)
        except OSError as err:
            raise _lost(err) from err

    def receive(self) -> dict[str, Any]:
        """The next message, whatever it is. Raises `Unreachable` when the supervisor is gone."""
        while not self._lines:
            try:
                data, fds = wire.receive_bytes(self.sock)
            except OSError as err:
                raise _lost(err) from err
            if not data:
                raise _lost(None)
            self._lines.extend(self._reader.feed(data, fds))
        message: dict[str, Any] = json.loads(self._lines.pop(0))
        return message

    def pending(self) -> bool:
        """Whether a message has been read already, so that select(2) need not announce it."""
        return bool(self._lines)

    def take_fds(self) -> list[int]:
        """The descriptors received so far; the caller closes them."""
        return self._reader.take_fds()

    def call(
        self,
        method: str,
        params: dict[str, Any],
        on_event: Callable[[dict[str, Any]], None] | None = None,
        meanwhile: Callable[[], None] | None = None,
        fds: tuple[int, ...] = (),
    ) -> Any:
        """Send a request and return its result; raise the error that the supervisor reports.

        `meanwhile` is done while the supervisor works, on another core if there is one. `fds` go along; they stay
        the caller's.
        """
        self.send(method, params, fds)
        if meanwhile is not None:
            meanwhile()
        while True:
            message = self.receive()
            if "error" in message:
                raise errors.from_json(message["error"])
            if "result" in message:
                return message["result"]
            if on_event is not None:
                on_event(message["event"])

    def stream(self, method: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Send a request and yield its events until the result comes."""
        self.send(method, params)
        while True:
            message = self.receive()
            if "error" in message:
                raise errors.from_json(message["error"])
            if "result" in message:
                return
            yield message["event"]


class _Ended(errors.Unreachable):
    """A supervisor that was gone before its first answer."""


def connect(paths: Paths, *, start: bool = True) -> Connection:
    """Connect, start a supervisor where none answers (if `start`), and agree on the protocol.

    One that is just being killed may still take a connection, and answers nothing: then there is soon another.
    """
    for _ in range(_TRIES - 1):
        try:
            return _connect(paths, start=start)
        except _Ended:
            time.sleep(_REST_SECONDS)
    return _connect(paths, start=start)


def _connect(paths: Paths, *, start: bool) -> Connection:
    sock = _try(paths.socket)
    started = None
    if sock is None and start:
        started = _start_supervisor(paths)
        sock = _try(paths.socket)
    if sock is None:
        raise errors.Unreachable(
            f"no engine runs for {paths.root}", hint="any command that needs one starts it: qd info"
        )
    connection = Connection(sock)
    pid = _greet(connection)
    if started is not None and started.pid != pid:
        started.wait()  # somebody else's was faster; ours is on its way out, and would be a zombie of the dashboard
    return connection


def _greet(connection: Connection) -> int:
    """Check that both speak the same protocol; the supervisor's pid."""
    try:
        hello = connection.call("hello", {"protocol": wire.PROTOCOL})
    except errors.Unreachable as err:
        connection.close()
        raise _Ended(err.message, hint=err.hint) from err
    if hello["protocol"] != wire.PROTOCOL:
        connection.close()
        raise errors.Unreachable(
            f"the running engine speaks protocol {hello['protocol']}, this command {wire.PROTOCOL}",
            hint=f"end the supervisor (pid {hello['pid']}); containers run on, and the next command starts a new one",
        )
    return int(hello["pid"])


def _try(path: str) -> socket.socket | None:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        sock.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        return None
    except PermissionError as err:
        sock.close()
        raise errors.Unreachable(f"you may not speak to the engine at {path}", hint="run as root: sudo qd ...") from err
    return sock


def _start_supervisor(paths: Paths) -> "subprocess.Popen[bytes]":
    """Start a supervisor, which says on its standard output that it listens, or why it cannot."""
    import subprocess  # only the first command needs it

    if os.geteuid() != 0:
        raise errors.Unreachable("the engine needs root", hint="run as root: sudo qd ...")
    process = subprocess.Popen(
        launch.command("supervisor", paths.root, paths.run),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    assert process.stdout is not None
    answer = _first_line(process.stdout.fileno())
    process.stdout.close()
    if answer.startswith(b"{"):
        raise errors.from_json(json.loads(answer))
    if not answer:
        raise errors.Unreachable(
            "the supervisor did not start", hint=f"see why: {' '.join(launch.command('supervisor', *paths))}"
        )
    return process


def _first_line(fd: int) -> bytes:
    """What the new supervisor says first: `ready`, or an error as JSON. Empty when it died or took too long."""
    deadline = time.monotonic() + START_SECONDS
    data = b""
    while not data.endswith(b"\n"):
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(fd, 65536) if ready else b""
        if not piece:
            break
        data += piece
    return data


def _lost(err: OSError | None) -> errors.Unreachable:
    reason = f": {err.strerror}" if err else ""
    return errors.Unreachable(
        f"the connection to the engine was lost{reason}",
        hint="try again: the next command starts a new supervisor",
    )

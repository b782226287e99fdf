"""Records one run's output, passes its clients' input on, and tells those who follow that there is more.

Nobody is sent output: a client reads the log on disk (see `engine.session.Attached`). So a client that is slow, stopped
or gone costs nothing, and the container waits for the disk alone.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable

from engine.supervise.log import LogWriter, Stream
from engine.supervise.terminal import Terminal

_PIECE = 1 << 16
_PIECES_A_TURN = 16
"""So many reads of one descriptor before the loop looks at the others."""


class Recorder:
    """The descriptors of one run, from start to end."""

    def __init__(
        self,
        writer: LogWriter,
        pid: int,
        fds: tuple[int, ...],
        *,
        tty: bool,
        stdin: bool,
        on_stdin_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.writer = writer
        self._on_stdin_end = on_stdin_end
        """Called when a client ends the input: the keeper has to let its duplicate go, too."""
        self.lost_bytes = 0
        """Output that the disk refused."""
        self.terminal: Terminal | None = None
        self._streams: dict[int, Stream] = {}
        self._stdin = -1
        self._followers: set[Follower] = set()
        self._loop = asyncio.get_running_loop()
        if tty:
            self._open_terminal(pid, fds[0], stdin)
        else:
            self._open_pipes(fds, stdin)
        for fd in self._streams:
            self._loop.add_reader(fd, self._readable, fd)

    def _open_terminal(self, pid: int, master: int, stdin: bool) -> None:
        self.terminal = Terminal(pid, master)
        self._streams = {master: Stream.STDOUT}
        self._stdin = master if stdin else -1

    def _open_pipes(self, fds: tuple[int, ...], stdin: bool) -> None:
        *writer, out, err = fds
        for fd in fds:
            os.set_blocking(fd, False)
        self._streams = {out: Stream.STDOUT, err: Stream.STDERR}
        self._stdin = writer[0] if stdin and writer else -1

    @property
    def stdin_open(self) -> bool:
        """Whether input is still passed on."""
        return self._stdin >= 0

    def _readable(self, fd: int) -> None:
        self._read(fd, _PIECES_A_TURN)

    def _read(self, fd: int, pieces: int) -> None:
        """Record at most so many pieces; at the end of the stream stop listening."""
        for _ in range(pieces):
            try:
                data = os.read(fd, _PIECE)
            except BlockingIOError:
                break
            except OSError as err:
                if err.errno != errno.EIO:  # EIO: no process has the terminal open any more
                    raise
                data = b""
            if not data:
                self._end_of(fd)
                break
            self._record(fd, data)
        self.notify()

    def _record(self, fd: int, data: bytes) -> None:
        try:
            self.writer.append(self._streams[fd], data)
        except OSError:
            self.lost_bytes += len(data)

    def _end_of(self, fd: int) -> None:
        self._loop.remove_reader(fd)
        del self._streams[fd]
        if self.terminal is None:
            os.close(fd)

    def follow(self, *, stdin: bool) -> socket.socket:
        """A socket for one more client: it gets a byte when there is more, and writes the container's input to it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        self._followers.add(Follower(ours, self, stdin=stdin and self.stdin_open))
        return theirs

    def unfollow(self, follower: "Follower") -> None:
        """This client has gone."""
        self._followers.discard(follower)

    def notify(self) -> None:
        """Tell every follower that the log has grown."""
        for follower in list(self._followers):
            follower.notify()

    def write_stdin(self, data: bytes) -> int:
        """Write input; how many bytes the container took. Raises BlockingIOError where it takes none now."""
        if self._stdin < 0:
            return len(data)
        try:
            return os.write(self._stdin, data)
        except BlockingIOError:
            self._loop.add_writer(self._stdin, self._stdin_has_room)
            raise
        except OSError:  # nobody reads it any more
            return len(data)

    def _stdin_has_room(self) -> None:
        self._loop.remove_writer(self._stdin)
        for follower in list(self._followers):
            follower.pass_on()

    def end_stdin(self) -> None:
        """A client's input has ended: pass the end on, which a terminal has no way to do."""
        if self.terminal is None and self.stdin_open:
            self._close_stdin()
            self._on_stdin_end()

    def _close_stdin(self) -> None:
        if self._stdin >= 0:
            self._loop.remove_writer(self._stdin)
        if self.terminal is None and self._stdin >= 0:
            os.close(self._stdin)
        self._stdin = -1

    def drain(self) -> None:
        """The container has ended: record what is left in its pipes, and close everything."""
        for fd in list(self._streams):
            self._read(fd, 1 << 20)
        for fd in list(self._streams):
            self._end_of(fd)
        self._close_stdin()
        if self.terminal is not None:
            self.terminal.close()
        self.writer.close()
        for follower in list(self._followers):
            follower.close()


class Follower:
    """The engine's end of one client's stream."""

    def __init__(self, sock: socket.socket, recorder: Recorder, *, stdin: bool) -> None:
        self._socket = sock
        self._recorder = recorder
        self._stdin = stdin
        self._waiting = b""
        """Input that the container has not taken yet; while there is some, the client is not read."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._readable)

    def notify(self) -> None:
        """One byte. Where it does not fit, an unread one lies there already, and will wake the client."""
        if self._is_gone():
            self.close()

    def _is_gone(self) -> bool:
        """Send the byte; whether the client has closed the socket, and not only shut it down for writing."""
        try:
            self._socket.send(b".", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    def _readable(self) -> None:
        try:
            data = self._socket.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if not data:
            self._end_of_input()
        elif self._stdin:
            self._waiting = data
            self.pass_on()

    def _end_of_input(self) -> None:
        self._loop.remove_reader(self._socket)
        if self._is_gone():
            self.close()
        elif self._stdin:
            self._recorder.end_stdin()

    def pass_on(self) -> None:
        """Write what waits to the container, as much as it takes; read the client again when all is written."""
        if not self._waiting:
            return
        try:
            while self._waiting:
                self._waiting = self._waiting[self._recorder.write_stdin(self._waiting) :]
        except BlockingIOError:
            self._loop.remove_reader(self._socket)
        else:
            self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Part from the client."""
        if self._socket.fileno() < 0:
            return
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._waiting = b""
        self._recorder.unfollow(self)

"""Follows the log of one container, at most ten looks a second however much it prints."""

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Final

from engine.errors import EngineError
from tui import figures
from tui.bridge.pulse import MALFORMED, Post
from tui.lines import Batch, Cutter, Line, join
from tui.messages import LogGrew

if TYPE_CHECKING:
    from engine.client import Engine
    from engine.session import Attached

LOOK_SECONDS: Final = 0.1
"""The shortest time between two looks: a screen is painted no faster."""
FIRST_BYTES: Final = 1 << 20
"""How much of a log is read when it is opened."""
BEHIND_BYTES: Final = 8 << 20
"""Where more than this came since the last look, the middle is left out, and the log says how much."""
RETRY_SECONDS: Final = 2.0
CHUNK: Final = 256 << 10
BEFORE_BYTES: Final = 16 << 10
BEFORE_LINES: Final = 20
"""What is shown of the run before: the last words of a container that was restarted."""

Source = tuple[str, int]
"""Container id and run."""


class Tail:
    """Reads the selected log and keeps what nobody has taken yet."""

    def __init__(self, engine: "Engine", post: Post, over: threading.Event) -> None:
        self._engine = engine
        self._post = post
        self._over = over
        self._lock = threading.Lock()
        self._pending: Batch | None = None
        self._target: Source | None = None
        self._bell, self._ear = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)

    def follow(self, target: Source | None) -> None:
        """Another log, from its last lines on. The same one again is no change."""
        with self._lock:
            if target == self._target:
                return
            self._target = target
            self._pending = None
        self.wake()

    def wake(self) -> None:
        """Let the thread look at what it should do."""
        try:
            self._bell.send(b"!")
        except BlockingIOError:
            return  # It rings already, louder than anybody can hear.

    def take(self) -> Batch | None:
        """What came since the last call."""
        with self._lock:
            pending, self._pending = self._pending, None
        return pending

    def run(self) -> None:
        """Until the end of the dashboard."""
        while not self._over.is_set():
            target = self._target
            if target is None or target[1] == 0:
                self._rings(None)
                continue
            try:
                self._read(target)
            except EngineError as err:
                self._fail(target, f"no log: {err.message}")
            except (OSError, *MALFORMED) as err:
                self._fail(target, f"the log cannot be read: {err}")

    def _read(self, target: Source) -> None:
        """Follow one log until another one is wanted."""
        self._give(Batch(target, tuple(self._before(target)), "", fresh=True))
        with closing(self._engine.follow_log(target[0])) as attached:
            file = _Output(attached.log.output)
            live = True
            while self._target == target and not self._over.is_set():
                for lines, missed in file.news():
                    self._give(Batch(target, tuple(lines), file.cutter.partial, missed))
                if live:
                    live = self._wait(attached)
                elif file.behind() == 0:
                    self._rings(None)

    def _wait(self, attached: "Attached") -> bool:
        """Until there is more, but at least the shortest time; False once the run is over."""
        if self._rings(LOOK_SECONDS):
            return True
        ready, _, _ = select.select([attached.stream, self._ear], [], [])
        if attached.stream not in ready or attached.stream.recv(1 << 16):
            return True
        self._ask_for_the_end(attached)
        return False

    def _ask_for_the_end(self, attached: "Attached") -> None:
        """The stream ended: with the run, or with the supervisor? Raises `Unreachable` for the second."""
        if select.select([attached.connection], [], [], RETRY_SECONDS)[0]:
            attached.exit_code()

    def _fail(self, target: Source, words: str) -> None:
        """Say why there is no log, and let some time pass before the next attempt."""
        self._give(Batch(target, (Line(words, mark=True),), "", fresh=True))
        self._rings(RETRY_SECONDS)

    def _rings(self, seconds: float | None) -> bool:
        """Wait until somebody rings, at most so long; whether somebody did."""
        rung = bool(select.select([self._ear], [], [], seconds)[0])
        if rung:
            self._drain()
        return rung

    def _drain(self) -> None:
        try:
            self._ear.recv(4096)
        except BlockingIOError:
            return

    def _before(self, target: Source) -> Iterator[Line]:
        """The last lines of the run before, and a line that says where the present one begins."""
        container_id, run = target
        if run < 2:
            return
        try:
            log = self._engine.log(container_id, run - 1)
        except EngineError:
            return  # Its record was pruned.
        with closing(log):
            size = os.fstat(log.output).st_size
            data = os.pread(log.output, BEFORE_BYTES, max(0, size - BEFORE_BYTES))
        yield from Cutter().feed(data.removesuffix(b"\n") + b"\n", BEFORE_LINES)[0] if data else ()
        yield Line(f"run {run}", mark=True)

    def _give(self, batch: Batch) -> None:
        """Add to what waits to be taken, unless another log is wanted by now."""
        with self._lock:
            if batch.source != self._target:
                return
            self._pending = join(self._pending, batch)
        self._post(LogGrew())


class _Output:
    """A growing file of output, read from its last megabyte on."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._offset = max(0, self._size() - FIRST_BYTES)
        self._torn = self._offset > 0
        self.cutter = Cutter()

    def behind(self) -> int:
        """Bytes not read yet."""
        return self._size() - self._offset

    def news(self) -> Iterator[tuple[list[Line], int]]:
        """What was written since the last look: lines, and how many are missing before them."""
        skipped = self.behind() - FIRST_BYTES if self.behind() > BEHIND_BYTES else 0
        if skipped > 0:
            self._offset += skipped
            self._torn = True
            self.cutter = Cutter()
            yield [Line(f"{figures.size(skipped)} left out", mark=True)], 0
        while data := os.pread(self._fd, CHUNK, self._offset):
            self._offset += len(data)
            if self._torn:
                data = self._mend(data)
            yield self.cutter.feed(data)

    def _mend(self, data: bytes) -> bytes:
        """Reading began in the middle of a line: leave its rest out."""
        _, newline, rest = data.partition(b"\n")
        self._torn = not newline
        return rest

    def _size(self) -> int:
        return os.fstat(self._fd).st_size

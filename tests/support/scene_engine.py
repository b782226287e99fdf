"""An engine in memory for the dashboard's tests: the methods of `engine.client.Engine` that the bridge calls.

`test_dashboard_bridge.py` holds each of them to the signature of the real one.
"""

import os
import queue
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack

from support import scene

from engine import errors
from engine.model import Container, Event, Overview, Series, Status
from engine.supervise.log import LogReader, LogWriter


class SceneConnection:
    """Ends when the fake engine says so."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()

    def fileno(self) -> int:
        return self.ours.fileno()

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


class SceneAttached:
    """What `follow_log` gives: a log, and a stream that says when it grows."""

    def __init__(self, container_id: str, log: LogReader, stream: socket.socket) -> None:
        self.id = container_id
        self.log = log
        self.stream = stream
        self.connection = SceneConnection()
        self.lost = False

    def exit_code(self) -> int:
        if self.lost:
            raise errors.Unreachable("the connection to the engine was lost")
        return 0

    def close(self) -> None:
        self.stream.close()
        self.log.close()
        self.connection.close()


class SceneEngine:
    """Answers with `self.now`, remembers what it was asked to do in `self.calls`."""

    def __init__(self, now: Overview | None = None) -> None:
        self.now = scene.overview() if now is None else now
        self.failure: errors.EngineError | None = None
        """Raised by every call while it is set."""
        self.refusals: dict[str, errors.EngineError] = {}
        """Raised by one method."""
        self.calls: list[tuple[object, ...]] = []
        self.attached: list[SceneAttached] = []
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._followers: dict[tuple[str, int], list[socket.socket]] = {}
        self._undo = ExitStack()
        self._folder = self._undo.enter_context(tempfile.TemporaryDirectory())
        self._lock = threading.Lock()
        self._ended = False
        self._logs: dict[tuple[str, int], LogWriter] = {}

    # What a test does to it

    def print(self, name: str, text: str, run: int | None = None) -> None:
        """Let a container print."""
        container = self.find(name)
        key = (container.id, container.state.run if run is None else run)
        self._log(key).append(1, text.encode())
        for follower in self._followers.get(key, []):
            follower.send(b"!")

    def end_log(self, name: str) -> None:
        """The run is over: followers see the end of their stream."""
        container = self.find(name)
        for follower in self._followers.pop((container.id, container.state.run), []):
            follower.close()

    def happen(self, event: Event) -> None:
        """Put an event into the journal."""
        self._events.put(event)

    def find(self, ref: str) -> Container:
        for container in self.now.containers:
            if ref in (container.name, container.id):
                return container
        raise errors.NotFound(f"no such container: {ref}")

    def end(self) -> None:
        """Give back what it holds."""
        with self._lock:  # a thread of the bridge may still be looking for a log: it finds none, and makes none
            self._ended = True
        self._events.put(None)
        for followers in self._followers.values():
            for follower in followers:
                follower.close()
        for log in self._logs.values():
            log.close()
        self._undo.close()

    # What the bridge calls

    def overview(self) -> Overview:
        self._answer("overview")
        return self.now

    def events(
        self,
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        filters: dict[str, list[str]] | None = None,
        follow: bool = False,
    ) -> Iterator[Event]:
        self._answer("events")
        while (event := self._events.get()) is not None:
            yield event

    def history(self, ref: str, seconds: int = 300) -> Series:
        self._answer("history")
        return scene.series(self.find(ref).name, self.now.time_ns, seconds)

    def log(self, ref: str, run: int | None = None) -> LogReader:
        self._answer("log")
        container = self.find(ref)
        return self._reader((container.id, container.state.run if run is None else run))

    def follow_log(self, ref: str) -> SceneAttached:
        self._answer("follow_log")
        container = self.find(ref)
        key = (container.id, container.state.run)
        ours, theirs = socket.socketpair()
        if container.state.status in (Status.RUNNING, Status.PAUSED):
            self._followers.setdefault(key, []).append(ours)
        else:
            ours.close()
        attached = SceneAttached(container.id, self._reader(key), theirs)
        self.attached.append(attached)
        return attached

    def start(self, ref: str) -> None:
        self._act("start", ref)

    def stop(self, ref: str, timeout_seconds: int | None = None) -> None:
        self._act("stop", ref)

    def restart(self, ref: str, timeout_seconds: int | None = None) -> None:
        self._act("restart", ref)

    def kill(self, ref: str, signal: str = "KILL") -> None:
        self._act("kill", ref, signal)

    def pause(self, ref: str) -> None:
        self._act("pause", ref)

    def unpause(self, ref: str) -> None:
        self._act("unpause", ref)

    def remove(self, ref: str, *, force: bool = False, volumes: bool = False) -> None:
        self._act("remove", ref, force, *([volumes] if volumes else []))

    def close(self) -> None:
        return

    # The rest

    def _answer(self, method: str) -> None:
        if self.failure is not None:
            raise self.failure
        if method in self.refusals:
            raise self.refusals[method]

    def _act(self, method: str, ref: str, *more: object) -> None:
        self.calls.append((method, self.find(ref).name, *more))
        self._answer(method)

    def _log(self, key: tuple[str, int]) -> LogWriter:
        """The bridge's thread and the test's may both be the first to want it."""
        with self._lock:
            if self._ended:
                raise errors.Unreachable("the scene is over")
            if key not in self._logs:
                folder = f"{self._folder}/{key[0][:12]}-{key[1]}"
                os.makedirs(folder)
                self._logs[key] = LogWriter(folder)
            return self._logs[key]

    def _reader(self, key: tuple[str, int]) -> LogReader:
        log = self._log(key)
        return LogReader(os.dup(log.output), os.dup(log.index))

"""The keeper: parent of every container, and nothing else.

It clones, holds duplicates of terminals and pipes, reaps, and writes exit records. It is so small that it has no
reason to fail, and so the supervisor may: it comes back, asks for the list and gets the descriptors again. Standard
library only, started with `-I -S`: what it imports, every container's first instant pays for in page tables.

    supervisor                                     keeper
    {"do": "create", "key", "order", ...} ------->
                                          <-------  {"say": "unshared", "key", "pid"}
    (network of the new namespace)
    {"do": "go", "key", "size"}           ------->
                                          <-------  {"say": "warning", "key", "text"}     any number
                                          <-------  {"say": "started", "key", "pid"}      with its descriptors
                                          <-------  {"say": "failed", "key", "error"}     instead, once it is gone
                                          <-------  {"say": "exited", "key", "code", "time_ns"}
    {"do": "abort", "key"}                ------->  instead of `go`, or after it: it is killed
    {"do": "end_stdin", "key"}            ------->  its duplicate of the standard input is closed
    {"do": "forget", "key"}               ------->  all its descriptors are closed
    {"do": "list"}                        ------->
                                          <-------  {"say": "child", ...} each with its descriptors
                                          <-------  {"say": "listed", "pid"}
    {"do": "leave"}                       ------->  exits where it has no children

`enter` is `create` for one more program in a running container; it goes without waiting for `go`, and its
descriptors are the client's alone: the keeper keeps none.
"""

import json
import os
import select
import signal
import socket
import sys
from typing import Any

from engine import launch, wire
from engine.kernel import const, priority, syscalls
from engine.sandbox import armour
from engine.supervise.children import Children

IDLE_SECONDS = 600.0


class Keeper:
    """The loop: one listening socket, one supervisor, many children."""

    def __init__(self, listener: socket.socket, root: str, run: str, warning: str | None = None) -> None:
        self._listener = listener
        self._warning = warning
        """What the supervisor is told when it asks for the list."""
        self._folders = (root, run)
        self._supervisor: socket.socket | None = None
        self._reader = wire.LineReader()
        self._children = Children(self._say, self._watch, self._unwatch)
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self._wake = _signals_to_pipe()
        self._poll.register(self._wake, select.POLLIN)
        self._leaving = False

    def serve(self) -> None:
        """Until the supervisor says leave, or nothing runs and nobody asked for ten minutes."""
        while not self._leaving:
            ready = self._poll.poll(IDLE_SECONDS * 1000)
            if not ready and self._supervisor is None and not len(self._children):
                return
            for fd, _events in ready:
                self._handle(fd)

    def _handle(self, fd: int) -> None:
        if fd == self._listener.fileno():
            self._accept()
        elif fd == self._wake:
            _drain(self._wake)
            self._children.reap()
        elif self._supervisor is not None and fd == self._supervisor.fileno():
            self._hear()
        else:
            self._children.hear(fd)

    def _accept(self) -> None:
        """A new supervisor replaces the old one: only one can hold the lock, so the old one is gone."""
        connection, _ = self._listener.accept()
        if _peer_uid(connection) != os.geteuid():
            connection.close()
            return
        self._drop()
        connection.settimeout(5.0)
        self._supervisor = connection
        self._poll.register(connection, select.POLLIN)

    def _drop(self) -> None:
        if self._supervisor is not None:
            self._poll.unregister(self._supervisor)
            self._supervisor.close()
            self._supervisor = None
        self._reader = wire.LineReader()

    def _hear(self) -> None:
        assert self._supervisor is not None
        try:
            data, fds = wire.receive_bytes(self._supervisor)
        except OSError:
            data, fds = b"", []
        if not data:
            self._lost()
            return
        for line in self._reader.feed(data, fds):
            self._obey(json.loads(line))

    def _lost(self) -> None:
        """The supervisor died or left. Where containers need one, start another."""
        self._drop()
        if len(self._children):
            _start_supervisor(*self._folders)

    def _obey(self, order: dict[str, Any]) -> None:
        match order.pop("do"):
            case "create":
                self._children.create(**order)
            case "enter":
                self._children.enter(**order)
            case "go":
                self._children.go(**order)
            case "abort":
                self._children.abort(**order)
            case "end_stdin":
                self._children.end_stdin(**order)
            case "forget":
                self._children.forget(**order)
            case "list":
                if self._warning is not None:
                    self._say({"say": "warning", "key": "", "text": self._warning})
                self._children.report()
            case "leave":
                self._leaving = not len(self._children)

    def _say(self, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
        """Tell the supervisor; without one nothing is lost, since `list` repeats it."""
        if self._supervisor is None:
            return
        try:
            wire.send(self._supervisor, {**message, "fds": len(fds)}, fds)
        except OSError:
            self._lost()

    def _watch(self, fd: int) -> None:
        self._poll.register(fd, select.POLLIN)

    def _unwatch(self, fd: int) -> None:
        self._poll.unregister(fd)


def main(arguments: list[str]) -> int:
    """`keeper ROOT RUN`: the listening socket is descriptor 0, so that there is no moment in which it is not there."""
    root, run = arguments
    unprotected = armour.protect("qd-keeper")
    listener = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    syscalls.prctl(const.PR_SET_CHILD_SUBREAPER, 1)
    priority.put_first()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Keeper(listener, root, run, unprotected).serve()
    return 0


def _signals_to_pipe() -> int:
    """SIGCHLD as a readable descriptor."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reader


def _drain(fd: int) -> None:
    try:
        while os.read(fd, 4096):
            pass
    except BlockingIOError:
        return


def _peer_uid(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(credentials[4:8], sys.byteorder)


def _start_supervisor(root: str, run: str) -> None:
    """posix_spawn(3): the keeper has no need of the subprocess module."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    command = launch.command("supervisor", root, run)
    os.posix_spawn(command[0], command, os.environ, file_actions=actions, setsid=True)
    os.close(null)

"""Connecting to a supervisor that ends at that moment."""

import json
import socket
import threading
from pathlib import Path

import pytest

from engine import connection, errors, wire
from engine.state.paths import Paths


def _serve(listener: socket.socket, silent: int) -> None:
    """Take `silent` connections without a word, then greet one."""
    try:
        for _ in range(silent):
            listener.accept()[0].close()
        sock, _ = listener.accept()
    except OSError:
        return
    with sock:
        sock.recv(1 << 16)
        hello = {"result": {"protocol": wire.PROTOCOL, "client": wire.PROTOCOL, "pid": 7}}
        sock.sendall(json.dumps(hello).encode() + b"\n")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "run").mkdir()
    return Paths(str(tmp_path / "root"), str(tmp_path / "run"))


def _connect(paths: Paths, silent: int) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(paths.socket)
        listener.listen()
        thread = threading.Thread(target=_serve, args=(listener, silent))
        thread.start()
        try:
            connection.connect(paths, start=False).close()
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_one_that_ends_before_its_first_word_is_asked_again(paths: Paths) -> None:
    _connect(paths, silent=2)


def test_but_not_for_ever(paths: Paths) -> None:
    with pytest.raises(errors.Unreachable, match="lost"):
        _connect(paths, silent=100)

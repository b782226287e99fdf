"""The supervisor's way to a keeper that is killed at that moment."""

import asyncio
import json
import socket
import threading
from pathlib import Path

import pytest

from engine import errors
from engine.state.paths import Paths
from engine.supervise.keeper_link import KeeperLink


def _keep(listener: socket.socket, silent: int, done: threading.Event) -> None:
    """Take `silent` connections and a request each without an answer, then answer one."""
    try:
        for _ in range(silent):
            sock, _ = listener.accept()
            sock.recv(1 << 16)
            sock.close()
        sock, _ = listener.accept()
    except OSError:
        return
    with sock:
        sock.recv(1 << 16)
        sock.sendall(json.dumps({"say": "listed", "pid": 7}).encode() + b"\n")
        done.wait(10)


async def _connect(paths: Paths) -> int:
    link = KeeperLink(paths, lambda _key, _text: None)
    lost = []
    link.on_lost = lambda: lost.append(1)
    assert await asyncio.wait_for(link.connect(), 10) == []
    link.close()
    assert not lost, "whoever connects is told by an error, and not by a call as well"
    return link.pid


def _try(tmp_path: Path, silent: int) -> int:
    (tmp_path / "run").mkdir()
    paths = Paths(str(tmp_path / "root"), str(tmp_path / "run"))
    done = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(paths.keeper_socket)
        listener.listen()
        thread = threading.Thread(target=_keep, args=(listener, silent, done))
        thread.start()
        try:
            return asyncio.run(_connect(paths))
        finally:
            done.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_one_that_ends_before_it_has_answered_is_asked_again(tmp_path: Path) -> None:
    assert _try(tmp_path, silent=2) == 7


def test_but_not_for_ever(tmp_path: Path) -> None:
    with pytest.raises(errors.Unreachable, match="keeper"):
        _try(tmp_path, silent=100)

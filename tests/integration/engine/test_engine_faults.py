"""Fault injection over a whole run: for every k the k-th kernel call fails, and nothing stays behind."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from support import faulty_engine, leaks
from support.deck import Deck
from support.waiting import until

from engine import errors, model

BASE = "localhost/base"
CALLS_MAX = 1000
CALLS_MIN = {"supervisor": 20, "keeper": 60}
"""A run makes more calls than that: with fewer the injection would have missed most of them."""


@pytest.fixture
def faulty(own_deck: Deck) -> Iterator[Deck]:
    """An engine whose processes count their calls; a first run has loaded everything."""
    os.makedirs(own_deck.paths.run, mode=0o700, exist_ok=True)
    script = Path(faulty_engine.__file__)
    process = subprocess.Popen(
        [sys.executable, "-I", script, "supervisor", *own_deck.paths], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    assert _run(own_deck) == "works\n"
    yield own_deck
    os.kill(process.pid, signal.SIGTERM)
    process.wait(timeout=60)


def _run(deck: Deck) -> str:
    """One container from start to end, gone afterwards; its output. Raises what the engine reports."""
    options = model.CreateOptions(
        image=BASE,
        command=("sh", "-c", "echo works"),
        auto_remove=True,
        limits=model.Limits(memory_bytes=64 << 20, pids=64),
        tmpfs={"/scratch": ""},
    )
    container = deck.engine.create(options)
    try:
        session = deck.engine.start_attached(container)
    except errors.EngineError:
        _remove(deck, container)
        raise
    try:
        session.exit_code()
        return b"".join(data for _, data in session.log.chunks()).decode()
    finally:
        session.close()


def _remove(deck: Deck, container: str) -> None:
    """A start that failed has removed it, since it was created with --rm; a create that failed left nothing."""
    with pytest.raises(errors.NotFound):
        deck.engine.remove(container)


@pytest.mark.parametrize("role", ["supervisor", "keeper"])
def test_whatever_call_fails_nothing_stays_behind(faulty: Deck, role: str) -> None:
    with closing(faulty_engine.board(faulty.paths.run, role)) as board:
        _fail_each_call(faulty, role, board)


def _fail_each_call(faulty: Deck, role: str, board: faulty_engine.Board) -> None:
    info = faulty.engine.info()
    pids = (info.supervisor_pid, info.keeper_pid)
    open_before = _all_open(pids)
    before = leaks.take()
    failures = 0
    for call in range(1, CALLS_MAX):
        board.arm(call)
        failures += _run_with_fault(faulty)
        assert faulty.engine.containers() == (), f"call {call} of the {role} left a container"
        assert os.listdir(faulty.paths.containers) == [], f"call {call} of the {role} left files"
        lines = leaks.difference(before)
        assert not lines, f"call {call} of the {role} left behind:\n" + "\n".join(lines)
        if not board.fired:
            break
    board.arm(0)
    assert call > CALLS_MIN[role], f"only {call} calls of the {role} were counted"
    assert failures > call // 2
    until(
        lambda: _all_open(pids) == open_before,
        "the descriptors to be closed",
        show=lambda: [now - before for now, before in zip(_all_open(pids), open_before, strict=True)],
    )
    assert faulty.engine.info().supervisor_pid == pids[0]
    assert _run(faulty) == "works\n"


def _all_open(pids: tuple[int, ...]) -> list[Counter[str]]:
    return [Counter(_open_files(pid)) for pid in pids]


def _open_files(pid: int) -> Iterator[str]:
    """What each descriptor of the process is; numbers of sockets and pipes say nothing, so only their kind counts."""
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):
            yield os.readlink(f"/proc/{pid}/fd/{fd}").partition(":[")[0]


def _run_with_fault(deck: Deck) -> bool:
    """Whether the run failed. One that did not must have worked: the engine had another way."""
    try:
        assert _run(deck) == "works\n"
    except errors.EngineError as err:
        assert err.message
        assert "Traceback" not in err.message
        return True
    return False

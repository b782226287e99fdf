"""The supervisor, or both processes, are killed before each step of a start; the next brings it in order."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support import faulty_engine, mortal_engine, netlab
from support.boxes import BASE
from support.deck import Deck, Outcome
from support.netlab import Lab
from support.waiting import until, until_gone

STEPS_MAX = 200
STEPS_MIN = 15
"""With fewer the counting would have missed most of them."""
PARTS = 3
"""The steps are shared among so many tests, so that none takes too long."""


@pytest.mark.parametrize("victims", ["supervisor", "both"])
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_before_any_step_it_leaves_nothing_that_stays(lab: Lab, own_deck: Deck, part: int, victims: str) -> None:
    os.makedirs(own_deck.paths.run, mode=0o700, exist_ok=True)
    before = netlab.take(lab.host)
    with closing(faulty_engine.board(own_deck.paths.run, mortal_engine.ROLE)) as board:
        for step in range(1 + part, STEPS_MAX, PARTS):
            board.arm(step)
            outcome = _run_until_killed(own_deck, victims)
            assert outcome.code == 0 or board.fired, f"step {step}: {outcome.err}"
            _check(lab, own_deck, step)
            _end(own_deck)
            _until(lab, before, step)
            if not board.fired:
                break
    assert step > STEPS_MIN


def _run_until_killed(deck: Deck, victims: str) -> Outcome:
    """One supervisor and one start; what the command returned."""
    command = [sys.executable, "-I", str(Path(mortal_engine.__file__)), *deck.paths, victims]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            start = ("run", "-d", "--name", "box", "-p", "8080:80", "-p", "8080:80/udp", BASE, "sleep", "1000")
            outcome = deck.qd(*start)
        finally:
            process.terminate()
        assert "Traceback" not in outcome.err
        return outcome


def _check(lab: Lab, deck: Deck, step: int) -> None:
    """What runs has its link and its port; what does not has neither."""
    running = len(deck.out("ps", "-q").split())
    until(
        lambda: len(lab.container_ends()) == running,
        f"{running} links after step {step}",
        show=lambda: lab.container_ends(),
    )
    assert ("8080" in lab.host.run("nft", "list", "ruleset")) == bool(running), f"after step {step}"
    created = deck.qd("start", "box")
    assert created.code == 0 or not deck.out("ps", "-aq"), f"after step {step}: {created.err}"
    if created.code == 0:
        assert len(lab.container_ends()) == 1, f"after step {step}"
        assert deck.engine.container("box").endpoints[0].address in deck.out("exec", "box", "ip", "-4", "address")


def _end(deck: Deck) -> None:
    """Everything removed, both processes gone: the next supervisor is to be the mortal one."""
    deck.remove_all()
    info = deck.engine.info()
    deck.engine.close()
    for pid in (info.supervisor_pid, info.keeper_pid):
        if pid:
            os.kill(pid, signal.SIGTERM)
            assert until_gone(pid)


def _until(lab: Lab, before: netlab.Belongings, step: int) -> None:
    def difference() -> list[str]:
        return netlab.difference(before, netlab.take(lab.host))

    until(lambda: not difference(), f"the host to be as before, after step {step}", show=difference)

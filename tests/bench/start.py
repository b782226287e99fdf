"""How fast a container starts: in the engine, and as a whole command beside its peers. All without a network, as the
peers are; `network.py` has what that costs, on hosts of its own."""

import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.figures import Row, milliseconds, paired_row, pairs, run_seconds, seconds
from bench.peers import Bundle, Podman
from support.deck import QD, Deck

from engine.model import CreateOptions

BASE = "localhost/base"
QD_RUNTIME = f"{os.path.dirname(QD)}/qd-runtime"


def engine_start(deck: Deck, rounds: int) -> list[Row]:
    """From the request to create to the moment that the program is executed; `start` returns after exec(2).

    In a row is one after the other; from rest is after a fifth of a second in which nothing happened.
    """
    in_a_row = [_start_once(deck, 0.0) for _ in range(rounds)]
    from_rest = [_start_once(deck, 0.2) for _ in range(rounds)]
    unguarded = CreateOptions(image=BASE, command=("true",), network="none", userns="host", seccomp="unconfined")
    guarded = pairs(lambda: _start_once(deck, 0.0), lambda: _start_once(deck, 0.0, unguarded), rounds)
    return [
        Row("create and start to exec, in a row", milliseconds(statistics.median(in_a_row))),
        Row("create and start to exec, from rest", milliseconds(statistics.median(from_rest))),
        paired_row("the same, against --userns host and no seccomp", guarded),
    ]


TRUE = CreateOptions(image=BASE, command=("true",), network="none")


def _start_once(deck: Deck, rest_seconds: float, options: CreateOptions = TRUE) -> float:
    time.sleep(rest_seconds)
    engine = deck.engine
    made: list[str] = []

    def start() -> None:
        made.append(engine.create(options))
        engine.start(made[0])

    taken = seconds(start)
    engine.wait(made[0])
    engine.remove(made[0], force=True)
    return taken


def whole_command(deck: Deck, rounds: int, folder: Path) -> list[Row]:
    """`qd run --rm --network none localhost/base true` against the same of podman and `crun run`."""
    ours = [QD, "run", "--rm", "--network", "none", BASE, "true"]
    run_seconds(ours, deck.environment)
    return [
        *_against("podman run --rm", lambda: run_seconds(ours, deck.environment), _podman, deck, rounds, folder),
        *_against("crun run", lambda: run_seconds(ours, deck.environment), _crun, deck, rounds, folder),
    ]


Peer = Callable[[Deck, Path, ExitStack], Callable[[], list[str]]]


def _against(name: str, ours: Callable[[], float], peer: Peer, deck: Deck, rounds: int, folder: Path) -> list[Row]:
    what = f"qd run --rm, against {name}"
    if shutil.which(name.split()[0]) is None:
        return [Row(what, milliseconds(ours()), "not installed")]
    with ExitStack() as undo:
        command = peer(deck, folder, undo)
        run_seconds(command())
        return [paired_row(what, pairs(ours, lambda: run_seconds(command()), rounds))]


def _podman(deck: Deck, folder: Path, undo: ExitStack) -> Callable[[], list[str]]:
    podman = Podman(folder / "podman", undo)
    podman.load(deck.engine)
    return lambda: podman.run("true")


def _crun(deck: Deck, folder: Path, undo: ExitStack) -> Callable[[], list[str]]:
    bundle = Bundle(folder / "crun", undo)
    bundle.load(deck.engine, "true")
    return lambda: bundle.run("crun")


def hundred(deck: Deck) -> list[Row]:
    """A hundred containers, one after the other over one connection."""
    names = [f"hundred-{number}" for number in range(100)]

    def start_all() -> None:
        for name in names:
            options = CreateOptions(image=BASE, command=("sleep", "1000"), name=name, network="none")
            deck.engine.start(deck.engine.create(options))

    taken = seconds(start_all)
    deck.remove_all()
    return [Row("100 containers started", milliseconds(taken))]


def runtime(deck: Deck, rounds: int, folder: Path) -> list[Row]:
    """`qd-runtime run` against crun and runc, on the same bundle, without a seccomp policy and with Docker's."""
    return [
        row
        for peer in ("crun", "runc")
        for seccomp in (False, True)
        for row in _runtime_against(peer, seccomp, deck, rounds, folder)
    ]


def _runtime_against(peer: str, seccomp: bool, deck: Deck, rounds: int, folder: Path) -> list[Row]:
    what = f"qd-runtime run{', seccomp' if seccomp else ''}, against {peer} run"
    if shutil.which(peer) is None:
        return [Row(what, "", "not installed")]
    with ExitStack() as undo:
        bundle = Bundle(folder / "runtime", undo)
        bundle.load(deck.engine, "true", seccomp=seccomp)
        for command in (QD_RUNTIME, peer):
            run_seconds(bundle.run(command))
        figures = pairs(lambda: run_seconds(bundle.run(QD_RUNTIME)), lambda: run_seconds(bundle.run(peer)), rounds)
    return [paired_row(what, figures)]


def bare_command(rounds: int) -> list[Row]:
    """Commands that need no engine, against the interpreter alone."""
    python = os.path.realpath(sys.executable)
    bare = [python, "-I", "-S", "-c", "pass"]
    commands = {"qd version": [QD, "version"], "qd-runtime --version": [QD_RUNTIME, "--version"]}
    return [_against_bare(name, command, bare, rounds) for name, command in commands.items()]


def _against_bare(name: str, command: list[str], bare: list[str], rounds: int) -> Row:
    figures = pairs(lambda: run_seconds(command), lambda: run_seconds(bare), rounds)
    return paired_row(f"{name}, against python -I -S", figures)

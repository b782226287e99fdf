"""A million lines: recorded, and printed again."""

import shutil
from contextlib import ExitStack
from pathlib import Path

from bench.figures import Row, milliseconds, paired_row, pairs, run_seconds
from bench.peers import Podman
from support.deck import QD, Deck

BASE = "localhost/base"
LINES = "1000000"


def million_lines(deck: Deck, rounds: int, folder: Path) -> list[Row]:
    """Record the output of `seq`, then print it, each as a whole command; podman's k8s-file beside it."""
    if shutil.which("podman") is None:
        recorded, printed = _record(deck), _print(deck)
        return [Row("1 M lines recorded", milliseconds(recorded)), Row("1 M lines printed", milliseconds(printed))]
    with ExitStack() as undo:
        podman = Podman(folder / "podman-logs", undo)
        podman.load(deck.engine)
        record = pairs(lambda: _record(deck), lambda: _podman_record(podman), rounds)
        show = pairs(lambda: _print(deck), lambda: run_seconds(podman.command("logs", "million")), rounds)
    deck.remove_all()
    return [
        paired_row("1 M lines recorded, against podman k8s-file", record),
        paired_row("1 M lines printed, against podman logs", show),
    ]


def _record(deck: Deck) -> float:
    deck.qd("rm", "-f", "million")
    command = [QD, "run", "--network", "none", "--name", "million", BASE, "seq", "1", LINES]
    return run_seconds(command, deck.environment)


def _print(deck: Deck) -> float:
    return run_seconds([QD, "logs", "million"], deck.environment)


def _podman_record(podman: Podman) -> float:
    run_seconds(podman.command("rm", "--force", "--ignore", "million"))
    options = ("--name", "million", "--log-driver", "k8s-file")
    return run_seconds(podman.run("seq", "1", LINES, options=options))

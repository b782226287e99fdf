"""`make bench`: measurements on this machine, in pairs with the peers where there are any; printed, never asserted."""

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import commits, ground, images, logs, network, rest, start
from bench.figures import Row, table
from support import leaks
from support.deck import Deck, new_paths

from engine import errors

Measurement = Callable[[], list[Row]]


def main() -> int:
    """Measure what was asked for, and print the table."""
    arguments = _arguments()
    rows: list[Row] = []
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, f"{leaks.PREFIX}d", ignore_errors=True)
        undo.callback(ground.sweep)
        note = ", cgroup v1 only: the v2 tree is hidden, crun refuses a hybrid" if ground.hide_unified() else ""
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="qd-bench-")))
        deck = Deck(new_paths())
        undo.callback(deck.end)
        deck.engine.build_base()
        for name, measure in _measurements(deck, arguments, folder).items():
            if not arguments.only or name in arguments.only:
                sys.stderr.write(f"bench: {name}\n")
                rows += _try(name, measure)
        _print(rows, note, arguments.output)
    return 0


def _print(rows: list[Row], note: str, output: str | None) -> None:
    machine = f"{platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}{note}"
    text = f"{machine}\n\n{table(rows)}\n"
    sys.stdout.write(text)
    if output:
        Path(output).write_text(text)


def _try(name: str, measure: Measurement) -> list[Row]:
    """One that fails is named in the table; the others are still worth their time."""
    try:
        return measure()
    except (RuntimeError, OSError, AssertionError, errors.EngineError) as err:
        sys.stderr.write(f"bench: {name}: {err}\n")
        return [Row(name, "failed")]


def _measurements(deck: Deck, arguments: argparse.Namespace, folder: Path) -> dict[str, Measurement]:
    rounds = arguments.rounds
    return {
        "start": lambda: start.engine_start(deck, rounds),
        "hundred": lambda: start.hundred(deck),
        "command": lambda: start.whole_command(deck, rounds, folder),
        "runtime": lambda: start.runtime(deck, rounds, folder),
        "bare": lambda: start.bare_command(rounds),
        "network-start": lambda: network.starts(deck, rounds),
        "network-command": lambda: network.commands(deck, rounds),
        "throughput": lambda: network.throughput(deck, rounds),
        "idle": lambda: rest.idle_dashboard(deck, arguments.seconds),
        "memory": lambda: rest.memory(deck),
        "commit": lambda: commits.against_docker(max(3, rounds // 4), folder),
        "pull": lambda: images.pull_against_podman(max(3, rounds // 4)),
        "logs": lambda: logs.million_lines(deck, max(3, rounds // 5), folder),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    names = (
        *("start", "hundred", "command", "runtime", "bare", "network-start", "network-command", "throughput"),
        *("idle", "memory", "commit", "pull", "logs"),
    )
    parser.add_argument("only", nargs="*", metavar="WHAT", help=f"measure these only: {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=20, help="how many of each pair (20)")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the dashboard is watched (30)")
    parser.add_argument("--output", help="also write the table to this file")
    arguments = parser.parse_args()
    if unknown := set(arguments.only) - set(names):
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())

"""`make screenshots`: the pictures of the README, of a real engine with the demonstration running.

    PYTHONPATH=tests python screenshots/make.py [--seconds 100] [--root ROOT --run RUN]

Without folders it starts an engine of its own and ends it afterwards. The pictures are never edited by hand.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import picture
from support.deck import Deck, new_paths
from textual.pilot import Pilot

from engine.client import Engine
from engine.state.paths import Paths
from tui.app import Dashboard
from tui.bridge import Bridge

FOLDER: Final = Path(__file__).parent
LARGE: Final = (120, 40)
SMALL: Final = (80, 24)
PIXELS: Final = 1448
"""Width of the large pictures: twice what a page shows, for sharp letters; small ones keep the size of a cell."""


class Shot(NamedTuple):
    """One picture: which keys lead to it, and what must be on the screen."""

    name: str
    size: tuple[int, int]
    theme: str
    keys: tuple[str, ...]
    wanted: str


SHOTS: Final = (
    Shot("dashboard-120x40", LARGE, "midwatch", (), "killed by the kernel"),
    Shot("dashboard-80x24", SMALL, "midwatch", (), "killed by the kernel"),
    Shot("throttled-120x40-sailcloth", LARGE, "sailcloth", ("j", "j"), "held back"),
    Shot("log-80x24-lantern", SMALL, "lantern", ("slash", *"logger", "enter", "l"), "following"),
    Shot("graphs-120x40-signal", LARGE, "signal", ("enter", "3"), "MEMORY"),
    Shot("confirm-80x24", SMALL, "midwatch", ("j", "j", "T"), "Stop burner?"),
)


def main() -> int:
    """Make all pictures."""
    arguments = _arguments()
    with ExitStack() as undo:
        paths = _paths(arguments, undo)
        _begin(paths, arguments.seconds)
        for shot in SHOTS:
            sys.stderr.write(f"screenshots: {shot.name}\n")
            _write(shot, asyncio.run(_take(paths, shot)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=100, help="how much past the graphs should have")
    parser.add_argument("--root", help="state of an engine that runs already")
    parser.add_argument("--run", help="its sockets")
    return parser.parse_args()


def _paths(arguments: argparse.Namespace, undo: ExitStack) -> Paths:
    if arguments.root and arguments.run:
        return Paths(arguments.root, arguments.run)
    deck = Deck(new_paths())
    undo.callback(deck.end)
    return deck.paths


def _begin(paths: Paths, seconds: float) -> None:
    """Start the demonstration, and wait until there is something to see."""
    deck = Deck(paths)
    sys.stderr.write("screenshots: the demonstration\n")
    deck.out("demo")
    end = time.monotonic() + seconds * 5
    while not _worth_seeing(deck.engine, seconds):
        if time.monotonic() > end:
            raise SystemExit("screenshots: the demonstration shows nothing")
        time.sleep(1)
    deck.engine.close()


def _worth_seeing(engine: Engine, seconds: float) -> bool:
    """Graphs are full enough, and the kernel has killed something."""
    measured = [value for value in engine.history("burner").cpu_cores if value is not None]
    return len(measured) >= min(seconds, 280) and engine.overview().oom_recent > 0


async def _take(paths: Paths, shot: Shot) -> str:
    """Drive the dashboard to the picture; its SVG."""
    engine = Engine(paths)
    app = Dashboard(paths, lambda post: Bridge(engine, post))
    app.wear(shot.theme)
    async with app.run_test(size=shot.size) as pilot:
        await _until(pilot, app, "logger")
        await pilot.pause(2.5)  # the host's CPU is a graph too
        await pilot.press(*shot.keys)
        await _until(pilot, app, shot.wanted)
        await pilot.pause(1.5)
        lines = app.screen._compositor.render_strips()
        return picture.svg(lines, shot.size[0], app.theme_variables["qd-background"])


async def _until(pilot: Pilot[None], app: Dashboard, text: str) -> None:
    for _ in range(600):
        if any(text in strip.text for strip in app.screen._compositor.render_strips()):
            return
        await pilot.pause(0.1)
    raise SystemExit(f"screenshots: {text!r} never came")


def _write(shot: Shot, svg: str) -> None:
    """The picture as SVG, and as PNG for pages that show none."""
    (FOLDER / f"{shot.name}.svg").write_text(svg)
    width = PIXELS * shot.size[0] // LARGE[0]
    _convert(["--width", str(width), "--output", str(FOLDER / f"{shot.name}.png"), str(FOLDER / f"{shot.name}.svg")])


def _convert(arguments: Sequence[str]) -> None:
    subprocess.run(["rsvg-convert", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())

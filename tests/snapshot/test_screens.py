"""What the screens look like: at 80x24 and 120x40, in every theme, at a frozen moment."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from support import snapshots
from support.dashboard import Driver, still

import themes
from tui.messages import EngineLost

SIZES = [(80, 24), (120, 40)]
THEMES = sorted(themes.load(themes.Path(themes.__file__).parent)[0])
LOG = [
    *(f"\x1b[3{color}mcolour {color}\x1b[0m and \x1b[9{color}mbright {color}\x1b[0m" for color in range(8)),
    "\x1b[1mbold\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munderlined\x1b[0m \x1b[7mreverse\x1b[0m "
    "\x1b[38;5;208morange\x1b[0m",
    "\x1b]0;a title that must not be set\x07allocated 64 MiB\x1b[2J",
    "wide: 漢字 and a \ttab",
    *(f"allocated {number} MiB" for number in range(50)),
    "MemoryError",
]


async def overview(driver: Driver) -> None:
    """As it opens."""


async def card(driver: Driver) -> None:
    await driver.press("tab")


async def throttled(driver: Driver) -> None:
    await driver.press("j", "j")
    driver.bridge.tell_series()


async def marked(driver: Driver) -> None:
    await driver.press("j", "space", "space", "slash", *"!new")


async def confirm(driver: Driver) -> None:
    await driver.press("j", "j", "T")


async def keys(driver: Driver) -> None:
    await driver.press("question_mark")


async def why(driver: Driver) -> None:
    await driver.press("enter")


async def log(driver: Driver) -> None:
    await driver.press("l", "g")


async def graphs(driver: Driver) -> None:
    await driver.press("enter", "3")


async def network(driver: Driver) -> None:
    await driver.press("G", "k", "k", "tab")
    driver.bridge.tell_series()


async def traffic(driver: Driver) -> None:
    await driver.press("G", "k", "k", "enter", "3")
    driver.bridge.tell_series()


async def config(driver: Driver) -> None:
    await driver.press("G", "k", "k", "enter", "4")


async def lost(driver: Driver) -> None:
    driver.app.post_message(EngineLost("no engine runs for /var/lib/quarterdeck", "any command starts it: qd info"))
    await driver.until_text("Trying again")


EVERY_THEME = [overview, throttled, confirm]
ONE_THEME = [card, marked, keys, why, log, graphs, network, traffic, config, lost]
CASES = [
    *((scene, theme) for scene in EVERY_THEME for theme in THEMES),
    *((scene, themes.DEFAULT) for scene in ONE_THEME),
]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(("scene", "theme"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_the_screen_looks_as_it_did(scene, theme, size):
    lines = asyncio.run(_look(scene, theme, size))
    snapshots.compare(f"{scene.__name__}-{theme}-{size[0]}x{size[1]}", lines)


async def _look(scene: Callable[[Driver], Awaitable[None]], theme: str, size: tuple[int, int]) -> list:
    async with still(size, theme=theme) as driver:
        driver.bridge.tell_series()
        driver.bridge.tell_log(LOG, partial="$ ")
        await driver.settle()
        await scene(driver)
        await driver.pilot.pause(0.1)
        return driver.app.screen._compositor.render_strips()

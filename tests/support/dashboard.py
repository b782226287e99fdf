"""Drives the dashboard without a terminal: on an engine in memory, or held still for pictures of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from support import scene
from support.scene_engine import SceneEngine
from textual import events
from textual.message import Message
from textual.pilot import Pilot

from engine.state.paths import Paths
from tui import rows
from tui.actions import Action
from tui.app import Dashboard
from tui.bridge import Bridge
from tui.lines import Batch, Line
from tui.messages import HostSampled, LogGrew, MomentCame, SeriesCame
from tui.past import Recorder
from tui.rows import Moment, Row

WAIT_SECONDS = 20.0
PATHS = Paths("/nowhere/root", "/nowhere/run")


class StillBridge:
    """A bridge that does nothing by itself: what it was asked is in `asked`, what it tells the test decides."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self.post = post
        self.asked: list[tuple[object, ...]] = []
        self.selected: Row | None = None
        self.batch: Batch | None = None

    def start(self) -> None:
        self.asked.append(("start",))

    def stop(self) -> None:
        self.asked.append(("stop",))

    def select(self, row: Row | None) -> None:
        self.selected = row

    def take_log(self) -> Batch | None:
        batch, self.batch = self.batch, None
        return batch

    def act(self, action: Action, targets: Sequence[Row]) -> None:
        self.asked.append((action.name, *(row.name for row in targets)))

    def pause(self) -> None:
        self.asked.append(("pause",))

    def resume(self) -> None:
        self.asked.append(("resume",))

    # What a test lets it tell

    def tell(self, moment: Moment) -> None:
        """Everything at one time, the figures of the host and of the selected container included."""
        self.post(HostSampled(scene.HOST))
        self.post(MomentCame(moment))

    def tell_series(self) -> None:
        if self.selected is not None:
            self.post(SeriesCame(self.selected.id, scene.series(self.selected.name)))

    def tell_log(self, lines: Sequence[str], partial: str = "") -> None:
        assert self.selected is not None
        source = (self.selected.id, self.selected.container.state.run)
        self.batch = Batch(source, tuple(Line(line) for line in lines), partial, fresh=True)
        self.post(LogGrew())


def a_moment() -> Moment:
    """The scene, after the hog was killed twice."""
    recorder = Recorder()
    for seconds in (100, 6):
        recorder.add(scene.event(scene.HOG, "oom", seconds))
    return rows.moment(scene.overview(), recorder)


class Driver:
    """A running dashboard and the hands of its user."""

    def __init__(self, app: Dashboard, pilot: Pilot[None], bridge: object) -> None:
        self.app = app
        self.pilot = pilot
        self.bridge = bridge

    async def press(self, *keys: str) -> None:
        """Press keys, and let everything be handled that follows from them.

        Textual's own `press` waits for the process to be idle after each key, sixty milliseconds and more.
        """
        for key in keys:
            character = " " if key == "space" else key if len(key) == 1 else None
            self.app.post_message(events.Key(key, character))
            await self.settle()

    async def burst(self, *keys: str) -> None:
        """Press keys faster than any of them is handled, as a slow line delivers them."""
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await self.settle()

    async def settle(self) -> None:
        """Until what is queued has been handled, and what that queued, and so on: widget, screen, application."""
        for _ in range(4):
            await self.pilot._wait_for_screen()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait for something; a test that waits in vain fails with what is on the screen."""
        deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"never came: {what}\n{self.text()}")
            await self.pilot.pause(0.01)

    async def until_text(self, *words: str) -> None:
        """Wait until all of the words are on the screen."""
        await self.until(lambda: all(word in self.text() for word in words), " and ".join(words))

    async def until_gone(self, word: str) -> None:
        """Wait until a word is on the screen no longer."""
        await self.until(lambda: word not in self.text(), f"the end of {word}")

    def lines(self) -> list[str]:
        """What is on the screen, without styles."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    def text(self) -> str:
        return "\n".join(self.lines())

    def notices(self) -> list[str]:
        return [notice.message for notice in self.app._notifications]


@asynccontextmanager
async def still(
    size: tuple[int, int] = (120, 40), *, theme: str = "midwatch", read_only: bool = False
) -> AsyncIterator[Driver]:
    """A dashboard on a bridge that stands still, with the scene on it."""
    bridges: list[StillBridge] = []

    def connect(post: Callable[[Message], object]) -> StillBridge:
        bridges.append(StillBridge(post))
        return bridges[0]

    app = Dashboard(PATHS, connect, read_only=read_only, clock=lambda: 0.0)
    app.wear(theme)
    async with app.run_test(size=size, notifications=True) as pilot:
        driver = Driver(app, pilot, bridges[0])
        await driver.until(lambda: app.screen_stack and bridges[0].asked, "the first screen")
        bridges[0].tell(a_moment())
        await driver.until(lambda: bridges[0].selected is not None, "a selected row")
        await pilot.pause()
        yield driver


@asynccontextmanager
async def on_engine(engine: SceneEngine, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Driver]:
    """A dashboard with its real bridge, on an engine in memory."""
    app = Dashboard(PATHS, lambda post: Bridge(engine, post))
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Driver(app, pilot, engine)


def drive(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a scenario to its end."""
    asyncio.run(scenario())

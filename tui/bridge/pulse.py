"""Once a second, and whenever something changed: everything the dashboard draws, in one call."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from textual.message import Message

from engine.errors import EngineError, Unreachable
from tui.host import HostSample, HostSampler
from tui.messages import EngineLost, HostSampled, MomentCame, SeriesCame
from tui.past import WINDOW_NS, Recorder
from tui.rows import moment

if TYPE_CHECKING:
    from engine.client import Engine

INTERVAL_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.1
"""After word of a change, how long others are waited for, so that a hundred starts are a few refreshes."""
RETRY_SECONDS: Final = (1.0, 2.0, 4.0, 8.0)
"""Between attempts to reach an engine: each starts a process, and one that fails once will fail again."""
HISTORY_SECONDS: Final = 300
MALFORMED: Final = (ValueError, LookupError, TypeError)
"""What decoding raises where the other side does not keep to the contract (another version of the engine)."""

Post = Callable[[Message], None]


class Pulse:
    """Asks for everything and posts it."""

    def __init__(self, engine: "Engine", post: Post, sampler: Callable[[], HostSampler], over: threading.Event) -> None:
        self._engine = engine
        self._post = post
        self._make_sampler = sampler
        self._sampler: HostSampler | None = None
        self._over = over
        self._poked = threading.Event()
        self._awake = threading.Event()
        self._awake.set()
        self._selected: str | None = None
        self._failures = 0
        self.lock = threading.Lock()
        """Held while `recorder` is read or written."""
        self.recorder = Recorder()
        self.reached = threading.Event()
        """The engine answered, and has not been lost since."""

    def run(self) -> None:
        """Until the end of the dashboard."""
        while not self._over.is_set():
            self._awake.wait()
            self._beat()
            self._rest()

    def poke(self) -> None:
        """Refresh soon."""
        self._poked.set()
        self._awake.set()

    def select(self, container_id: str | None) -> None:
        """Whose past is asked for."""
        if container_id != self._selected:
            self._selected = container_id
            self._poked.set()

    def pause(self) -> None:
        """Stop asking after the present call."""
        self._awake.clear()

    def resume(self) -> None:
        """Ask again, at once."""
        self.poke()

    def _beat(self) -> None:
        self._post(HostSampled(self._sample()))
        try:
            self._ask()
        except EngineError as err:
            self._lost(err.message, err.hint)
        except OSError as err:
            self._lost(f"the engine cannot be reached: {err.strerror}", "")
        except MALFORMED as err:
            self._lost(f"the engine's answer is not understood: {err}", "is its version the dashboard's? qd version")
        else:
            self._failures = 0
            self.reached.set()

    def _sample(self) -> HostSample:
        """The first call imports psutil's figures here, beside the first paint and not before it."""
        if self._sampler is None:
            self._sampler = self._make_sampler()
        return self._sampler.sample()

    def _ask(self) -> None:
        overview = self._engine.overview()
        with self.lock:
            now = moment(overview, self.recorder)
        self._post(MomentCame(now))
        selected = self._selected
        if now.find(selected) is not None and selected is not None:
            self._ask_history(selected)

    def _ask_history(self, selected: str) -> None:
        try:
            series = self._engine.history(selected, HISTORY_SECONDS)
        except Unreachable:
            raise
        except EngineError:
            return  # It was removed since the overview: the next one will not have it.
        self._post(SeriesCame(selected, series))

    def _lost(self, message: str, hint: str) -> None:
        self._failures += 1
        self.reached.clear()
        self._post(EngineLost(message, hint))

    def _rest(self) -> None:
        """Wait for the next second, for word of a change, or for another attempt."""
        if self._failures:
            self._over.wait(RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS)) - 1])
        elif self._poked.wait(INTERVAL_SECONDS):
            self._over.wait(GATHER_SECONDS)
        self._poked.clear()


class Watch:
    """Follows the journal: pokes the pulse at every change, and remembers the last fifteen minutes."""

    def __init__(self, engine: "Engine", pulse: Pulse, over: threading.Event) -> None:
        self._engine = engine
        self._pulse = pulse
        self._over = over

    def run(self) -> None:
        """Until the end of the dashboard; begins anew where the engine was lost."""
        while not self._over.is_set():
            self._pulse.reached.wait()
            try:
                self._follow()
            except (EngineError, OSError, *MALFORMED):
                # The pulse says so on the screen, with the reason; here is only the second line to the same engine.
                self._over.wait(INTERVAL_SECONDS)

    def _follow(self) -> None:
        with self._pulse.lock:
            self._pulse.recorder.clear()
        for event in self._engine.events(since_ns=time.time_ns() - WINDOW_NS, follow=True):
            if self._over.is_set():
                return
            with self._pulse.lock:
                self._pulse.recorder.add(event)
            self._pulse.poke()

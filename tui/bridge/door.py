"""`Bridge`: what the dashboard calls. Every method returns at once."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from tui.actions import Action
from tui.bridge.crew import Crew
from tui.bridge.pulse import Pulse, Watch
from tui.bridge.tail import Tail
from tui.host import HostSampler
from tui.lines import Batch
from tui.rows import Row

if TYPE_CHECKING:
    from engine.client import Engine


class Bridge:
    """Threads around one `Engine`; `post` hands a message to the event loop and may be called from any thread."""

    def __init__(self, engine: "Engine", post: Callable[[Message], object], *, read_only: bool = False) -> None:
        self._post_now = post
        self._over = threading.Event()
        self._read_only = read_only
        self._pulse = Pulse(engine, self._post, HostSampler, self._over)
        self._watch = Watch(engine, self._pulse, self._over)
        self._tail = Tail(engine, self._post, self._over)
        self._crew = Crew(engine, self._post)

    def start(self) -> None:
        """Begin to watch."""
        for name, target in (("pulse", self._pulse.run), ("watch", self._watch.run), ("tail", self._tail.run)):
            threading.Thread(target=target, name=f"qd-{name}", daemon=True).start()

    def stop(self) -> None:
        """No message is posted from here on; the threads end when their present call returns."""
        self._over.set()
        self._pulse.poke()
        self._tail.wake()

    def select(self, row: Row | None) -> None:
        """Follow the log and the figures of this container, or of none."""
        self._pulse.select(row.id if row else None)
        self._tail.follow((row.id, row.container.state.run) if row else None)

    def take_log(self) -> Batch | None:
        """The lines that came since the last call."""
        return self._tail.take()

    def act(self, action: Action, rows: Sequence[Row]) -> None:
        """Do it to all of them, and post `Acted` when every one is over. Raises PermissionError when read-only."""
        if self._read_only:
            raise PermissionError("the dashboard is read-only")
        self._crew.act(action, rows, self._pulse.poke)

    def pause(self) -> None:
        """Ask for nothing while another program has the terminal."""
        self._pulse.pause()

    def resume(self) -> None:
        """Go on, at once."""
        self._pulse.resume()

    def _post(self, message: Message) -> None:
        if self._over.is_set():
            return
        try:
            self._post_now(message)
        except RuntimeError:
            # The event loop closed between the question and the post: the dashboard is gone, and so is its reader.
            self._over.set()

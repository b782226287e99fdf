"""How much of the supervisor a container's questions may take. Nothing is answered beyond that: it is not even read, so
that a flood stays in the socket's buffer and what does not fit there is dropped by the kernel, at nobody's expense."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

RATE: Final = 500.0
"""Questions a second of one container, in the long run."""
BURST: Final = 500.0
"""Questions of one container at once."""
FORWARD_COST: Final = 2.0
"""What a question that has to be asked elsewhere counts for."""
SHARED_RATE: Final = 3000.0
"""Questions a second of all containers together, in the long run; some tenths of a core."""
IN_FLIGHT: Final = 256
"""Questions of one container that wait for a name server: as many as it can ask at once, each with a socket."""
IN_FLIGHT_ALL: Final = 1024
"""Of all containers."""
CONNECTIONS: Final = 16
"""TCP connections of one container."""
BATCH: Final = 16
"""Datagrams that are read at once; then it is somebody else's turn."""
IDLE_SECONDS: Final = 10.0
"""A TCP connection that says nothing for so long, or does not take its answer, is closed."""
_WINDOW_SECONDS: Final = 1.0
_NEARLY: Final = 0.7
"""Of the shared rate. Below it there is enough for everybody; those who are held to their shares stay above it."""


class Crowd:
    """All containers of a process: how much they ask for together, and the places for questions in flight."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.places = IN_FLIGHT_ALL
        self.rate = RATE
        """What each container may ask for in a second. Where all of them ask for too much it is an equal share; who
        asks for less than that still has a burst, and does not notice."""
        self._since = clock()
        self._spent = 0.0
        self._askers: set[int] = set()

    def spend(self, asker: int, tokens: float) -> None:
        """These are taken by this one."""
        self._spent += tokens
        self._askers.add(asker)
        seconds = self.clock() - self._since
        if seconds >= _WINDOW_SECONDS:
            is_much = self._spent / seconds > _NEARLY * SHARED_RATE
            self.rate = min(RATE, SHARED_RATE / len(self._askers)) if is_much else RATE
            self._since, self._spent, self._askers = self.clock(), 0.0, set()


class Bucket:
    """One container's tokens."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._tokens = BURST
        self._then = crowd.clock()

    def take(self, tokens: float) -> None:
        """Also those that are not there yet: they delay the next question."""
        self._tokens -= tokens
        self._crowd.spend(id(self), tokens)

    def wait_seconds(self) -> float:
        """How long until the next question may be read; 0: now."""
        now, rate = self._crowd.clock(), self._crowd.rate
        self._tokens = min(BURST, self._tokens + (now - self._then) * rate)
        self._then = now
        return 0.0 if self._tokens >= 1 else (BATCH - self._tokens) / rate


class Places:
    """One container's questions in flight. It has never more of them than there are places free, so that however many
    containers fill theirs, there are as many left for one that comes later as each of them has."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._held = 0

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Whether there was a free one; it is ours within the block."""
        if self._held >= min(IN_FLIGHT, self._crowd.places):
            yield False
            return
        self._held += 1
        self._crowd.places -= 1
        try:
            yield True
        finally:
            self._held -= 1
            self._crowd.places += 1


CROWD: Final = Crowd()
"""Of this process."""

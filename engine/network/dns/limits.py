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
SHARED_RATE: Final = 2000.0
"""Of all containers that ask for more than they may, together: each of them gets its share."""
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
_BUSY_SECONDS: Final = 1.0


class Crowd:
    """The containers that have lately asked for more than they may, and the places for questions in flight."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.places = IN_FLIGHT_ALL
        self._seen: dict[int, float] = {}

    def rate(self, bucket: int) -> float:
        """What this one may ask for in a second, having run dry just now."""
        now = self.clock()
        self._seen[bucket] = now
        self._seen = {key: then for key, then in self._seen.items() if now - then < _BUSY_SECONDS}
        return min(RATE, SHARED_RATE / len(self._seen))


class Bucket:
    """One container's tokens."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._tokens = BURST
        self._rate = RATE
        self._then = crowd.clock()

    def take(self, tokens: float) -> None:
        """Also those that are not there yet: they delay the next question."""
        self._tokens -= tokens

    def wait_seconds(self) -> float:
        """How long until the next question may be read; 0: now."""
        now = self._crowd.clock()
        self._tokens = min(BURST, self._tokens + (now - self._then) * self._rate)
        self._then = now
        if self._tokens >= 1:
            self._rate = RATE
            return 0.0
        self._rate = self._crowd.rate(id(self))
        return (min(BATCH, BURST) - self._tokens) / self._rate


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

"""The supervisor's side of the relay: sockets watched, and given to a process of their own when somebody comes.

Copying bytes for strangers is nothing for the supervisor's loop, and a process for each port, or one that is always
there, costs every container something that few need: [::1] is what a host's `localhost` says first. So the supervisor
listens, and starts the process at the first connection, which waits in the kernel meanwhile. The process ends when it
is idle. Where it dies, or the supervisor does, no container notices.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from typing import Final

from engine.network.ports.relay_process import RelayProcess
from engine.network.ports.relayed import Relayed

IDLE_SECONDS: Final = 300.0
_BACKLOG: Final = 128
_REST_SECONDS: Final = 1.0
"""Between the end of a process and the next one."""


class Relay:
    """Of one engine; its methods are for the loop's thread."""

    def __init__(
        self, root: str, warn: Callable[[str], None] = lambda _text: None, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._root = root
        self._warn = warn
        self._idle_seconds = idle_seconds
        self._served: dict[int, Relayed] = {}
        self._keys: dict[str, tuple[int, ...]] = {}
        self._next = 1
        self._process: RelayProcess | None = None

    def serve(self, key: str, ports: Iterable[Relayed]) -> None:
        """From now on what comes to these, and to no others, goes to the container `key`; connections of those that it
        had already go on. Raises: OSError, with nothing changed for those."""
        wanted = list(ports)
        had = {number: self._served[number] for number in self._keys.get(key, ())}
        self._end(key, [number for number, one in had.items() if one not in wanted])
        added = [one for one in wanted if one not in had.values()]
        with ExitStack() as undo:
            for one in added:
                _listen(one)
                undo.callback(_refuse, one)
            undo.pop_all()
        self._begin(key, added)

    def _begin(self, key: str, added: Sequence[Relayed]) -> None:
        new = {self._next + place: one for place, one in enumerate(added)}
        self._next += len(new)
        self._served |= new
        self._keys[key] = (*self._keys.get(key, ()), *new)
        if self._process is not None:
            self._hand_over(list(new))
        else:
            self._watch(new)

    def drop(self, key: str) -> None:
        """The container is gone; before its ports are let go of. Whoever comes is refused at once."""
        self._end(key, self._keys.get(key, ()))
        self._keys.pop(key, None)

    def _end(self, key: str, numbers: Sequence[int]) -> None:
        if not numbers:
            return
        self._keys[key] = tuple(number for number in self._keys[key] if number not in numbers)
        for number in numbers:
            one = self._served.pop(number)
            if one.bound.socket.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(one.bound.socket)
                _refuse(one)
        if self._process is not None:
            self._process.drop(numbers)

    async def settled(self) -> None:
        """Returns once what was dropped is free for whoever binds next, a restarted container for one."""
        if self._process is not None:
            await self._process.settled()

    def close(self) -> None:
        """Connections go on to their end, without us."""
        for key in list(self._keys):
            self.drop(key)
        if self._process is not None:
            self._process.close()
            self._process = None

    def _watch(self, numbers: Iterable[int]) -> None:
        loop = asyncio.get_running_loop()
        for number in numbers:
            loop.add_reader(self._served[number].bound.socket, self._awake)

    def _awake(self) -> None:
        """Somebody has come: the process takes all there is."""
        loop = asyncio.get_running_loop()
        for one in self._served.values():
            loop.remove_reader(one.bound.socket)
        try:
            self._process = RelayProcess(self._root, self._idle_seconds, self._ended)
        except OSError as err:
            self._warn(f"published ports cannot be relayed: {err}")
            loop.call_later(_REST_SECONDS, self._rest)
        else:
            self._hand_over(list(self._served))

    def _hand_over(self, numbers: Sequence[int]) -> None:
        assert self._process is not None
        self._process.serve([(number, self._served[number]) for number in numbers])

    def _ended(self, ended: RelayProcess) -> None:
        if self._process is ended:
            self._process = None
            asyncio.get_running_loop().call_later(_REST_SECONDS, self._rest)

    def _rest(self) -> None:
        """Watch all there is, unless another process has it."""
        if self._process is None:
            self._watch(self._served)


def _listen(one: Relayed) -> None:
    """Have the kernel answer, and keep, whoever comes. Raises: OSError."""
    own = one.bound.socket
    own.setblocking(False)
    if own.type == socket.SOCK_STREAM:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # nobody joins a socket that listens; see holding
        own.listen(_BACKLOG)


def _refuse(one: Relayed) -> None:
    """Take listen(2) back; the socket stays bound."""
    if one.bound.socket.type == socket.SOCK_STREAM:
        with suppress(OSError):
            one.bound.socket.shutdown(socket.SHUT_RDWR)

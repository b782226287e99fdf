"""The relay's process as the supervisor sees it: a channel, and a child to reap."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from engine import launch
from engine.network.ports.relayed import Relayed
from engine.network.ports.relaying import orders
from engine.network.ports.relaying.orders import Order, Way

_ANSWER_SECONDS: Final = 2.0


class RelayProcess:
    """The process, as long as it is there."""

    def __init__(self, root: str, idle_seconds: float, on_end: Callable[["RelayProcess"], None]) -> None:
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._pending: set[int] = set()
        """Dropped, and not yet closed over there."""
        self._changed = asyncio.Event()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._child = _start(theirs, idle_seconds, root)
        except OSError:
            self._channel.close()
            raise
        finally:
            theirs.close()
        self._channel.setblocking(False)
        self._loop.add_reader(self._channel, self._on_word)

    def serve(self, ports: Sequence[tuple[int, Relayed]]) -> None:
        """Give these away."""
        for first in range(0, len(ports), orders.SOCKETS_MAX):
            some = ports[first : first + orders.SOCKETS_MAX]
            ways = [Way(number, one.bound.port.protocol, one.target, one.bound.port.container) for number, one in some]
            self._send(Order.SERVE, ways, [one.bound.socket.fileno() for _, one in some])

    def drop(self, numbers: Sequence[int]) -> None:
        """Have these closed."""
        self._pending.update(numbers)
        self._send(Order.DROP, numbers)

    async def settled(self) -> None:
        """Returns once everything that was dropped is closed, if need be by the end of the process."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                while self._pending:
                    self._changed.clear()
                    await self._changed.wait()
        if self._pending:
            self._child.kill()
            self._child.wait()
            self._end()

    def close(self) -> None:
        """Its end is awaited by nobody but the kernel's list of children."""
        self._leave()

    def _send(self, order: Order, what: Sequence[object], fds: Sequence[int] = ()) -> None:
        try:
            orders.send(self._channel, order, what, fds)
        except OSError:  # it has died, or does not read, and then it is better dead
            self._child.kill()

    def _on_word(self) -> None:
        try:
            packet = orders.receive(self._channel)
        except BlockingIOError:
            return
        except (OSError, ValueError):
            packet = None
        if packet is None:
            self._end()
            return
        self._pending.difference_update(packet.numbers)
        self._changed.set()

    def _end(self) -> None:
        if self._channel.fileno() < 0:
            return
        self._leave()
        self._pending.clear()
        self._changed.set()
        self._on_end(self)

    def _leave(self) -> None:
        """Close the channel, and reap the process when it has ended."""
        self._loop.remove_reader(self._channel)
        self._channel.close()
        if self._child.poll() is not None:
            return
        pidfd = os.pidfd_open(self._child.pid)
        self._loop.add_reader(pidfd, self._reap, pidfd)

    def _reap(self, pidfd: int) -> None:
        self._loop.remove_reader(pidfd)
        os.close(pidfd)
        self._child.wait()


def _start(channel: socket.socket, idle_seconds: float, root: str) -> subprocess.Popen[bytes]:
    command = launch.command("relay", str(channel.fileno()), str(idle_seconds), root, site=False)
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        pass_fds=[channel.fileno()],
        start_new_session=True,
    )

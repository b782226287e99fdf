"""The process: takes sockets from the supervisor, and ends when it has none and nobody is connected.

It runs as nobody: it has what it needs, and reads what strangers send.
"""

import asyncio
import gc
import os
import resource
import socket
from contextlib import suppress
from typing import Final

from engine.network.ports.relaying import orders
from engine.network.ports.relaying.datagrams import Datagrams
from engine.network.ports.relaying.orders import Order, Packet, Way
from engine.network.ports.relaying.streams import Streams

IDLE_SECONDS: Final = 300.0
"""Without a connection before it ends; the supervisor starts another at the next one."""
_GRACE_SECONDS: Final = 5.0
"""In which what a container has sent before its end is delivered."""
_DESCRIPTORS: Final = 1 << 16
_NOBODY: Final = 65534


class Process:
    """All sockets, and the channel to the supervisor."""

    def __init__(self, channel: socket.socket, idle_seconds: float) -> None:
        self._channel = channel
        self._idle_seconds = idle_seconds
        self._loop = asyncio.get_running_loop()
        self._served: dict[int, Streams | Datagrams] = {}
        self._leaving: set[Streams | Datagrams] = set()
        """Dropped ones that still have connections."""
        self._timer: asyncio.TimerHandle | None = None
        self._is_orphan = False
        self.done = asyncio.Event()
        channel.setblocking(False)
        self._loop.add_reader(channel, self.obey)
        self.on_idle()

    def obey(self) -> None:
        """Do all that the supervisor has said by now."""
        while not self._is_orphan:
            try:
                packet = orders.receive(self._channel)
            except BlockingIOError:
                return
            except (OSError, ValueError, TypeError):
                packet = None
            self._do(packet)

    def _do(self, packet: Packet | None) -> None:
        if packet is None:
            self._orphaned()
        elif packet.order is Order.SERVE:
            self._serve(packet)
        else:
            self._drop(packet.numbers)

    def _serve(self, packet: Packet) -> None:
        for way, fd in zip(packet.ways, packet.fds, strict=True):
            self._served[way.number] = self._made(way, socket.socket(fileno=fd))
        self.on_idle()

    def _made(self, way: Way, own: socket.socket) -> Streams | Datagrams:
        kind = Datagrams if way.protocol == "udp" else Streams
        return kind(own, (way.target, way.port), self)

    def _drop(self, numbers: tuple[int, ...]) -> None:
        """The container is gone, and so are its connections."""
        for number in numbers:
            if (one := self._release(number)) is not None:
                self._loop.call_later(_GRACE_SECONDS, one.cut)
        with suppress(OSError):
            orders.send(self._channel, Order.DROPPED, numbers)
        self.on_idle()

    def _release(self, number: int) -> Streams | Datagrams | None:
        """Let nobody in any more."""
        one = self._served.pop(number, None)
        if one is not None:
            one.close()
            self._leaving.add(one)
        return one

    def _orphaned(self) -> None:
        """The supervisor is gone and containers run on: whoever is connected stays."""
        self._is_orphan = True
        self._loop.remove_reader(self._channel)
        for number in list(self._served):
            self._release(number)
        self._idle_seconds = 0
        self.on_idle()

    def on_idle(self) -> None:
        """Something has ended, or come: begin to wait for the end, or leave off."""
        self._leaving = {one for one in self._leaving if one.busy}
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._idle_seconds if self._served else 0.0, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if not self._leaving and not any(one.busy for one in self._served.values()):
            self.done.set()


def main(arguments: list[str]) -> int:
    """`relay FD IDLE_SECONDS ROOT`: the channel, and whose relay it is, for whoever lists processes."""
    channel = socket.socket(fileno=int(arguments[0]))
    _become_nobody()
    gc.freeze()
    asyncio.run(_run(channel, float(arguments[1])))
    os._exit(0)  # at once: the supervisor waits for it


async def _run(channel: socket.socket, idle_seconds: float) -> None:
    await Process(channel, idle_seconds).done.wait()


def _become_nobody() -> None:
    """Where it may not (another user namespace) it stays who it is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = _DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, _DESCRIPTORS)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, enough))
    with suppress(OSError):
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)

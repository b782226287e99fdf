"""What stands for the supervisor in tests of the resolver: a process in a network namespace of its own that serves
containers, with name servers of every kind on its loopback.

    PYTHONPATH=tests python -m support.resolver_side PID...     of the containers

It says `ready` once it serves; each line of JSON on its input says what is known from then on, and is answered with
`ready`, too. It ends with its input.
"""

import asyncio
import glob
import json
import os
import sys
from typing import Any

from support import name_servers
from support.waiting import SLOW

from engine.kernel import const, syscalls
from engine.network.dns import limits
from engine.network.dns.service import Service
from engine.network.dns.sockets import open_sockets
from engine.network.dns.zone import Names
from engine.network.link.loopback import loopback_up


class Side:
    """What is known, and the resolvers."""

    def __init__(self) -> None:
        self.upstreams: list[str] = []
        self.names = Names()

    def learn(self, settings: dict[str, Any]) -> None:
        """Containers by id, whom to ask for the rest, and how long a connection may say nothing."""
        self.upstreams = settings["upstreams"]
        limits.IDLE_SECONDS = settings["idle_seconds"]  # type: ignore[misc]
        for container, (called, addresses) in settings["containers"].items():
            self.names.set(container, called, addresses)

    def serve(self, pid: int) -> Service:
        """One container's."""
        service = Service(open_sockets(pid), self.names, lambda: self.upstreams)
        service.start()
        return service


def _ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


async def main(pids: list[int]) -> None:
    """Serve until the input ends."""
    await name_servers.listen()
    side, before = Side(), _sockets()
    services = [side.serve(pid) for pid in pids]
    _ready()
    while line := await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
        side.learn(json.loads(line))
        _ready()
    for service in services:
        service.close()
        service.close()
    async with asyncio.timeout(10 * SLOW):
        while _sockets() != before:  # what has been cancelled ends in its own time
            await asyncio.sleep(0.01)


def _sockets() -> list[str]:
    """Those that this process has open."""
    targets = [os.readlink(path) for path in glob.glob("/proc/self/fd/*") if os.path.islink(path)]
    return [target for target in targets if target.startswith("socket:")]


if __name__ == "__main__":
    syscalls.unshare(const.CLONE_NEWNET)
    loopback_up(os.getpid())
    asyncio.run(main([int(word) for word in sys.argv[1:]]))

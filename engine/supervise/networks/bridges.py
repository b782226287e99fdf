"""The bridges on the host: each from the first running container on it until nothing runs, or its network goes."""

import asyncio
from collections.abc import Callable, Iterable

from engine import errors, model
from engine.network.host import bridging, missing
from engine.network.host.changes import Changes
from engine.network.host.firewalls import Firewalls
from engine.network.host.forwarding import Forwarding
from engine.network.link import routes
from engine.network.link.links import Links
from engine.network.table.table import Table
from engine.network.values import Bridge
from engine.supervise.networks.attached import bridge_of


class Bridges:
    """Those of one engine, with what the host needs for them."""

    def __init__(
        self, links: Links, table: Table, forwarding: Forwarding, firewalls: Firewalls, warn: Callable[[str], None]
    ) -> None:
        self._links = links
        self._table = table
        self._forwarding = forwarding
        self._firewalls = firewalls
        self._warn = warn
        self._open: dict[str, Bridge] = {}
        self._changes: Changes | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        """Two starts at once make a bridge once."""

    def __contains__(self, name: str) -> bool:
        return name in self._open

    async def need(self, networks: Iterable[model.Network]) -> None:
        """Have the bridge of each of them, as far as it has one. Raises `EngineError`, OSError, with nothing left."""
        wanted = [network for network in networks if network.link and network.link not in self._open]
        if not wanted:
            return
        mtu = routes.uplink().mtu
        async with self._lock:
            for network in wanted:
                if network.link not in self._open:
                    await self._make(bridge_of(network, mtu))

    async def _make(self, bridge: Bridge) -> None:
        _check_free(bridge)
        try:
            self._links.make_bridge(bridge)
            bridging.settle(bridge.name, ipv6=_has_ipv6(bridge))
            self._table.open_bridge(bridge)
            await self._let_through(bridge)
        except BaseException as err:
            await self._unmake(bridge.name)
            if isinstance(err, OSError):
                await asyncio.to_thread(missing.require)  # a better sentence, where this host cannot have networks
            raise
        self._open[bridge.name] = bridge

    async def _let_through(self, bridge: Bridge) -> None:
        """What leads out of it: a host that forwards, and no other firewall in the way.

        The firewalls may have a say about an internal one, too: about what one of its containers sends to another.
        """
        ipv6 = _has_ipv6(bridge)
        if not bridge.internal:
            self._forwarding.enable(ipv6=ipv6)
            self._table.guard(on=self._forwarding.ours)
        self._listen()
        for warning in await self._firewalls.admit(bridge.name, ipv6=ipv6):
            self._warn(warning)

    def _listen(self) -> None:
        """From now on hear of firewalls that are loaded anew, and so forget us."""
        if self._changes is None:
            self._changes = Changes(self._admit_again)
            self._changes.start()

    def _admit_again(self) -> None:
        task = asyncio.ensure_future(self._admit_open())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _admit_open(self) -> None:
        async with self._lock:
            for bridge in list(self._open.values()):
                await self._let_through(bridge)

    async def _unmake(self, name: str) -> None:
        self._open.pop(name, None)
        try:
            for warning in await self._firewalls.dismiss(name):
                self._warn(warning)
        finally:
            try:
                self._table.close_bridge(name)
            finally:
                await asyncio.to_thread(self._links.delete, name)  # the kernel takes its time

    def recovered(self, networks: Iterable[model.Network], mtu: int) -> list[Bridge]:
        """Those that containers which run are on: made again where they have gone."""
        for network in networks:
            if network.link and network.link not in self._open:
                bridge = bridge_of(network, mtu)
                self._links.make_bridge(bridge)
                bridging.settle(bridge.name, ipv6=_has_ipv6(bridge))
                self._open[bridge.name] = bridge
        return list(self._open.values())

    async def admit_all(self) -> None:
        """After a recovery: other firewalls may have come or gone meanwhile."""
        for warning in await self._firewalls.sweep(keep=self._open):
            self._warn(warning)
        await self._admit_open()

    async def drop(self, name: str) -> None:
        """The network has gone, or nobody is on it any more. Gone already is success."""
        async with self._lock:
            if name:
                await self._unmake(name)

    async def close(self) -> None:
        """Nothing of ours stays on the host."""
        if self._changes is not None:
            self._changes.close()
        for name in list(self._open):
            await self.drop(name)
        self._table.delete()
        self._forwarding.give_back()


def _check_free(bridge: Bridge) -> None:
    """Raise `Conflict` where the host has got a way to these addresses that would win over the bridge's, or share it:
    another engine's bridge, or a link that has come since the network was made."""
    own = [address.network for address in bridge.addresses]
    for subnet in routes.taken():
        if any(
            subnet.version == one.version and subnet.overlaps(one) and subnet.prefixlen >= one.prefixlen for one in own
        ):
            raise errors.Conflict(
                f"this host has another route to {subnet}, which is in the subnet of {bridge.name}",
                hint="see ip route; or make a network with a subnet that is free: qd network create --subnet ...",
            )


def _has_ipv6(bridge: Bridge) -> bool:
    return any(address.version == 6 for address in bridge.addresses)

"""The networks of running containers, made as they start and taken away as they end.

prepare   before its first process exists: ports held, bridges there        -> may refuse
plug      its namespace exists: interfaces, rules and a resolver in it      -> the program may start
release   pid 1 is gone: rules and sockets go; the links go with their namespace
recover   a new supervisor: everything is made what the records say, the rest goes
close     the supervisor leaves and nothing runs: nothing of ours stays on the host
"""

import asyncio
import errno
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from engine import errors, model
from engine.network import names
from engine.network.host.firewalls import Firewalls
from engine.network.host.forwarding import Forwarding
from engine.network.link import routes
from engine.network.link.links import Links
from engine.network.ports import holding, settling
from engine.network.ports.relay import Relay
from engine.network.ports.relayed import relayed
from engine.network.table import conntrack
from engine.network.table.table import Table
from engine.network.values import Forward, Plug
from engine.state.paths import Paths
from engine.supervise.networks.attached import Attached, attached
from engine.supervise.networks.bridges import Bridges
from engine.supervise.networks.places import Places
from engine.supervise.networks.resolvers import Resolvers
from engine.supervise.networks.store import Networks
from engine.supervise.registry import Live, Registry

_NOTHING = Attached((), ())
_DYING_SECONDS = 5.0
_LOOK_SECONDS = 0.02


class Fabric:
    """What connects the containers of one engine."""

    def __init__(self, paths: Paths, networks: Networks, registry: Registry, warn: Callable[[str], None]) -> None:
        tag = names.tag_of(paths.root)
        self._networks = networks
        self._registry = registry
        self._warn = warn
        self.links = Links(tag)
        self._table = Table(names.table(tag))
        self._bridges = Bridges(
            self.links, self._table, Forwarding(f"{paths.run}/forwarding", names.table(tag)), Firewalls(tag), warn
        )
        self.resolvers = Resolvers(networks.find)
        self._ready = asyncio.Event()
        """Nothing is started while it is not known what is there already."""
        self._relay = Relay(paths.root, warn)
        self._held: dict[str, holding.Held] = {}
        self._attached: dict[str, Attached] = {}
        self._tasks: set[asyncio.Task[int]] = set()
        self.places = Places(networks, registry, self._bridges.__contains__, lambda: [*self._held])

    async def prepare(self, live: Live) -> None:
        """Hold its ports and have its bridges. Raises `Conflict` naming who has a port, `EngineError`, OSError."""
        await self._ready.wait()
        await self._relay.settled()
        if live.container.ports:
            settling.settle(live.container.ports, self.places.taken())  # for the name of a container that has one
            self._held[live.id] = holding.hold(live.container.ports)
        if live.container.endpoints:
            await self._bridges.need(self._networks_of(live))

    def _networks_of(self, live: Live) -> list[model.Network]:
        return [self._networks.find(place.network) for place in live.container.endpoints]

    async def plug(self, live: Live, pid: int) -> None:
        """Give it its interfaces; a loopback alone where it has none. Raises `EngineError`, OSError."""
        if not live.container.endpoints:
            self.links.plug(pid, ())
            return
        wanted = attached(live, self._networks.find, routes.uplink().mtu)
        self._attached[live.id] = wanted
        self._table.add(_on_bridges(wanted.plugs), wanted.forwards)  # first, so that nothing is sent without rules
        await self._plug(pid, wanted.plugs)
        self.resolvers.open(live, pid)
        self._relay_ports(live)
        self._forget((), wanted.forwards)
        live.links = tuple(plug.link for plug in wanted.plugs if plug.bridge)

    async def _plug(self, pid: int, plugs: Sequence[Plug]) -> None:
        """A wire has each MAC once: that of the last run is there until the kernel has done with its namespace."""
        deadline = time.monotonic() + _DYING_SECONDS
        while True:
            try:
                return self.links.plug(pid, plugs)
            except OSError as err:
                if err.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_LOOK_SECONDS)

    def _relay_ports(self, live: Live) -> None:
        """What the kernel cannot forward of its ports: from ::1, and to a container without IPv6 from any of it."""
        held = self._held.get(live.id)
        if held is not None:
            self._relay.serve(live.id, relayed(held.bound, *self._attached[live.id].targets))

    def release(self, live: Live) -> None:
        """Give back what a run held, whether all of it was taken or not; what cannot be is told and passed over."""
        live.links = ()
        self.resolvers.close(live)
        self._relay.drop(live.id)
        if (held := self._held.pop(live.id, None)) is not None:
            held.close()
        if (had := self._attached.pop(live.id, None)) is not None:
            try:
                self._table.remove(_on_bridges(had.plugs), had.forwards)
                for plug in had.plugs:
                    if plug.bits_out_of:  # its shaper is a link on the host, and does not go with the namespace
                        self.links.unplug(plug.link)
            except (OSError, errors.EngineError) as err:
                self._warn(f"the rules of {live.name} could not be removed: {err}")
            self._forget(had.targets, had.forwards)

    def _forget(self, targets: Iterable[str], forwards: Sequence[Forward]) -> None:
        """Flows to ports that are published from now on, or no more: the kernel would go on as it did before."""
        if forwards:
            ports = [one.port for one in forwards if one.protocol == "udp"]
            work = asyncio.to_thread(conntrack.forget, [address for address in targets if address], ports)
            task = asyncio.ensure_future(work)
            self._tasks.add(task)
            task.add_done_callback(self._forgotten)

    def _forgotten(self, task: "asyncio.Task[int]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(err := task.exception(), OSError):
            self._warn(f"old connections to published ports could not be forgotten: {err}")

    async def connect(self, live: Live, endpoint: model.Endpoint) -> None:
        """One more interface for a container that runs; its record has it already. Raises `EngineError`, OSError."""
        network = self._networks.find(endpoint.network)
        await self._bridges.need([network])
        if not live.active:
            return  # it has ended meanwhile, and finds the network at its next start
        before = self._attached.get(live.id, _NOTHING)
        now = attached(live, self._networks.find, routes.uplink().mtu)
        new = tuple(plug for plug in now.plugs if plug.interface == endpoint.interface)
        forwards = [one for one in now.forwards if one not in before.forwards]
        with ExitStack() as undo:
            undo.callback(self._table.remove, _on_bridges(new), forwards)
            self._table.add(_on_bridges(new), forwards)
            self.links.plug(live.state.pid, new, loopback=False)
            undo.pop_all()
        self._take_over(live, now)

    def _take_over(self, live: Live, now: Attached) -> None:
        moved = now.targets != self._attached.get(live.id, _NOTHING).targets
        self._attached[live.id] = now
        if moved:
            self._relay_ports(live)
        live.links = tuple(plug.link for plug in now.plugs if plug.bridge)
        self.resolvers.close(live)
        self.resolvers.open(live, live.state.pid)

    async def disconnect(self, live: Live, endpoint: model.Endpoint) -> None:
        """One interface less; its record has lost it already. Raises `EngineError`, OSError."""
        before = self._attached.get(live.id, _NOTHING)
        now = attached(live, self._networks.find, routes.uplink().mtu)
        gone = tuple(plug for plug in before.plugs if plug.interface == endpoint.interface)
        await asyncio.to_thread(self._unplug, live, gone)  # the kernel takes its time
        if not live.active:
            return
        self._table.remove(_on_bridges(gone), [one for one in before.forwards if one not in now.forwards])
        self._table.add((), [one for one in now.forwards if one not in before.forwards])
        had = {plug.interface: plug.gateways for plug in before.plugs}
        for plug in now.plugs:
            if plug.gateways != had.get(plug.interface):
                self.links.reroute(live.state.pid, plug)
        self._take_over(live, now)

    def _unplug(self, live: Live, plugs: Iterable[Plug]) -> None:
        for plug in plugs:
            if plug.bridge:
                self.links.unplug(plug.link)
            else:
                self.links.unplug_inside(live.state.pid, plug.interface)

    async def drop(self, network: model.Network) -> None:
        """The network was removed."""
        self.resolvers.forget(network)
        await self._bridges.drop(network.link)

    async def recover(self) -> None:
        """Make the host what the records say. Nothing that fails here keeps the supervisor from serving."""
        running = [live for live in self._registry if live.active and live.container.endpoints]
        try:
            await self._recover(running)
        except (OSError, errors.EngineError, ExceptionGroup) as err:
            if running:
                self._warn(f"the networks could not be restored: {err}")
        finally:
            self._ready.set()

    async def _recover(self, running: list[Live]) -> None:
        mtu = routes.uplink().mtu
        for live in running:
            self._attached[live.id] = attached(live, self._networks.find, mtu)
        plugs = [plug for had in self._attached.values() for plug in had.plugs]
        forwards = [forward for had in self._attached.values() for forward in had.forwards]
        bridges = self._bridges.recovered((one for live in running for one in self._networks_of(live)), mtu)
        self.links.sweep({*(plug.link for plug in plugs), *(bridge.name for bridge in bridges)})
        if running:
            self._table.restore(bridges, _on_bridges(plugs), forwards)
        else:
            self._table.delete()
        for live in running:
            self._hold_again(live)
        await self._bridges.admit_all()  # the first wait: from here on a container may end, and be released

    def _hold_again(self, live: Live) -> None:
        live.links = tuple(plug.link for plug in self._attached[live.id].plugs if plug.bridge)
        self._held[live.id], lost = holding.hold_what_is_free(live.container.ports)
        for text in lost:
            self._warn(f"{live.name}: {text}")
        try:
            self._relay_ports(live)
            self.resolvers.open(live, live.state.pid)
        except (OSError, errors.EngineError) as err:
            self._warn(f"{live.name} has no resolver, or no port for ::1: {err}")

    async def close(self) -> None:
        """Nothing runs: nothing of ours stays on the host."""
        self._relay.close()
        try:
            await self._bridges.close()
            self.links.sweep(())
        except (OSError, errors.EngineError, ExceptionGroup) as err:
            self._warn(f"networks could not be taken away: {err}")


def _on_bridges(plugs: Iterable[Plug]) -> list[Plug]:
    return [plug for plug in plugs if plug.bridge]

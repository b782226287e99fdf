"""The methods of the protocol that concern networks. See `engine.client.networks` for their meaning."""

import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from engine import errors, model
from engine.network.subnets import Subnet
from engine.supervise.networks import membership, pruning
from engine.supervise.networks.requests import (
    Connect,
    Disconnect,
    NetworkName,
    NewNetwork,
    PruneNetworks,
)
from engine.supervise.networks.store import BUILT_IN, DEFAULT, Networks
from engine.supervise.parts import Parts
from engine.supervise.registry import Live
from engine.supervise.requests import Nothing
from engine.supervise.server import Handler, Peer, checked

_ALONE = ("host", "none")
"""Networks that a container is on alone, or not at all."""
_NAMED = 8
"""So many containers are named in an error."""


class Connector(Protocol):
    """Puts containers on networks, and takes them off: their records, and where they run their interfaces."""

    async def connect(self, live: Live, network: model.Network, joining: model.Joining) -> None:
        """Give it a place there. Raises `EngineError`, with nothing changed."""

    async def disconnect(self, live: Live, network: model.Network, *, force: bool) -> None:
        """Take its place away; with `force` go on past what fails."""


class NetworkMethods:
    """Every one of them. `taken` tells the subnets that the host has routes to; `on_removed` takes down what there is
    in the kernel of a network whose record is gone."""

    def __init__(
        self,
        parts: Parts,
        networks: Networks,
        connector: Connector,
        taken: Callable[[], Iterable[Subnet]],
        on_removed: Callable[[model.Network], Awaitable[None]],
    ) -> None:
        self._registry = parts.registry
        self._journal = parts.journal
        self._networks = networks
        self._connector = connector
        self._taken = taken
        self._on_removed = on_removed

    def looking(self) -> dict[str, Handler]:
        """What ends with the client that asks for it."""
        return {"networks": checked(Nothing, self.list), "network": checked(NetworkName, self.inspect)}

    def changing(self) -> dict[str, Handler]:
        """What is carried through."""
        return {
            "create_network": checked(NewNetwork, self.create),
            "remove_network": checked(NetworkName, self.remove),
            "prune_networks": checked(PruneNetworks, self.prune),
            "connect_network": checked(Connect, self.connect),
            "disconnect_network": checked(Disconnect, self.disconnect),
        }

    async def list(self, _params: Nothing, _peer: Peer) -> Any:
        return [membership.shown(self._registry, network) for network in self._networks.all()]

    async def inspect(self, params: NetworkName, _peer: Peer) -> Any:
        return membership.shown(self._registry, self._networks.find(params.ref))

    async def create(self, params: NewNetwork, _peer: Peer) -> Any:
        if params.parent and params.driver != "bridge":
            _check_link(params.parent)
        if params.name == DEFAULT:
            await self._clear_default()
        # On a wire that the host is on as well, the subnet is the wire's: the host has a route to it.
        shared = params.driver != "bridge" and params.subnets
        network = self._networks.create(params, () if shared else self._taken())
        self._tell("create", network)
        return {"id": network.id}

    async def _clear_default(self) -> None:
        """It can be made anew while nobody is on it; its bridge may still be there, with addresses that go."""
        network = self._networks.find(DEFAULT)
        self._check_empty(network)
        await self._on_removed(network)
        self._check_empty(network)  # somebody may have come meanwhile

    async def remove(self, params: NetworkName, _peer: Peer) -> Any:
        """With `force` one that is missing is no error, and containers that do not run are taken off."""
        try:
            network = self._networks.find(params.ref)
        except errors.NotFound:
            if params.force:
                return {}
            raise
        _check_removable(network)
        await self._leave(network, force=params.force)
        await self._remove(network)
        return {}

    async def _leave(self, network: model.Network, *, force: bool) -> None:
        """Nobody is on it from now on. Raises `Conflict` naming who has to be."""
        self._check_empty(network, but_idle=force)
        for live in membership.members(self._registry, network):
            await self._disconnect(live, network, force=True)

    def _check_empty(self, network: model.Network, *, but_idle: bool = False) -> None:
        on_it = membership.members(self._registry, network)
        holding = [live.name for live in on_it if live.active or not but_idle]
        if holding:
            names = ", ".join(holding[:_NAMED]) + (" ..." if len(holding) > _NAMED else "")
            raise errors.Conflict(
                f"network {network.name} is in use by {names}",
                hint=f"take them off first: qd network disconnect {network.name} {holding[0]}",
            )

    async def _remove(self, network: model.Network) -> None:
        """The record first: from then on nobody is put on it, while its links go."""
        self._networks.remove(network.id)
        self._tell("destroy", network)
        await self._on_removed(network)

    async def prune(self, params: PruneNetworks, _peer: Peer) -> Any:
        """Those of operators that no container is on; each is looked at anew, after those that were waited for."""
        pruning.check(params.filters)
        removed = []
        for network in self._networks.all():
            idle = network.id not in BUILT_IN and not membership.members(self._registry, network)
            if idle and pruning.matches(network, params.filters):
                await self._remove(network)
                removed.append(network.name)
        self._journal.record("network", "prune", "", "", reclaimed="0")
        return {"networks": removed}

    async def connect(self, params: Connect, _peer: Peer) -> Any:
        network, live = self._networks.find(params.network), self._registry.find(params.container)
        _check_connectable(live, network)
        if params.aliases and network.id == DEFAULT:
            raise errors.InvalidInput(
                "there are no names on the default network", hint="qd network create makes another"
            )
        joining = model.Joining(
            network=network.id,
            address=params.address,
            address6=params.address6,
            mac=params.mac,
            aliases=params.aliases,
        )
        await self._connector.connect(live, network, joining)
        self._tell("connect", network, container=live.id)
        return {}

    async def disconnect(self, params: Disconnect, _peer: Peer) -> Any:
        network, live = self._networks.find(params.network), self._registry.find(params.container)
        if membership.endpoint_of(live, network) is None or network.id in _ALONE:
            raise errors.Conflict(
                f"container {live.name} is not connected to network {network.name}",
                hint=f"who is: qd network inspect {network.name}",
            )
        await self._disconnect(live, network, force=params.force)
        return {}

    async def _disconnect(self, live: Live, network: model.Network, *, force: bool) -> None:
        await self._connector.disconnect(live, network, force=force)
        self._tell("disconnect", network, container=live.id)

    def _tell(self, action: str, network: model.Network, **attributes: str) -> None:
        """An operator's label may have any name, and never stands for what we say."""
        said = {**network.labels, "driver": network.driver, **attributes}
        self._journal.record("network", action, network.id, network.name, **said)


def _check_removable(network: model.Network) -> None:
    if network.id in BUILT_IN:
        raise errors.Conflict(f"the network {network.name} is built in, and stays", hint="no container has to be on it")


def _check_connectable(live: Live, network: model.Network) -> None:
    if network.id in _ALONE:
        raise errors.InvalidInput(
            f"no container can be connected to the network {network.name}",
            hint=f"make one that is on it: qd run --network {network.name}",
        )
    own = live.options.network
    if own in _ALONE or own.startswith("container:"):
        raise errors.Conflict(
            f"container {live.name} has the network {own}, and can be on no other",
            hint=f"make one that is on {network.name}: qd run --network {network.name}",
        )
    if membership.endpoint_of(live, network) is not None:
        raise errors.Conflict(f"container {live.name} is on network {network.name} already")


def _check_link(name: str) -> None:
    try:
        socket.if_nametoindex(name)
    except OSError as err:
        raise errors.InvalidInput(f"this host has no link {name}", hint="`ip link` lists them") from err

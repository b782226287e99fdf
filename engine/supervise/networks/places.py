"""A container's place on its networks, settled when it is made and kept as long as it is on record."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import msgspec

from engine import errors, model
from engine.network import addressing, names
from engine.network.link import routes
from engine.network.ports import settling
from engine.sandbox import image_config, sharing
from engine.supervise.networks import membership
from engine.supervise.networks.store import Networks
from engine.supervise.registry import Registry

_NO_INTERFACES = ("none", "host")


class Places:
    """Gives addresses and ports to containers, each to one alone."""

    def __init__(
        self,
        networks: Networks,
        registry: Registry,
        is_there: Callable[[str], bool],
        holders: Callable[[], Iterable[str]],
    ) -> None:
        self._networks = networks
        self._registry = registry
        self._is_there = is_there
        """Whether the bridge of this name is on the host, so that what routes to it are its own."""
        self._holders = holders
        """Ids of the containers whose ports are held."""

    def settled(self, options: model.CreateOptions) -> model.CreateOptions:
        """The options with networks that there are, each by its name. Raises `NotFound`, `InvalidInput`."""
        joins = joins_of(options)
        for join in joins:
            network = self._networks.find(join.network)
            if network.driver in _NO_INTERFACES:
                raise errors.InvalidInput(
                    f"the network {network.name} cannot be one of several", hint=f"use --network {network.name} alone"
                )
        if len({self._networks.find(join.network).id for join in joins}) < len(joins):
            raise errors.InvalidInput("one network is named twice", hint="leave one out")
        if not joins:
            return options
        return msgspec.structs.replace(options, network=self._networks.find(joins[0].network).name, joins=joins)

    def endpoints(self, options: model.CreateOptions) -> tuple[model.Endpoint, ...]:
        """One on each network. Raises `Conflict` where an address is taken or none is left, `NotFound`."""
        joins = joins_of(options)
        if len(joins) > names.MAX_ENDPOINTS:
            raise errors.InvalidInput(f"a container has at most {names.MAX_ENDPOINTS} networks")
        return tuple(self.endpoint(join, f"eth{number}") for number, join in enumerate(joins))

    def endpoint(self, join: model.Joining, interface: str) -> model.Endpoint:
        """One more place, not on record yet. Raises as `endpoints`."""
        network = self._networks.find(join.network)
        used = self._used(network)
        if (not network.subnet and not network.subnet6) or not (used or self._is_there(network.link)):
            network = self._networks.settled(network, routes.taken(), held=bool(used))
        address, address6 = self._networks.lease(network, used, join.address, join.address6)
        mac = join.mac or addressing.mac_of(address or address6)
        return model.Endpoint(
            network=network.id, interface=interface, mac=mac, address=address, address6=address6, aliases=join.aliases
        )

    def gateway(self, endpoints: tuple[model.Endpoint, ...]) -> str:
        """The host's address on the first network of them that has one; empty where none has."""
        networks = (self._networks.find(place.network) for place in endpoints)
        return next((network.gateway or network.gateway6 for network in networks if network.link), "")

    def _used(self, network: model.Network) -> dict[str, str]:
        """Addresses of every container that is on record, whether it runs or not -> its name."""
        places = membership.members(self._registry, network).items()
        return {address: live.name for live, place in places for address in (place.address, place.address6) if address}

    def ports(self, options: model.CreateOptions, image: model.Image) -> tuple[model.Port, ...]:
        """Every published port, with the host's. Raises `Conflict` naming who has it."""
        wanted = [*options.ports, *(_exposed(options, image) if options.publish_all else ())]
        return settling.settle(wanted, self.taken()) if wanted else ()

    def taken(self) -> dict[model.Port, str]:
        """Ports of containers that run or are starting, with their names. As with Docker, two may be made for one."""
        found: dict[model.Port, str] = {}
        for container_id in self._holders():
            with suppress(errors.NotFound):
                live = self._registry.find(container_id)
                found |= dict.fromkeys(live.container.ports, live.name)
        return found


def joins_of(options: model.CreateOptions) -> tuple[model.Joining, ...]:
    """The networks that it has interfaces on, in their order."""
    if options.network in _NO_INTERFACES or not sharing.is_own(options, "network"):
        return ()
    return options.joins or (model.Joining(network=options.network),)


def _exposed(options: model.CreateOptions, image: model.Image) -> Iterator[model.Port]:
    """Those of the image and of --expose that no -p names."""
    published = {(port.container, port.protocol) for port in options.ports}
    for text in dict.fromkeys([*options.expose, *image_config.read(image.config).ports]):
        number, _slash, protocol = text.partition("/")
        if (int(number), protocol or "tcp") not in published:
            yield model.Port(container=int(number), protocol=protocol or "tcp")

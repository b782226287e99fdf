"""`qd network connect` and `disconnect`: a container's places, changed while it runs or not."""

import msgspec

from engine import errors, model
from engine.network import names
from engine.supervise import identity
from engine.supervise.networks import membership
from engine.supervise.networks.attached import number_of
from engine.supervise.networks.fabric import Fabric
from engine.supervise.networks.places import Places
from engine.supervise.parts import Parts
from engine.supervise.registry import Live


class Connecting:
    """Changes the places of containers, each under the container's lock."""

    def __init__(self, parts: Parts, places: Places, fabric: Fabric) -> None:
        self._parts = parts
        self._places = places
        self._fabric = fabric

    async def connect(self, live: Live, network: model.Network, joining: model.Joining) -> None:
        """One more network, at once where it runs. Raises `Conflict`, `InvalidInput`, OSError; nothing is left then."""
        async with live.lock:
            self._check(live, network)
            before = live.container.endpoints
            endpoint = self._places.endpoint(joining, _free_interface(before))
            self._change(live, (*before, endpoint))
            try:
                if live.active:
                    await self._fabric.connect(live, endpoint)
            except BaseException:
                self._change(live, before)
                raise

    def _change(self, live: Live, endpoints: tuple[model.Endpoint, ...]) -> None:
        """On record, and in the files that say where it is and whom it may ask."""
        joins = tuple(self._joining(place) for place in endpoints)
        options = msgspec.structs.replace(live.options, joins=joins)
        self._parts.registry.change(live, endpoints=endpoints, options=options)
        resolv = self._parts.fabric.resolvers.text(live.container)
        hosts = identity.hosts(live.container, self._places.gateway(endpoints))
        identity.rewrite(self._parts.paths, live.container, hosts=hosts, resolv_conf=resolv.encode())

    def _check(self, live: Live, network: model.Network) -> None:
        """What may have come to be so while this waited for the lock; the rest was checked by who asks."""
        if membership.endpoint_of(live, network) is not None:
            raise errors.Conflict(f"container {live.name} is on the network {network.name} already")
        if len(live.container.endpoints) >= names.MAX_ENDPOINTS:
            raise errors.Conflict(f"a container has at most {names.MAX_ENDPOINTS} networks")

    def _joining(self, place: model.Endpoint) -> model.Joining:
        """By the network's name, as it is shown."""
        name = self._parts.networks.find(place.network).name
        return model.Joining(network=name, aliases=place.aliases)

    async def disconnect(self, live: Live, network: model.Network, *, force: bool) -> None:
        """One network less. Raises `Conflict` where it is not on it; what else fails with `force` is told alone."""
        async with live.lock:
            before = live.container.endpoints
            found = [place for place in before if place.network == network.id]
            if not found:
                raise errors.Conflict(f"container {live.name} is not on the network {network.name}")
            kept = tuple(place for place in before if place.network != network.id)
            self._change(live, kept)
            try:
                if live.active:
                    await self._fabric.disconnect(live, found[0])
            except (OSError, errors.EngineError) as err:
                if not force:
                    self._change(live, before)
                    raise
                self._parts.warn(f"{live.name} could not be taken off {network.name} cleanly: {err}")


def _free_interface(places: tuple[model.Endpoint, ...]) -> str:
    """The first number that none of them has."""
    taken = {number_of(place) for place in places}
    return f"eth{next(number for number in range(names.MAX_ENDPOINTS) if number not in taken)}"

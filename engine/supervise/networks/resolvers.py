"""Names for containers: one resolver in the namespace of each that is on a network with names."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from engine import model
from engine.network.dns import configuration, sockets
from engine.network.dns.service import Service
from engine.network.dns.zone import Names, Union
from engine.supervise.registry import Live

_NO_NAMES: Final = "bridge"
"""As with Docker, containers of the default network do not know each other by name."""


class Resolvers:
    """Those of all running containers."""

    def __init__(self, find: Callable[[str], model.Network]) -> None:
        self._find = find
        self._zones: dict[str, Names] = {}
        self._services: dict[str, Service] = {}
        self._host = configuration.Host()

    def wanted(self, container: model.Container) -> bool:
        """Whether it has one: where there are names, or where the host's own servers are out of its reach."""
        places = container.endpoints
        if any(place.network != _NO_NAMES for place in places):
            return True
        return bool(places) and not container.options.dns and not self._host.configuration().reachable

    def text(self, container: model.Container) -> str:
        """Its resolv.conf; empty where it has no network."""
        options, host = container.options, self._host.configuration()
        if not container.endpoints:
            return ""
        search, extra = options.dns_search or host.search, options.dns_options or host.options
        if self.wanted(container):
            return configuration.text([sockets.ADDRESS], search, configuration.with_own_options(extra))
        return configuration.text(options.dns or host.reachable, search, extra)

    def open(self, live: Live, pid: int) -> None:
        """Its names are known to its neighbours from now on, and it can ask. Raises OSError, `EngineError`."""
        self.publish(live)
        if not self.wanted(live.container):
            return
        service = Service(sockets.open_sockets(pid), self._seen_by(live.container), self._upstreams(live))
        service.start()
        self._services[live.id] = service

    def publish(self, live: Live) -> None:
        """Its name and its aliases on each of its networks; again after it was renamed, or connected."""
        self._withdraw(live)
        for place in live.container.endpoints:
            if place.network != _NO_NAMES:
                addresses = [address for address in (place.address, place.address6) if address]
                self._zone(place.network).set(live.id, [live.name, *place.aliases], addresses)

    def _withdraw(self, live: Live) -> None:
        for zone in self._zones.values():
            zone.drop(live.id)

    def close(self, live: Live) -> None:
        """Nobody knows it any more."""
        self._withdraw(live)
        if (service := self._services.pop(live.id, None)) is not None:
            service.close()

    def forget(self, network: model.Network) -> None:
        """The network is gone."""
        self._zones.pop(network.id, None)

    def _zone(self, network_id: str) -> Names:
        return self._zones.setdefault(network_id, Names())

    def _seen_by(self, container: model.Container) -> Union:
        return Union(self._zone(place.network) for place in container.endpoints if place.network != _NO_NAMES)

    def names(self, live: Live) -> Callable[[str], str | None]:
        """Address -> the name of whom it belongs to, as far as this container's networks go."""
        return Union(self._zone(place.network) for place in live.container.endpoints).name_of

    def _upstreams(self, live: Live) -> Callable[[], Sequence[str]]:
        """Whom to ask for other names; nobody where no network of it leads out."""

        def servers() -> Sequence[str]:
            if not self._leads_out(live.container.endpoints):
                return ()
            return live.options.dns or self._host.nameservers()

        return servers

    def _leads_out(self, places: Iterable[model.Endpoint]) -> bool:
        return any(not self._find(place.network).internal for place in places)

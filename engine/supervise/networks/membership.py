"""Who is on which network, by what the containers' records say."""

import msgspec

from engine import model
from engine.supervise.registry import Live, Registry

_WITHOUT_ENDPOINT = ("host", "none")


def members(registry: Registry, network: model.Network) -> dict[Live, model.Endpoint]:
    """Containers that are on it, whether they run or not, with their places."""
    found: dict[Live, model.Endpoint] = {}
    for live in registry:
        endpoint = endpoint_of(live, network)
        if endpoint is not None:
            found[live] = endpoint
    return found


def endpoint_of(live: Live, network: model.Network) -> model.Endpoint | None:
    """Its place on the network; those of the host and of nothing have no address."""
    for endpoint in live.container.endpoints:
        if endpoint.network == network.id:
            return endpoint
    if network.id in _WITHOUT_ENDPOINT and live.options.network == network.id:
        return model.Endpoint(network=network.id, interface="")
    return None


def shown(registry: Registry, network: model.Network) -> model.Network:
    """The network with its containers."""
    found = {live.name: endpoint for live, endpoint in members(registry, network).items()}
    return msgspec.structs.replace(network, containers=found)

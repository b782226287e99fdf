"""The connections of a container, with names for who is at their ends."""

import asyncio
from collections.abc import Iterable

from engine import errors, model
from engine.kernel import proc
from engine.network.sight import naming, sockets
from engine.sandbox import sharing
from engine.supervise.registry import Live, Registry


async def listing(registry: Registry, live: Live, networks: Iterable[model.Network]) -> model.Connections:
    """The sockets in its network namespace. Raises Conflict where it does not run."""
    live.require_active()
    state = live.state
    try:
        found, cut = await asyncio.to_thread(sockets.read, state.pid)
    except OSError:
        found, cut = [], False
    if not proc.is_same_process(state.pid, state.pid_start_ticks):
        raise errors.Conflict(f"container {live.name} has just ended", hint=f"start it: qd start {live.name}")
    owner = network_owner(registry, live)
    running = [other.container for other in registry if other.active]
    names = naming.directory(running, networks, owner.container if owner else live.container)
    whose = "host" if owner is None else owner.name if owner is not live else ""
    return model.Connections(found=tuple(naming.named(found, names)), whose=whose, cut=cut)


def network_owner(registry: Registry, live: Live) -> Live | None:
    """The container whose network it has: itself, or another one; None for the host's. Raises NotFound."""
    word = live.options.network
    if word == "host":
        return None
    other = word.removeprefix(sharing.CONTAINER)
    return live if other == word else registry.find(other)

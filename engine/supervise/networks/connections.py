"""The connections of a container, with names for who is at their ends."""

import asyncio
from collections.abc import Iterable, Mapping

from engine import errors, model
from engine.kernel import proc
from engine.network.sight import naming, sockets
from engine.sandbox import sharing
from engine.supervise.registry import Live, Registry


async def listing(registry: Registry, live: Live, networks: Iterable[model.Network]) -> model.Connections:
    """The sockets in its network namespace. Raises Conflict where it does not run."""
    live.require_active()
    state = live.state
    owner, whose = _whose(registry, live)
    running = [other.container for other in registry if other.active]
    names = naming.directory(running, networks, owner.container if owner else live.container)
    found, cut = await asyncio.to_thread(_read, state.pid, names)
    if not proc.is_same_process(state.pid, state.pid_start_ticks):
        raise errors.Conflict(f"container {live.name} has just ended", hint=f"start it: qd start {live.name}")
    return model.Connections(found=tuple(found), whose=whose, cut=cut)


def _whose(registry: Registry, live: Live) -> tuple[Live | None, str]:
    """The owner of its network, and a word for it. A container that is gone may have left it to this one."""
    try:
        owner = network_owner(registry, live)
    except errors.NotFound:
        return live, f"{live.options.network.removeprefix(sharing.CONTAINER)[:12]}, which is gone"
    if owner is None:
        return None, "host"
    return owner, "" if owner is live else owner.name


def _read(pid: int, names: Mapping[str, str]) -> tuple[list[model.Connection], bool]:
    """In a thread of its own: there may be thousands. Nothing of a process that is gone."""
    try:
        found, cut = sockets.read(pid)
    except OSError:
        return [], False
    return naming.named(found, names), cut


def network_owner(registry: Registry, live: Live) -> Live | None:
    """The container whose network it has: itself, or another one; None for the host's. Raises NotFound."""
    word = live.options.network
    if word == "host":
        return None
    other = word.removeprefix(sharing.CONTAINER)
    return live if other == word else registry.find(other)

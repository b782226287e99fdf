"""The methods of the protocol, and who answers them. See `engine.client` for their meaning."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from engine import errors, model, wire
from engine.network.link import routes
from engine.supervise import events, listing, processes, report
from engine.supervise.copies.methods import Copies
from engine.supervise.images.committing import Committer
from engine.supervise.images.comparing import Comparison
from engine.supervise.images.fetching import Fetcher
from engine.supervise.images.methods import ImageMethods
from engine.supervise.lifecycle import Lifecycle
from engine.supervise.networks import connections
from engine.supervise.networks.connecting import Connecting
from engine.supervise.networks.methods import NetworkMethods
from engine.supervise.parts import Parts
from engine.supervise.registry import Live
from engine.supervise.requests import (
    Create,
    Diff,
    Events,
    Exec,
    Hello,
    List,
    Nothing,
    Ref,
    Refs,
    Update,
)
from engine.supervise.server import Method, Peer, Reply, checked
from engine.supervise.sessions import Sessions
from engine.supervise.volume_methods import VolumeMethods

_A_LINE = 1000


class Methods:
    """Every method, by name."""

    def __init__(self, parts: Parts, lifecycle: Lifecycle, sessions: Sessions) -> None:
        self._parts = parts
        self._lifecycle = lifecycle
        self._sessions = sessions
        self._volumes = VolumeMethods(parts, lifecycle.provisions)
        self._fetcher = Fetcher(parts)
        parts.background(self._fetcher.mend())
        self._comparison = Comparison(parts)
        self._copies = Copies(parts)
        connecting = Connecting(parts, parts.fabric.places, parts.fabric)
        self._networks = NetworkMethods(parts, parts.networks, connecting, routes.taken, parts.fabric.drop)
        self._images = ImageMethods(parts, self._fetcher, Committer(parts, lifecycle, self._fetcher))

    def table(self) -> dict[str, Method]:
        """For the server."""
        look = {
            "hello": checked(Hello, self.hello),
            "info": checked(Nothing, self.info),
            "overview": checked(Nothing, self.overview),
            "containers": checked(List, self.containers),
            "container": checked(Ref, self.container),
            "inspect": checked(Ref, self.inspect),
            "top": checked(Ref, self.top),
            "connections": checked(Ref, self.connections),
            "stats": checked(Refs, self.stats),
            "history": checked(Ref, self.history),
            "diff": checked(Diff, self.diff),
            "log": checked(Ref, self.log),
            "follow": checked(Ref, self.follow),
            "attach": checked(Ref, self.attach),
            "wait": checked(Ref, self.wait),
            "events": checked(Events, self.events),
        }
        change = {
            "create": checked(Create, self.create),
            "start": checked(Ref, self.start),
            "stop": checked(Ref, self.stop),
            "restart": checked(Ref, self.restart),
            "kill": checked(Ref, self.kill),
            "pause": checked(Ref, self.pause),
            "unpause": checked(Ref, self.unpause),
            "remove": checked(Ref, self.remove),
            "rename": checked(Ref, self.rename),
            "update": checked(Update, self.update),
            "resize": checked(Ref, self.resize),
            "exec": checked(Exec, self.exec),
            "prune": checked(Nothing, self.prune),
        }
        for room in (self._images, self._volumes, self._copies, self._networks):
            look |= room.looking()
            change |= room.changing()
        looking = {name: Method(handler, interruptible=True) for name, handler in look.items()}
        return looking | {name: Method(handler, interruptible=False) for name, handler in change.items()}

    def _find(self, ref: str) -> Live:
        return self._parts.registry.find(ref)

    async def hello(self, params: Hello, _peer: Peer) -> Any:
        """Both sides say what they speak; the client decides, since it has a person to tell."""
        return {"protocol": wire.PROTOCOL, "client": params.protocol, "pid": report.own_pid()}

    async def info(self, _params: Nothing, _peer: Peer) -> Any:
        return report.info(self._parts)

    async def overview(self, _params: Nothing, _peer: Peer) -> Any:
        return report.overview(self._parts)

    async def containers(self, params: List, _peer: Peer) -> Any:
        return listing.select(self._parts.registry, everything=params.all, filters=params.filters)

    async def container(self, params: Ref, _peer: Peer) -> Any:
        return self._find(params.ref).container

    async def inspect(self, params: Ref, _peer: Peer) -> Any:
        return report.inspect(self._parts, self._find(params.ref))

    async def top(self, params: Ref, _peer: Peer) -> Any:
        return processes.listing(self._parts, self._find(params.ref))

    async def connections(self, params: Ref, peer: Peer) -> Any:
        """In events, as in `diff`."""
        networks = self._parts.networks.all()
        seen = await connections.listing(self._parts.registry, self._find(params.ref), networks)
        for start in range(0, len(seen.found), _A_LINE):
            await peer.event({"found": seen.found[start : start + _A_LINE]})
        return {"whose": seen.whose, "cut": seen.cut}

    async def stats(self, params: Refs, _peer: Peer) -> Any:
        found = [self._find(ref) for ref in params.refs] if params.refs else list(self._parts.registry)
        return [live.meter.stats(live.container) for live in found if live.meter.running]

    async def history(self, params: Ref, _peer: Peer) -> Any:
        return self._find(params.ref).meter.ring.series(params.seconds)

    async def diff(self, params: Diff, peer: Peer) -> Any:
        """In events of a thousand each: a container may have changed more files than one line holds."""
        found = await self._comparison.changes(params.ref, params.other)
        for start in range(0, len(found), _A_LINE):
            await peer.event({"changes": found[start : start + _A_LINE]})
        return {}

    async def log(self, params: Ref, _peer: Peer) -> Reply:
        return Reply({}, self._sessions.open_log(self._find(params.ref), params.run))

    async def follow(self, params: Ref, peer: Peer) -> Reply:
        return self._sessions.attach(self._find(params.ref), peer, None, first=True, stdin=False)

    async def attach(self, params: Ref, peer: Peer) -> Reply:
        live = self._find(params.ref)
        if not live.active:
            raise errors.Conflict(f"container {live.name} is not running", hint=f"start it: qd start -a {live.name}")
        return self._sessions.attach(live, peer, params.size, first=False, stdin=True)

    async def wait(self, params: Ref, _peer: Peer) -> Any:
        live = self._find(params.ref)
        await live.ended.wait()
        return {"exit_code": live.state.exit_code or 0}

    async def events(self, params: Events, peer: Peer) -> Any:
        """What is recorded, then what comes; the queue is there before the past is read, so that none is missed."""
        queue = self._parts.journal.follow()
        try:
            last = 0
            for event in self._parts.journal.past(params.since_ns, params.until_ns) if _wants_past(params) else ():
                last = event.time_ns
                if events.matches(event, params.filters):
                    await peer.event(event)
            if params.follow:
                await self._follow_events(params, peer, queue, last)
        finally:
            self._parts.journal.unfollow(queue)
        return {}

    async def _follow_events(self, params: Events, peer: Peer, queue: "asyncio.Queue[model.Event]", last: int) -> None:
        seconds = None if params.until_ns is None else max(0.0, (params.until_ns - time.time_ns()) / 1e9)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    event = await queue.get()
                    if event.time_ns > last and events.matches(event, params.filters):
                        await peer.event(event)
        except TimeoutError:
            return

    async def create(self, params: Create, peer: Peer) -> Any:
        async def find_image(name: str) -> model.Image:
            """What is here is there at once; what has to come does not outlive the client."""
            if (found := self._fetcher.present(name, params.pull)) is not None:
                return found
            fetching = self._fetcher.obtained(name, params.pull, params.platform, params.environment, peer.progress)
            return await peer.while_here(fetching)

        container_id = await self._lifecycle.create(params.options, find_image)
        await self._warn(peer)
        return {"id": container_id}

    async def _warn(self, peer: Peer) -> None:
        """Say once what does not work on this host, to whoever is the first to be concerned."""
        for text in self._parts.untold():
            await peer.event({"warning": text})

    async def start(self, params: Ref, peer: Peer) -> Any:
        live = self._find(params.ref)
        await self._lifecycle.start(live, params.size)
        await self._warn(peer)
        if not params.attach:
            return {}
        return self._sessions.attach(live, peer, params.size, first=True, stdin=True)

    async def stop(self, params: Ref, _peer: Peer) -> Any:
        await self._lifecycle.stop(self._find(params.ref), params.timeout_seconds)
        return {}

    async def restart(self, params: Ref, _peer: Peer) -> Any:
        await self._lifecycle.restart(self._find(params.ref), params.timeout_seconds)
        return {}

    async def kill(self, params: Ref, _peer: Peer) -> Any:
        await self._lifecycle.kill(self._find(params.ref), params.signal)
        return {}

    async def pause(self, params: Ref, _peer: Peer) -> Any:
        await self._lifecycle.pause(self._find(params.ref))
        return {}

    async def unpause(self, params: Ref, _peer: Peer) -> Any:
        await self._lifecycle.unpause(self._find(params.ref))
        return {}

    async def remove(self, params: Ref, _peer: Peer) -> Any:
        await self._lifecycle.remove(self._find(params.ref), force=params.force, volumes=params.volumes)
        return {}

    async def rename(self, params: Ref, _peer: Peer) -> Any:
        await self._lifecycle.rename(self._find(params.ref), params.name)
        return {}

    async def update(self, params: Update, _peer: Peer) -> Any:
        await self._lifecycle.update(self._find(params.ref), params.limits, params.restart)
        return {}

    async def resize(self, params: Ref, _peer: Peer) -> Any:
        """A container that has just gone has no size, and its client is about to hear of its end."""
        with suppress(errors.NotFound):
            if params.size is not None:
                self._sessions.resize(self._find(params.ref), params.size)
        return {}

    async def exec(self, params: Exec, peer: Peer) -> Any:
        return await self._sessions.execute(self._find(params.ref), params.options, peer)

    async def prune(self, _params: Nothing, _peer: Peer) -> Any:
        """Stopped containers, then what the image store does not need."""
        removed: list[str] = []
        reclaimed = 0
        for live in self._parts.registry:
            if live.state.status in (model.Status.CREATED, model.Status.EXITED):
                reclaimed += await self._lifecycle.written_bytes(live)
                await self._lifecycle.remove(live, force=False)
                removed.append(live.id)
        images = await self._fetcher.prune()
        return {"containers": removed, **images, "reclaimed_bytes": reclaimed + images["reclaimed_bytes"]}


def _wants_past(params: Events) -> bool:
    """As Docker: without --since, and following, only what comes."""
    return params.since_ns is not None or not params.follow

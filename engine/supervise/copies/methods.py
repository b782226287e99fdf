"""Files between a container and a client: the methods of the protocol, each done by a worker that ends with its client.

A container that does not run is locked meanwhile, so that nobody mounts or removes its layer; a copy of one that runs
ends with the run, since what was mounted there ends, too.
"""

import asyncio
import os
from typing import Any, Final

import msgspec

from engine import errors
from engine.sandbox import mounts
from engine.supervise import identity, provisions, worker
from engine.supervise.parts import Parts
from engine.supervise.registry import Live
from engine.supervise.requests import Ref
from engine.supervise.server import Handler, Peer, checked

_SHOWN: Final = ("bind", "overlay")
"""Types of mounts that show files which outlive a run."""


class CopyOut(msgspec.Struct, frozen=True):
    """What is wanted of a container; see `tasks.copy_out`."""

    ref: str
    path: str
    name: str
    follow: bool = False
    only: str = ""


class CopyIn(msgspec.Struct, frozen=True):
    """What comes, and where it goes; see `tasks.copy_in`."""

    ref: str
    path: str
    name: str
    directory: bool
    archive: bool = False


class Unpack(msgspec.Struct, frozen=True):
    """An archive for a directory of a container."""

    ref: str
    path: str


class Copies:
    """`copy_out`, `copy_in`, `unpack` and `export`, each with the client's descriptor."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def looking(self) -> dict[str, Handler]:
        """What ends with the client that asks for it."""
        return {
            "copy_out": checked(CopyOut, self.copy_out),
            "copy_in": checked(CopyIn, self.copy_in),
            "unpack": checked(Unpack, self.unpack),
            "export": checked(Ref, self.export),
        }

    def changing(self) -> dict[str, Handler]:
        """Nothing is carried through without its client."""
        return {}

    async def copy_out(self, params: CopyOut, peer: Peer) -> Any:
        fields = msgspec.structs.asdict(params)
        return await self._visit(fields.pop("ref"), peer, "copy_out", fields)

    async def copy_in(self, params: CopyIn, peer: Peer) -> Any:
        source = {"name": params.name, "directory": params.directory}
        fields = {"path": params.path, "source": source, "archive": params.archive}
        return await self._visit(params.ref, peer, "copy_in", fields)

    async def unpack(self, params: Unpack, peer: Peer) -> Any:
        return await self._visit(params.ref, peer, "unpack", {"path": params.path})

    async def export(self, params: Ref, peer: Peer) -> Any:
        """Nothing is mounted for it, and a volume is not part of it, as with Docker."""
        (fd,) = peer.take_fds(1)
        try:
            live = self._parts.registry.find(params.ref)
            written, complete = self._parts.snapshots.written(live.id)
            lowers = [] if complete else self._lowers(live)
            return await worker.work("export", fds=(fd,), fd=fd, folders=[written, *lowers])
        finally:
            os.close(fd)

    async def _visit(self, ref: str, peer: Peer, task: str, fields: dict[str, Any]) -> Any:
        (fd,) = peer.take_fds(1)
        try:
            live = self._parts.registry.find(ref)
            if not live.active:
                async with live.lock:
                    live = self._parts.registry.find(live.id)  # it may have been removed while we waited
                    if not live.active:
                        return await worker.work(task, fds=(fd,), fd=fd, place=self._stopped(live), **fields)
            return await self._while_it_runs(live, task, fd, fields)
        finally:
            os.close(fd)

    async def _while_it_runs(self, live: Live, task: str, fd: int, fields: dict[str, Any]) -> Any:
        place = {"pid": live.state.pid, "start_ticks": live.state.pid_start_ticks}
        work = asyncio.ensure_future(worker.work(task, fds=(fd,), fd=fd, place=place, **fields))
        try:
            await asyncio.wait((work, ended := live.exit), return_when=asyncio.FIRST_COMPLETED)
            if ended.done() and not work.done():
                raise errors.Conflict(f"container {live.name} ended meanwhile", hint="copy again: its files are there")
            return work.result()
        finally:
            work.cancel()

    def _stopped(self, live: Live) -> dict[str, Any]:
        """For `visiting.mounted`. Raises Conflict where it is being removed."""
        parts, options, ids = self._parts, live.options, live.container.ids
        folder = parts.paths.container(live.id)
        stored = provisions.stored(parts, options, folder)
        own = {name: f"{folder}/{name}" for name in identity.FILES}
        found = mounts.mounts(options, own, stored=stored)
        return {
            "root": parts.snapshots.root(live.id, self._lowers(live)),
            "rootfs": parts.paths.rootfs,
            "mounts": [mount for mount in found if mount["type"] in _SHOWN],
            "beneath": provisions.beneath(options),
            "ids": ids[1] if ids else None,
            "read_only": options.read_only,
        }

    def _lowers(self, live: Live) -> list[str]:
        return self._parts.store.lowers(self._parts.store.find(live.container.image_id))

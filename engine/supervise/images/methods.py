"""The methods of the protocol that concern images. See `engine.client.images` for their meaning.

Whatever reads or writes much is done by a worker, which ends with the client that asked for it.
"""

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.image import history
from engine.supervise.images.committing import Committer
from engine.supervise.images.fetching import Fetcher
from engine.supervise.images.requests import (
    Base,
    Commit,
    ImageName,
    Import,
    Load,
    PruneImages,
    Pull,
    Push,
    Save,
    Tag,
)
from engine.supervise.parts import Parts
from engine.supervise.requests import Nothing
from engine.supervise.server import Handler, Peer, checked


class ImageMethods:
    """Every one of them."""

    def __init__(self, parts: Parts, fetcher: Fetcher, committer: Committer) -> None:
        self._parts = parts
        self._fetcher = fetcher
        self._committer = committer

    def looking(self) -> dict[str, Handler]:
        """What ends with the client that asks for it."""
        return {
            "images": checked(Nothing, self.list),
            "image_history": checked(ImageName, self.history),
            "disk_usage": checked(Nothing, self.disk_usage),
            "pull": checked(Pull, self.pull),
            "push": checked(Push, self.push),
            "commit": checked(Commit, self.commit),
            "save": checked(Save, self.save),
            "load": checked(Load, self.load),
            "import_image": checked(Import, self.import_image),
        }

    def changing(self) -> dict[str, Handler]:
        """What is carried through."""
        return {
            "remove_image": checked(ImageName, self.remove),
            "build_base": checked(Base, self.build_base),
            "tag": checked(Tag, self.tag),
            "prune_images": checked(PruneImages, self.prune),
        }

    async def list(self, _params: Nothing, _peer: Peer) -> Any:
        return self._parts.store.images()

    async def remove(self, params: ImageName, _peer: Peer) -> Any:
        async with self._parts.removing:
            uses = self._parts.image_uses()
            removed = await self._fetcher.work("remove_image", name=params.name, force=params.force, uses=uses)
        for name in removed["untagged"]:
            self._parts.journal.record("image", "untag", "", name)
        for image_id in removed["deleted"]:
            self._parts.journal.record("image", "delete", image_id, params.name)
        return removed

    async def build_base(self, params: Base, peer: Peer) -> Any:
        return {"id": await self._fetcher.build_base(peer.progress, rebuild=params.rebuild)}

    async def tag(self, params: Tag, _peer: Peer) -> Any:
        image = self._parts.store.find(params.name)
        self._parts.store.tag(params.name, params.target)
        self._parts.journal.record("image", "tag", image.id, params.target)
        return {}

    async def history(self, params: ImageName, _peer: Peer) -> Any:
        image = self._parts.store.find(params.name)
        return [step._asdict() for step in history.history(image, self._parts.store.images())]

    async def disk_usage(self, _params: Nothing, _peer: Peer) -> Any:
        """Everything is measured by a worker: it takes a walk through all that containers and volumes have."""
        parts = self._parts
        containers = {live.id: parts.snapshots.written(live.id)[0] for live in parts.registry}
        volumes = {one.name: parts.volumes.data(one.name) for one in parts.volumes.all()}
        return await self._fetcher.work("disk_usage", uses=parts.image_uses(), containers=containers, volumes=volumes)

    async def prune(self, params: PruneImages, _peer: Peer) -> Any:
        return await self._fetcher.prune(everything=params.all, filters=params.filters)

    async def pull(self, params: Pull, peer: Peer) -> Any:
        return await self._fetcher.pull(params, peer.progress)

    async def push(self, params: Push, peer: Peer) -> Any:
        sent = await self._fetcher.work("push", peer.progress, **_plain(params))
        self._parts.journal.record("image", "push", "", sent["name"])
        return sent

    async def commit(self, params: Commit, peer: Peer) -> Any:
        live = self._parts.registry.find(params.ref)
        image_id = await self._committer.commit(live, params, peer.progress)
        self._parts.journal.record("image", "commit", image_id, params.name, container=live.name)
        self._parts.tell(live, "commit")
        return {"id": image_id}

    async def save(self, params: Save, peer: Peer) -> Any:
        (fd,) = peer.take_fds(1)
        try:
            await self._fetcher.work("save", peer.progress, fds=(fd,), fd=fd, **_plain(params))
        finally:
            os.close(fd)
        for name in params.names:
            self._parts.journal.record("image", "save", "", name)
        return {}

    async def load(self, params: Load, peer: Peer) -> Any:
        loaded = await self._read("load", peer, _plain(params))
        for one in loaded:
            self._parts.journal.record("image", "load", one["id"], ", ".join(one["names"]))
        return loaded

    async def import_image(self, params: Import, peer: Peer) -> Any:
        image_id = await self._read("import_image", peer, _plain(params))
        self._parts.journal.record("image", "import", image_id, params.name)
        return {"id": image_id}

    async def _read(self, task: str, peer: Peer, params: Mapping[str, Any]) -> Any:
        """A task that reads what the client's descriptor has."""
        (fd,) = peer.take_fds(1)
        try:
            return await self._fetcher.work(task, peer.progress, fds=(fd,), fd=fd, **params)
        finally:
            os.close(fd)


def _plain(params: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(params)
    return plain

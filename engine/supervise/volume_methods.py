"""The methods of the protocol that concern volumes. See `engine.client` for their meaning."""

from typing import Any

import msgspec

from engine.supervise.parts import Parts
from engine.supervise.provisions import Provisions
from engine.supervise.requests import NewVolume, Nothing, VolumeName, Volumes
from engine.supervise.server import Handler, Peer, checked


class VolumeMethods:
    """Every one of them."""

    def __init__(self, parts: Parts, provisions: Provisions) -> None:
        self._parts = parts
        self._provisions = provisions

    def looking(self) -> dict[str, Handler]:
        """What ends with the client that asks for it."""
        return {"volumes": checked(Nothing, self.list)}

    def changing(self) -> dict[str, Handler]:
        """What is carried through."""
        return {
            "create_volume": checked(NewVolume, self.create),
            "remove_volume": checked(VolumeName, self.remove),
            "prune_volumes": checked(Volumes, self.prune),
        }

    async def list(self, _params: Nothing, _peer: Peer) -> Any:
        users = self._provisions.users
        return [msgspec.structs.replace(one, used_by=users(one.name)) for one in self._parts.volumes.all()]

    async def create(self, params: NewVolume, _peer: Peer) -> Any:
        return {"name": await self._provisions.create(params.name, params.labels)}

    async def remove(self, params: VolumeName, _peer: Peer) -> Any:
        await self._provisions.remove(params.name, force=params.force)
        return {}

    async def prune(self, params: Volumes, _peer: Peer) -> Any:
        return await self._provisions.prune(everything=params.all)

"""What differs: a container from its image, an image from its parent, or any two of them."""

from typing import Any

from engine import errors
from engine.supervise import worker
from engine.supervise.parts import Parts


class Comparison:
    """Looks for it in a worker."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def changes(self, ref: str, other: str) -> list[Any]:
        """The changes of `other` against `ref`; without it, those of a container or an image against what is below."""
        if other:
            return await self._between(self._stack(ref), self._stack(other))
        try:
            live = self._parts.registry.find(ref)
        except errors.NotFound:
            stack = self._image_stack(ref)
            return await self._between(stack[1:], stack)
        lowers = self._image_stack(live.container.image_id)
        found: list[Any] = await worker.work(
            "changes", root=self._parts.paths.root, run=self._parts.paths.run, container_id=live.id, lowers=lowers
        )
        return found

    async def _between(self, old: list[str], new: list[str]) -> list[Any]:
        found: list[Any] = await worker.work("between", old=old, new=new)
        return found

    def _stack(self, ref: str) -> list[str]:
        """The folders that show a container or an image, top first."""
        try:
            live = self._parts.registry.find(ref)
        except errors.NotFound:
            return self._image_stack(ref)
        tree, complete = self._parts.snapshots.written(live.id)
        return [tree] if complete else [tree, *self._image_stack(live.container.image_id)]

    def _image_stack(self, name: str) -> list[str]:
        return self._parts.store.lowers(self._parts.store.find(name))

"""Images that come, and go, by workers that change the store: the built-in one, a registry's, an archive's."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from engine import errors, launch, model
from engine.image import reference
from engine.image.builtin import base
from engine.supervise import worker
from engine.supervise.images.requests import Pull
from engine.supervise.parts import Parts

_ADDING: Final = frozenset({"build_base", "pull", "commit", "load", "import_image"})
"""Tasks after which the disk has something to do."""

Say = Callable[[dict[str, Any]], None]


class Fetcher:
    """Runs them, and tells the journal."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._base_lock = asyncio.Lock()
        self._settling = False
        self._unsettled = False

    async def work(
        self,
        task: str,
        say: Say = lambda _event: None,
        *,
        environment: Mapping[str, str] | None = None,
        fds: Sequence[int] = (),
        **params: Any,
    ) -> Any:
        """Run a task on the store. It has no other variables than the command that asked for it wants it to have."""
        paths = self._parts.paths
        own = {name: value for name, value in (environment or {}).items() if name in launch.SURROUNDINGS}
        folders: dict[str, Any] = {"images_dir": paths.images, "layers_dir": paths.layers}
        try:
            result = await worker.work(task, say, environment=own, fds=fds, **folders, **params)
        except asyncio.CancelledError:
            self._parts.background(worker.work("sweep", **folders))  # what it had begun, and was not let finish
            raise
        if task in _ADDING:
            self._settle()
        return result

    def _settle(self) -> None:
        """Have it written to disk, in a worker: once more where somebody has added something since that began."""
        self._unsettled = True
        if not self._settling:
            self._settling = True
            self._parts.background(self._settle_all())

    async def _settle_all(self) -> None:
        try:
            while self._unsettled:
                self._unsettled = False
                await self.work("settle")
        finally:
            self._settling = False

    async def mend(self) -> None:
        """See to images that were on their way to the disk when the power failed."""
        if self._parts.store.layout.unsettled.since() is None:
            return
        for name in await self.work("mend"):
            self._parts.warn(f"the image {name} was damaged by a power cut: get it again, or remove it: qd rmi {name}")

    async def prune(self, *, everything: bool = False, filters: Mapping[str, Sequence[str]] | None = None) -> Any:
        """Remove images that no container needs; see `engine.image.store`."""
        async with self._parts.removing:
            uses = self._parts.image_uses()
            pruned = await self.work("prune_images", uses=uses, everything=everything, filters=filters or {})
        for image_id in pruned["images"]:
            self._parts.journal.record("image", "delete", image_id, "")
        return pruned

    def present(self, name: str, policy: str) -> model.Image | None:
        """The image for a new container, where it is here and the policy (always, missing, never) takes that."""
        if policy not in ("always", "missing", "never"):
            raise errors.InvalidInput(f"{policy} is no pull policy", hint="--pull always, missing or never")
        return None if policy == "always" else self.found(name)

    async def obtained(
        self, name: str, policy: str, platform: str, environment: Mapping[str, str], say: Say
    ) -> model.Image:
        """The image for a new container that is not `present`: built, or pulled, where the policy lets it."""
        if name in base.NAMES:
            await self.build_base(say, rebuild=False)
        elif policy == "never" or not _can_be_pulled(name):
            self._parts.store.find(name)  # raises, in words
        else:
            await self._pull_missing(Pull(name=name, platform=platform, environment=dict(environment)), say)
        return self._parts.store.find(name)

    async def _pull_missing(self, params: Pull, say: Say) -> None:
        """Whoever wanted a container hears which image is missing for it, and then why it does not come."""
        try:
            await self.pull(params, say)
        except errors.EngineError as err:
            words = f"the image {params.name} is not here, and does not come: {err.message}"
            raise type(err)(words, hint=err.hint, errno=err.errno) from err

    def found(self, name: str) -> model.Image | None:
        """The image of a name, where it is here."""
        try:
            return self._parts.store.find(name)
        except errors.NotFound:
            return None

    async def pull(self, params: Pull, say: Say) -> Any:
        """Fetch from a registry."""
        pulled = await self.work("pull", say, **msgspec.to_builtins(params))
        for one in pulled:
            self._parts.journal.record("image", "pull", one["id"], one["name"])
        return pulled

    async def build_base(self, say: Say, *, rebuild: bool) -> str:
        """Assemble the built-in image where it is missing; its id."""
        async with self._base_lock:
            if not rebuild and (found := self.found(base.NAME)) is not None:
                return found.id
            image_id: str = await self.work("build_base", say)
        self._parts.journal.record("image", "tag", image_id, base.NAME)
        return image_id


def _can_be_pulled(name: str) -> bool:
    """An id says nothing of a registry, and what is called localhost/ is of this host alone."""
    if reference.id_prefix(name) and name.startswith("sha256:"):
        return False
    return any(one.registry != reference.LOCAL for one in reference.candidates(name))

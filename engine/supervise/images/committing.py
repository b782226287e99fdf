"""An image of a container's changes: which files, and how the new image is to be run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from engine import errors, model
from engine.model import Status
from engine.sandbox import image_config
from engine.supervise.images.fetching import Fetcher, Say
from engine.supervise.images.requests import Commit
from engine.supervise.lifecycle import Lifecycle
from engine.supervise.parts import Parts
from engine.supervise.registry import Live


class Committer:
    """Does so."""

    def __init__(self, parts: Parts, lifecycle: Lifecycle, fetcher: Fetcher) -> None:
        self._parts = parts
        self._lifecycle = lifecycle
        self._fetcher = fetcher

    async def commit(self, live: Live, params: Commit, say: Say) -> str:
        """The id of the new image."""
        base = self._parts.store.find(live.container.image_id)
        tree, complete = self._parts.snapshots.written(live.id)
        async with self._still(live, pause=params.pause):
            image_id: str = await self._fetcher.work(
                "commit",
                say,
                environment=params.environment,
                tree=tree,
                complete=complete,
                settled_ns=self._parts.snapshots.settled_ns(live.id),
                base=base.id,
                name=params.name,
                config=settings(live.container, base),
                created_by=" ".join(live.container.command),
                author=params.author,
                message=params.message,
                changes=params.changes,
                compression=params.compression,
                level=params.level,
            )
        return image_id

    @asynccontextmanager
    async def _still(self, live: Live, *, pause: bool) -> AsyncIterator[None]:
        """Nothing of the container runs meanwhile, where that is wanted; it goes on afterwards, whatever happens."""
        running = live.state.status is Status.RUNNING
        if not (pause and running and await self._paused(live)):
            yield
            return
        try:
            yield
        finally:
            with suppress(errors.Conflict):  # it may have been thawed, or ended, by somebody else
                await self._lifecycle.unpause(live)

    async def _paused(self, live: Live) -> bool:
        """Whether it could be frozen; without a freezer a commit is what `--pause=false` makes of it."""
        try:
            await self._lifecycle.pause(live)
        except errors.MissingFeature as err:
            self._parts.warn(f"{live.name} is committed while it runs: {err}")
            return False
        return True


def settings(container: model.Container, base: model.Image) -> dict[str, Any]:
    """The config that a container of the new image starts from: the old one's, and what this container was told.

    Source: OCI image-spec, config.md; docker-commit(1).
    """
    old = base.config.get("config")
    config: dict[str, Any] = dict(old) if isinstance(old, dict) else {}
    options, image = container.options, image_config.read(dict(base.config))
    config["Env"] = _merged(image.env, options.env)
    config["Cmd"] = list(options.command or image.cmd)
    if options.entrypoint is not None:
        config["Entrypoint"] = list(options.entrypoint)
        config["Cmd"] = list(options.command)
    told = {"User": options.user, "WorkingDir": options.workdir, "StopSignal": options.stop_signal}
    config |= {key: value for key, value in told.items() if value is not None}
    if options.labels:
        config["Labels"] = {**(config.get("Labels") or {}), **options.labels}
    return {key: value for key, value in config.items() if value not in (None, [], {})}


def _merged(image: tuple[str, ...], own: tuple[str, ...]) -> list[str]:
    """The variables of both; the container's own win."""
    variables = {variable.partition("=")[0]: variable for variable in (*image, *own)}
    return list(variables.values())

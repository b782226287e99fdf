"""From `create` to a container that is on record: every step with its undo.

options settled -> image -> writable layer -> volumes -> name, user ids, files of its own, spec checked -> record
"""

import os
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

from engine import model
from engine.sandbox import labels, sharing
from engine.sandbox import spec as runtime_spec
from engine.sandbox.snapshot import ROOT
from engine.state import files
from engine.supervise import identity, neighbours, provisions, userids, worker
from engine.supervise.parts import Parts
from engine.supervise.provisions import Provisions
from engine.supervise.registry import Live
from engine.supervise.signals import signal_number

FindImage = Callable[[str], Awaitable[model.Image]]
"""The image of a name, wherever it has to come from."""
_SUBIDS = ("subuid", "subgid")


class Creator:
    """Makes containers."""

    def __init__(self, parts: Parts, provided: Provisions, meter: Any) -> None:
        self._parts = parts
        self._provisions = provided
        self._meter = meter
        self._places = parts.fabric.places
        self._roots: dict[str, tuple[int, int, int]] = {}

    async def create(self, options: model.CreateOptions, find_image: FindImage) -> str:
        """Make a container; its id. Nothing is left where it fails."""
        self._parts.registry.free_name(options.name)
        options = self._places.settled(neighbours.settled(options, self._parts.registry))
        found = await find_image(options.image)
        async with self._parts.reserving(found.id) as image:
            return await self._create(options, image)

    async def _create(self, options: model.CreateOptions, image: model.Image) -> str:
        parts = self._parts
        options = self._provisions.settled(options, image)
        runtime_spec.arguments(options, image.config)  # a program that is missing is told before anything is made
        container_id = os.urandom(32).hex()
        with ExitStack() as undo:
            folder = parts.paths.container(container_id)
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            os.makedirs(f"{folder}/runs", mode=0o700)
            undo.callback(parts.snapshots.remove, container_id)
            await self._prepare(container_id, parts.store.lowers(image), self._root(image))
            if self._ids(options) is not None:
                await self._provisions.copy_images(options, folder)
            async with self._provisions.provided(
                options, image
            ):  # nothing waits from here on: name and ids are its own
                self._record(container_id, options, image)
            undo.pop_all()
        self._parts.tell(parts.registry.find(container_id), "create")
        return container_id

    def _record(self, container_id: str, options: model.CreateOptions, image: model.Image) -> None:
        parts = self._parts
        container = model.Container(
            id=container_id,
            name=parts.registry.free_name(options.name),
            image=options.image,
            image_id=image.id,
            command=runtime_spec.arguments(options, image.config),
            created_ns=time.time_ns(),
            options=options,
            state=model.ContainerState(),
            ids=self._ids(options),
            endpoints=self._places.endpoints(options),
            ports=self._places.ports(options, image),
        )
        resolv = parts.fabric.resolvers.text(container)
        identity.write_files(parts.paths, container, resolv, self._places.gateway(container.endpoints))
        self._check(container, image)
        parts.registry.add(Live(container, self._meter(container)))

    def _ids(self, options: model.CreateOptions) -> tuple[int, int] | None:
        """The ids of its user namespace, which are its own as long as it is there."""
        size = userids.wanted(options.userns, options.privileged)
        if options.userns.startswith(sharing.CONTAINER):
            return neighbours.ids_of(options, self._parts.registry)
        if not size:
            return None
        taken = [range(ids[0], sum(ids)) for live in self._parts.registry if (ids := live.container.ids)]
        subuid, subgid = ((files.read(f"/etc/{name}") or b"").decode("utf-8", "replace") for name in _SUBIDS)
        return userids.allocate(taken, size, userids.pool(subuid, subgid, self._parts.paths.root)).start, size

    def _root(self, image: model.Image) -> tuple[int, int, int]:
        """Mode, uid and gid of `/`, as the image has them; looked up once for each image, in all of its layers."""
        if image.id not in self._roots:
            found = self._parts.store.root_attributes(image)
            self._roots[image.id] = (found.mode, found.uid, found.gid) if found else ROOT
        return self._roots[image.id]

    async def _prepare(self, container_id: str, lowers: list[str], root: tuple[int, int, int]) -> None:
        """The writable layer: two directories, or, where there is no overlay, a copy that takes its time."""
        if self._parts.snapshots.kind == "copy":
            paths = list(self._parts.paths)
            await worker.work("prepare", paths=paths, container_id=container_id, lowers=lowers, root=root)
        else:
            self._parts.snapshots.prepare(container_id, lowers, root)

    def _check(self, container: model.Container, image: model.Image) -> None:
        """Build the spec once, so that what is wrong with the options is said now and not at the start."""
        if container.options.stop_signal is not None:
            signal_number(container.options.stop_signal)
        spec = runtime_spec.build(
            container.id,
            container.options,
            image.config,
            hostname=identity.hostname(container.id, container.options),
            files={},
            cgroups_path="/quarterdeck",
            ids=container.ids,
            stored=provisions.stored(self._parts, container.options, self._parts.paths.container(container.id)),
        )
        labels.check(spec["process"].get("apparmorProfile", ""), spec["process"].get("selinuxLabel", ""))

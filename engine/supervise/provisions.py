"""What a container needs before it can be made: volumes, and what it takes over from other containers."""

import asyncio
import os
import posixpath
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import msgspec

from engine import errors, model
from engine.layers import merged
from engine.sandbox import filling, image_config
from engine.sandbox.mounts import destination
from engine.sandbox.stored import Stored
from engine.supervise import worker
from engine.supervise.parts import Parts
from engine.supervise.registry import Live

_NAME_BYTES = 32
_COPIES = "images"


class Provisions:
    """Names, makes and fills volumes; finds and removes those that nobody has."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = asyncio.Lock()
        """Held while a volume is filled, so that two containers do not both find it empty."""

    def settled(self, options: model.CreateOptions, image: model.Image) -> model.CreateOptions:
        """The options with every mount in them that the container will have, all volumes named, images by id.

        Raises `EngineError`.
        """
        for bind in options.binds:
            if bind.must_exist and not os.path.lexists(bind.source):
                raise errors.InvalidInput(
                    f"the source {bind.source} of a bind mount does not exist", hint="make it first"
                )
        binds, volumes = self._inherited(options)
        paths = [*_targets(binds, volumes), *(one.target for one in options.images), *options.tmpfs]
        wanted = [*volumes, *_of_image(image.config, set(map(destination, paths)))]
        named = tuple(_named(mount) for mount in wanted)
        images = tuple(
            msgspec.structs.replace(one, image=self._parts.store.find(one.image).id) for one in options.images
        )
        return msgspec.structs.replace(options, binds=binds, volumes=named, images=images)

    async def copy_images(self, options: model.CreateOptions, folder: str) -> None:
        """Put those of several layers into one directory each, in the container's own folder: from inside a user
        namespace the layers could not be reached to lay them over each other."""
        for image_id in {mount.image for mount in options.images}:
            lowers = self._parts.store.lowers(self._parts.store.find(image_id))
            if len(lowers) > 1:
                os.makedirs(f"{folder}/{_COPIES}", mode=0o700, exist_ok=True)
                await worker.work("copy_image", lowers=lowers, target=_copy_of(image_id, folder))

    async def remove_copies(self, folder: str) -> None:
        """Remove them. Gone already is success."""
        if os.path.isdir(f"{folder}/{_COPIES}"):
            await worker.work("remove_tree", path=f"{folder}/{_COPIES}")

    @asynccontextmanager
    async def provided(self, options: model.CreateOptions, image: model.Image) -> AsyncIterator[None]:
        """Make and fill the volumes of a container that is made meanwhile; where that fails, the new ones go again.

        One at a time: nobody else finds a volume empty, or removes one, until the container is known to have it.
        """
        if not options.volumes:
            yield
            return
        async with self._lock:
            with ExitStack() as undo:
                for mount in options.volumes:
                    await self._provide(mount, image, undo)
                yield
                undo.pop_all()

    async def create(self, name: str, labels: dict[str, str]) -> str:
        """Make a volume, or find the one that is there, as Docker does; its name. Raises `InvalidInput`."""
        chosen = name or os.urandom(_NAME_BYTES).hex()
        async with self._lock:
            if self._parts.volumes.create(chosen, labels, anonymous=not name):
                self._tell("create", chosen)
        return chosen

    def _tell(self, action: str, name: str) -> None:
        self._parts.journal.record("volume", action, name, name)

    def _take_back(self, name: str) -> None:
        self._parts.volumes.remove(name)
        self._tell("destroy", name)

    def _inherited(self, options: model.CreateOptions) -> tuple[tuple[model.Bind, ...], tuple[model.VolumeMount, ...]]:
        """With those of `--volumes-from`; what the container says itself comes first."""
        binds, volumes = list(options.binds), list(options.volumes)
        for text in options.volumes_from:
            name, _, mode = text.partition(":")
            if mode not in ("", "ro", "rw"):
                raise errors.InvalidInput(f"{mode!r} in --volumes-from {text} is not known", hint="NAME, or NAME:ro")
            other = self._parts.registry.find(name).options
            taken = set(map(destination, _targets(binds, volumes)))
            change: dict[str, Any] = {"read_only": True} if mode == "ro" else {}
            binds += [
                msgspec.structs.replace(one, **change) for one in other.binds if destination(one.target) not in taken
            ]
            kept = change | {"anonymous": False}
            volumes += [
                msgspec.structs.replace(one, **kept) for one in other.volumes if destination(one.target) not in taken
            ]
        return tuple(binds), tuple(volumes)

    async def _provide(self, mount: model.VolumeMount, image: model.Image, undo: ExitStack) -> None:
        volumes = self._parts.volumes
        if volumes.create(mount.name, anonymous=mount.anonymous):
            undo.callback(self._take_back, mount.name)
            self._tell("create", mount.name)
        lowers, target = self._parts.store.lowers(image), volumes.data(mount.name)
        if not mount.copy or mount.subpath or self.users(mount.name) or os.listdir(target):
            return
        found = merged.resolve(lowers, mount.target)
        if found is None or not found.folders:
            return
        if merged.names(found.folders):
            await worker.work("fill_volume", lowers=lowers, path=mount.target, target=target)
        else:
            filling.fill(lowers, mount.target, target)

    def users(self, name: str) -> tuple[str, ...]:
        """Names of the containers that have this volume."""
        return tuple(live.name for live in self._parts.registry if any(m.name == name for m in live.options.volumes))

    async def remove(self, name: str, *, force: bool) -> None:
        """Remove a volume. Raises `NotFound` unless `force`, and `Conflict` where a container has it."""
        async with self._lock:
            if force and name not in self._parts.volumes:
                return
            self._parts.volumes.find(name)
            if users := self.users(name):
                hint = f"remove what uses it first: qd rm {users[0]}"
                raise errors.Conflict(f"volume {name} is in use by {', '.join(users)}", hint=hint)
            await self._remove(name)

    async def _remove(self, name: str) -> int:
        volumes = self._parts.volumes
        self._tell("destroy", name)
        if volumes.is_small(name):
            return volumes.remove(name)
        return int(await worker.work("remove_volume", folder=self._parts.paths.volumes, name=name))

    async def prune(self, *, everything: bool) -> dict[str, Any]:
        """Remove the anonymous volumes that no container has, or all such: their names, and the bytes gained."""
        async with self._lock:
            idle = [volume for volume in self._parts.volumes.all() if not self.users(volume.name)]
            names = [volume.name for volume in idle if everything or volume.anonymous]
            gained = [await self._remove(name) for name in names]
        return {"volumes": names, "reclaimed_bytes": sum(gained)}

    async def forget(self, live: Live) -> None:
        """Remove the anonymous volumes of a container that is gone, where no other has them."""
        async with self._lock:
            for mount in live.options.volumes:
                if mount.anonymous and mount.name in self._parts.volumes and not self.users(mount.name):
                    await self._remove(mount.name)


def stored(parts: Parts, options: model.CreateOptions, folder: str) -> Stored:
    """Where the volumes and images of a container are, whose own folder is `folder`. Raises `NotFound`."""
    volumes = {mount.name: parts.volumes.find(mount.name).path for mount in options.volumes}
    return Stored(volumes, {mount.image: _layers(parts, mount.image, folder) for mount in options.images})


def _layers(parts: Parts, image_id: str, folder: str) -> list[str]:
    copy = _copy_of(image_id, folder)
    return [copy] if os.path.isdir(copy) else parts.store.lowers(parts.store.find(image_id))


def _copy_of(image_id: str, folder: str) -> str:
    return f"{folder}/{_COPIES}/{image_id.rpartition(':')[2]}"


def _targets(binds: Iterable[model.Bind], volumes: Iterable[model.VolumeMount]) -> list[str]:
    return [*(one.target for one in binds), *(one.target for one in volumes)]


def _of_image(config: dict[str, Any], taken: set[str]) -> list[model.VolumeMount]:
    """Those that the image asks for, where nothing else is mounted."""
    places = map(destination, image_config.read(config).volumes)
    return [model.VolumeMount(target=place) for place in places if place not in taken]


def beneath(options: model.CreateOptions) -> dict[str, str]:
    """Place in the container -> the directory of its volume that is seen there, where it is not all of it."""
    return {destination(mount.target): mount.subpath for mount in options.volumes if mount.subpath}


def _named(mount: model.VolumeMount) -> model.VolumeMount:
    if mount.subpath.startswith("/") or ".." in mount.subpath.split("/") or "\0" in mount.subpath:
        raise errors.InvalidInput(
            f"{mount.subpath[:128]!r} is no path in a volume", hint="a relative one, without '..': data/logs"
        )
    where = posixpath.normpath(destination(mount.target))
    if mount.name:
        return msgspec.structs.replace(mount, target=where)
    return msgspec.structs.replace(mount, target=where, name=os.urandom(_NAME_BYTES).hex(), anonymous=True)

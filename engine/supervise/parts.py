"""What the supervisor's rooms share: one of each, made at its start."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from engine import model
from engine.cgroup.manager import Cgroups
from engine.image.store.images import Store
from engine.sandbox.probe import Missing
from engine.sandbox.snapshot import Snapshots
from engine.state.paths import Paths
from engine.supervise.events import Journal
from engine.supervise.keeper_link import KeeperLink
from engine.supervise.networks.fabric import Fabric
from engine.supervise.networks.store import Networks
from engine.supervise.registry import Live, Registry
from engine.supervise.traffic import Traffic
from engine.supervise.volumes import Volumes


@dataclass(slots=True, kw_only=True)
class Parts:
    """The engine's parts."""

    paths: Paths
    registry: Registry
    keeper: KeeperLink
    cgroups: Cgroups
    snapshots: Snapshots
    store: Store
    journal: Journal
    volumes: Volumes
    networks: Networks
    traffic: Traffic = field(default_factory=Traffic)
    fabric: Fabric = field(init=False)
    refused: tuple[Missing, ...] = ()
    """Namespaces that this host refuses: without them there is no container."""
    warnings: list[str] = field(default_factory=list)
    """What does not work on this host, as found out by the supervisor itself."""
    told: set[str] = field(default_factory=set)

    reserved: Counter[str] = field(default_factory=Counter)
    """Ids of images of which containers are being made."""
    removing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from when it is known which images are used until those that are not are gone."""
    tasks: "set[asyncio.Task[Any]]" = field(default_factory=set)

    def __post_init__(self) -> None:
        """The fabric is made of the others, and tells what it must as they do."""
        self.fabric = Fabric(self.paths, self.networks, self.registry, self.warn)
        self.traffic.dump = self.fabric.links.counters

    @property
    def filters(self) -> str:
        """The folder of compiled seccomp filters."""
        return f"{self.paths.run}/seccomp"

    def image_uses(self) -> dict[str, list[str]]:
        """Image id -> names of the containers made of it, or that see its files; those that are being made included."""
        used: dict[str, list[str]] = {image_id: ["that is being created"] for image_id in self.reserved}
        for live in self.registry:
            for image_id in {live.container.image_id, *(mount.image for mount in live.options.images)}:
                used.setdefault(image_id, []).append(live.name)
        return used

    @asynccontextmanager
    async def reserving(self, image_id: str) -> AsyncIterator[model.Image]:
        """Within this block the image counts as used. Raises NotFound where it was removed a moment ago."""
        async with self.removing:
            image = self.store.find(image_id)
            self.reserved[image_id] += 1
        try:
            yield image
        finally:
            self.reserved[image_id] -= 1
            self.reserved += Counter()  # drops what is at zero

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run beside everything else; the reference keeps it from being collected."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def tell(self, live: Live, action: str, **attributes: str) -> None:
        """Something has happened to a container, for the journal; its image and labels go along, for filters."""
        about = {**live.options.labels, "image": live.container.image, **attributes}
        self.journal.record("container", action, live.id, live.name, **about)

    def warn(self, text: str) -> None:
        """Remember what a user should know, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def all_warnings(self) -> tuple[str, ...]:
        """What does not work here, by whom it was found out."""
        return (*self.snapshots.warnings, *self.cgroups.warnings, *self.warnings)

    def untold(self) -> list[str]:
        """Those that no client has been told; they count as told from now on."""
        new = [text for text in self.all_warnings() if text not in self.told]
        self.told.update(new)
        return new

"""What the supervisor's rooms share: one of each, made at its start."""

from dataclasses import dataclass, field

from engine.cgroup.manager import Cgroups
from engine.image.store import Store
from engine.sandbox.snapshot import Snapshots
from engine.state.paths import Paths
from engine.supervise.events import Journal
from engine.supervise.keeper_link import KeeperLink
from engine.supervise.registry import Registry


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
    warnings: list[str] = field(default_factory=list)
    """What does not work on this host, each said once."""

    def warn(self, text: str) -> None:
        """Remember what a user should know, once."""
        if text not in self.warnings:
            self.warnings.append(text)

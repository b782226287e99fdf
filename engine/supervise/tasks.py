"""What workers do: each function is one task, in a process of its own. See `engine.supervise.worker`."""

from collections.abc import Callable
from typing import Any

import msgspec

from engine.layers import copying
from engine.sandbox import filling
from engine.sandbox.snapshot import Snapshots
from engine.state import tree
from engine.state.paths import Paths
from engine.supervise.volumes import Volumes

Say = Callable[[dict[str, Any]], None]


def changes(_say: Say, root: str, run: str, container_id: str, lowers: list[str]) -> Any:
    """What a container's file system has that its image has not."""
    return msgspec.to_builtins(Snapshots(Paths(root, run)).changes(container_id, lowers))


def between(_say: Say, old: list[str], new: list[str]) -> Any:
    """What differs between two stacks of folders, top first."""
    from engine.layers.between import between as compare

    return msgspec.to_builtins(compare(old, new))


def remove_layer(_say: Say, root: str, run: str, container_id: str) -> None:
    """Remove what a container has written, where that may be much."""
    Snapshots(Paths(root, run)).remove(container_id)


def size(_say: Say, root: str, run: str, container_id: str) -> int:
    """Bytes of what a container has written."""
    return Snapshots(Paths(root, run)).size(container_id)


def prepare(_say: Say, paths: list[str], container_id: str, lowers: list[str], root: list[int]) -> None:
    """A writable file system for a container, where it has to be copied."""
    Snapshots(Paths(*paths)).prepare(container_id, lowers, root)


def fill_volume(_say: Say, lowers: list[str], path: str, target: str) -> None:
    """Copy what an image has at a path into a volume."""
    filling.fill(lowers, path, target)


def remove_volume(_say: Say, folder: str, name: str) -> int:
    """Remove a volume, where that may be much; the bytes of disk that it took."""
    return Volumes(folder).remove(name)


def copy_image(_say: Say, lowers: list[str], target: str) -> None:
    """The files of an image in one directory."""
    copying.copy(lowers, target)


def remove_tree(_say: Say, path: str) -> int:
    """Remove a directory, where that may be much; the bytes of disk that it took."""
    return tree.remove(path)

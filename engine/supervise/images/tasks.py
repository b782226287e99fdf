"""What workers do about images: each function is one task, in a process of its own. See `engine.supervise.worker`.

Each imports what it needs: a worker that removes a layer has no use for a client of registries.
"""

import os
from collections.abc import Callable
from typing import IO, Any

from engine.image.store.images import Store

Say = Callable[[dict[str, Any]], None]


def build_base(say: Say, images_dir: str, layers_dir: str) -> str:
    """Assemble the built-in image; its id."""
    from engine.image.builtin import base

    def tell(step: str, done: int, total: int) -> None:
        say({"step": step, "done": done, "total": total})

    return base.build(images_dir, layers_dir, tell)


def pull(say: Say, images_dir: str, layers_dir: str, name: str, *, all_tags: bool, **how: Any) -> Any:
    """Fetch an image, or all of its tags."""
    from engine.archive import limits
    from engine.image.registry import pull

    fetch = pull.pull_all if all_tags else pull.pull
    found = fetch(Store(images_dir, layers_dir), name, limits=limits.from_environment(), say=say, **how)
    return found if all_tags else [found]


def push(say: Say, images_dir: str, layers_dir: str, name: str, target: str, **how: Any) -> Any:
    """Send an image."""
    from engine.image.registry import push

    return push.push(Store(images_dir, layers_dir), name, target, say=say, **how)


def commit(say: Say, images_dir: str, layers_dir: str, **what: Any) -> str:
    """Make an image of a container's changes; its id."""
    from engine.image import commit

    image_id: str = commit.commit(Store(images_dir, layers_dir), say=say, **what)
    return image_id


def save(say: Say, images_dir: str, layers_dir: str, fd: int, names: list[str], **how: Any) -> None:
    """Write images into an archive."""
    from engine.image.formats import save

    with _open(fd, "wb") as output:
        save.save(Store(images_dir, layers_dir), names, output, say=say, **how)


def load(say: Say, images_dir: str, layers_dir: str, fd: int) -> Any:
    """Take the images of an archive."""
    from engine.archive import limits
    from engine.image.formats import load

    with _open(fd, "rb") as source:
        return load.load(Store(images_dir, layers_dir), source, limits=limits.from_environment(), say=say)


def import_image(say: Say, images_dir: str, layers_dir: str, fd: int, **what: Any) -> str:
    """Make an image of a root file system; its id."""
    from engine.archive import limits
    from engine.image.formats import import_

    with _open(fd, "rb") as source:
        bounds = limits.from_environment()
        image_id: str = import_.import_(Store(images_dir, layers_dir), source, limits=bounds, say=say, **what)
    return image_id


def _open(fd: int, mode: str) -> IO[bytes]:
    """The client's descriptor, which the supervisor has passed on."""
    return os.fdopen(fd, mode, buffering=0)


def remove_image(
    _say: Say, images_dir: str, layers_dir: str, name: str, *, force: bool, uses: dict[str, list[str]]
) -> Any:
    """Take a name away, and the image with its last one."""
    return Store(images_dir, layers_dir).remove(name, force=force, used_by=uses)


def prune_images(_say: Say, images_dir: str, layers_dir: str, uses: dict[str, list[str]], **which: Any) -> Any:
    """Remove images that no container needs."""
    return Store(images_dir, layers_dir).prune(uses, **which)


def sweep(_say: Say, images_dir: str, layers_dir: str) -> int:
    """Throw away what an interrupted task has left; the bytes that it took."""
    return Store(images_dir, layers_dir).sweep()


def settle(_say: Say, images_dir: str, layers_dir: str) -> int:
    """Have on disk what was added, which nobody waits for."""
    return Store(images_dir, layers_dir).layout.unsettled.settle()


def mend(_say: Say, images_dir: str, layers_dir: str) -> list[str]:
    """After the power has failed: the names of images of which something is missing."""
    from engine.archive import limits
    from engine.image.store import mending

    return mending.mend(Store(images_dir, layers_dir), limits.from_environment())


def disk_usage(
    _say: Say,
    images_dir: str,
    layers_dir: str,
    uses: dict[str, list[str]],
    containers: dict[str, str],
    volumes: dict[str, str],
) -> Any:
    """What images take, and what each container and each volume has in its folder, in bytes."""
    from engine.state import tree

    return {
        "images": Store(images_dir, layers_dir).disk_usage(uses),
        "containers": {container_id: tree.size(folder) for container_id, folder in containers.items()},
        "volumes": {name: tree.size(folder) for name, folder in volumes.items()},
    }

"""Removal: names, images with their last name, and whatever no image needs any more."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from engine.errors import Conflict, InvalidInput
from engine.image.store import catalog, collecting, finding, naming
from engine.image.store.catalog import Contents
from engine.image.store.layout import Layout
from engine.image.store.unpacked import Unpacked
from engine.model.image import Image

Uses = Mapping[str, Sequence[str]]
"""Image id -> the names of the containers that need it."""


class Wanted(NamedTuple):
    """Which unused images are to go."""

    everything: bool
    """Those with names as well."""
    before_ns: int | None
    """Only what was made before."""
    labels: tuple[str, ...]
    """Only what has all of these, KEY or KEY=VALUE."""


def wanted(everything: bool, filters: Mapping[str, Sequence[str]]) -> Wanted:
    """What `prune` is asked for. Raises InvalidInput for a filter that is not known."""
    if unknown := sorted(filters.keys() - {"until", "label"}):
        raise InvalidInput(f"{unknown[0]} is no filter for images to remove", hint="until=TIME or label=KEY[=VALUE]")
    times = filters.get("until", ())
    if not all(time.isascii() and time.isdigit() for time in times):
        raise InvalidInput("until is to be nanoseconds since the epoch")
    return Wanted(everything, min(map(int, times), default=None), tuple(filters.get("label", ())))


def remove(
    layout: Layout, unpacked: Unpacked, contents: Contents, name: str, *, force: bool, used_by: Uses
) -> dict[str, Any]:
    """Take a name away, and the image with its last one. Raises NotFound, InvalidInput, Conflict."""
    if damaged := [str(wanted) for wanted in finding.references(name) if str(wanted) in contents.damaged][:1]:
        layout.change(lambda entries: naming.without_names(entries, set(damaged), keep_nameless=False))
        return _removed(damaged, (), collect(layout, unpacked))
    image = finding.find(contents, name)
    names = _names_to_remove(image, name, force)
    users = used_by.get(image.id, ())
    last = len(names) == len(image.names)
    if last and users and not force:
        raise Conflict(
            f"the image {finding.shown(image)} is used by the container {users[0]}",
            hint=f"remove it first: qd rm {users[0]}",
        )
    if last and not users:
        return _removed(names, (image.id,), _forget(layout, unpacked, [image]))
    layout.change(lambda entries: naming.without_names(entries, set(names)))
    return _removed(names, (), 0)


def unused(images: Sequence[Image], used_by: Uses, wanted: Wanted) -> list[Image]:
    """The images that no container needs and that are wanted gone."""
    return [image for image in images if not used_by.get(image.id) and _is_wanted(image, wanted)]


def prune(layout: Layout, unpacked: Unpacked, images: Sequence[Image]) -> dict[str, Any]:
    """Remove these images, and whatever else none needs, downloads that may be continued too."""
    damaged = list(catalog.read(layout, unpacked).damaged)
    return {
        "images": [image.id for image in images],
        "untagged": [name for image in images for name in image.names],
        "reclaimed_bytes": _forget(layout, unpacked, images, partials=True),
        "damaged": damaged,
    }


def collect(layout: Layout, unpacked: Unpacked, *, partials: bool = False) -> int:
    """Throw away what no image needs; the bytes it took. Nothing while somebody adds something: a later time."""
    with layout.collecting() as alone:
        contents = catalog.read(layout, unpacked)
        if not alone or contents.damaged:
            return 0
        layout.remove_unfinished()
        return collecting.collect(layout.blobs, unpacked.folder, contents, partials=partials)


def _forget(layout: Layout, unpacked: Unpacked, images: Sequence[Image], *, partials: bool = False) -> int:
    gone = {image.digest for image in images}
    layout.change(lambda entries: naming.without_images(entries, gone))
    return collect(layout, unpacked, partials=partials)


def _removed(untagged: Sequence[str], deleted: Sequence[str], reclaimed: int) -> dict[str, Any]:
    return {"untagged": list(untagged), "deleted": list(deleted), "reclaimed_bytes": reclaimed}


def _names_to_remove(image: Image, name: str, force: bool) -> list[str]:
    """One name where it was called by it; all of them where it was called by its id or by a digest."""
    called = [str(wanted) for wanted in finding.references(name)]
    if known := [one for one in called if one in image.names]:
        return known[:1]
    if len(image.names) > 1 and not force:
        raise Conflict(f"the image {name} has several names", hint=f"remove them all: qd rmi -f {name}")
    return list(image.names)


def _is_wanted(image: Image, wanted: Wanted) -> bool:
    if image.names and not wanted.everything:
        return False
    if wanted.before_ns is not None and image.created_ns >= wanted.before_ns:
        return False
    return all(_has_label(image, label) for label in wanted.labels)


def _has_label(image: Image, label: str) -> bool:
    key, equals, value = label.partition("=")
    settings = image.config.get("config")
    labels = settings.get("Labels") if isinstance(settings, dict) else None
    return isinstance(labels, dict) and key in labels and (not equals or labels[key] == value)

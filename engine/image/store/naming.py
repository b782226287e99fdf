"""Names in an index: pure edits of its entries, one for each name of each image and one for an image without."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from engine.errors import InvalidInput
from engine.image import reference
from engine.image.oci import ORIGINAL, ORIGINS, REF_NAME, Descriptor

Entries = tuple[Descriptor, ...]

_ORIGINS_MAX: Final = 16
"""As many digests are remembered of an image: one that is got every day under a new index must not grow for ever."""


def kept_name(name: str, digests: Iterable[str]) -> str:
    """The full reference under which an image of these digests is kept. A digest in it counts and its tag does not.

    Raises InvalidInput where the name has a digest that is none of these.
    """
    wanted = reference.candidates(name)[0]
    if not wanted.digest:
        return str(wanted)
    if wanted.digest not in digests:
        raise InvalidInput(f"{name} has the digest of another image")
    return str(wanted._replace(tag=""))


def put(entries: Entries, image: Descriptor, name: str | None, origins: Sequence[str] = ()) -> Entries:
    """Let `name` mean this image; one that loses its last name by it stays, without a name.

    Without a name the image is kept under those that it has, or without.
    """
    same = [entry for entry in entries if entry.original == image.original]
    if name is None and same:
        renewed = _entry(image, same[0].name, (*same[0].origins, *origins))
        return tuple(renewed if entry is same[0] else entry for entry in entries)
    heirs = [entry for entry in same if not entry.name or entry.name == name]
    known = (origin for entry in heirs for origin in entry.origins)
    others = entries if name is None else without_names(entries, {name})
    others = tuple(entry for entry in others if entry.name or entry.original != image.original)
    return (*others, _entry(image, name or "", (*known, *origins)))


def without_names(entries: Entries, names: AbstractSet[str], *, keep_nameless: bool = True) -> Entries:
    """The entries without these names. An image that loses its last name keeps an entry without one, or goes."""
    kept = [entry for entry in entries if not entry.name or entry.name not in names]
    present = {entry.original for entry in kept}
    for entry in entries:
        if keep_nameless and entry.original not in present:
            kept.append(_entry(entry, "", entry.origins))
            present.add(entry.original)
    return tuple(kept)


def without_images(entries: Entries, digests: AbstractSet[str]) -> Entries:
    """The entries of other images than those of these manifests."""
    return tuple(entry for entry in entries if entry.original not in digests)


def repository(name: str) -> str:
    """A full reference without tag and digest: `quay.io:443/a/b` of `quay.io:443/a/b:1`."""
    bare = name.partition("@")[0]
    head, colon, tail = bare.rpartition(":")
    return head if colon and "/" not in tail else bare


def repo_digests(digest: str, names: Iterable[str], origins: Iterable[str]) -> tuple[str, ...]:
    """Every reference by digest that means an image: of its manifest, and of the indexes that it came by."""
    own = {f"{repository(name)}@{digest}" for name in names}
    return tuple(sorted(own | {name for name in names if "@" in name} | set(origins)))


def _entry(image: Descriptor, name: str, origins: Sequence[str]) -> Descriptor:
    annotations = {key: value for key, value in image.annotations.items() if key == ORIGINAL}
    if name:
        annotations[REF_NAME] = name
    if kept := list(dict.fromkeys(origins))[-_ORIGINS_MAX:]:
        annotations[ORIGINS] = " ".join(kept)
    return msgspec.structs.replace(image, annotations=annotations)

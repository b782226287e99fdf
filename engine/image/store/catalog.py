"""What an image layout holds, read whole: its images, and the blobs and layers that they need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from engine.errors import EngineError, InvalidInput
from engine.image import oci
from engine.image.oci import Config, Descriptor, Manifest
from engine.image.store import naming
from engine.image.store.blobs import Blobs
from engine.image.store.layout import Layout
from engine.image.store.unpacked import Unpacked
from engine.model.image import Image


class Needs(NamedTuple):
    """An image, and what it is made of."""

    image: Image
    blobs: dict[str, int]
    """Digest -> bytes: manifest, config and layers."""
    layers: tuple[str, ...]
    """Under which digests its layers are unpacked, from the bottom up; those that are not are left out."""

    @property
    def is_whole(self) -> bool:
        """Whether all of its layers are unpacked."""
        return len(self.layers) == len(self.image.layers)


@dataclass(slots=True)
class Contents:
    """Everything that an index leads to."""

    found: list[Needs] = field(default_factory=list)
    """Newest first."""
    damaged: dict[str, EngineError] = field(default_factory=dict)
    """Images that cannot be read, by each of their names (by their digest where they have none), and why."""

    @property
    def images(self) -> list[Image]:
        """Newest first."""
        return [needs.image for needs in self.found]

    @property
    def blobs(self) -> dict[str, int]:
        """Of all images, each once: digest -> bytes."""
        return {digest: size for needs in self.found for digest, size in needs.blobs.items()}

    @property
    def layers(self) -> set[str]:
        """Under which digests the layers of all images are unpacked."""
        return {key for needs in self.found for key in needs.layers}


def read(layout: Layout, unpacked: Unpacked, before: Contents | None = None) -> Contents:
    """Read the index and all that it names. One damaged image does not hide the others.

    A manifest never changes, so what was found whole `before` is not read again.
    """
    known = {needs.image.digest: needs for needs in before.found if needs.is_whole} if before else {}
    contents = Contents()
    for digest, entries in _by_digest(layout.entries()).items():
        try:
            needs = known.get(digest) or needs_of(layout.blobs, unpacked, oci.read_digest(digest))
            contents.found.append(_listed(needs, entries))
        except EngineError as err:
            names = [entry.name for entry in entries if entry.name]
            contents.damaged.update(dict.fromkeys(names or (digest,), err))
    contents.found.sort(key=lambda needs: needs.image.created_ns, reverse=True)
    return contents


def needs_of(blobs: Blobs, unpacked: Unpacked, digest: str) -> Needs:
    """The image of a manifest, without names. Raises EngineError where it cannot be read."""
    data = blobs.read(digest)
    manifest = oci.read_manifest(data)
    if not isinstance(manifest, Manifest):
        raise InvalidInput(f"{digest} is an index and not an image")
    document = blobs.read(manifest.config.digest)
    config = oci.read_config(document)
    keys = [unpacked.key(config.rootfs.diff_ids, index) for index in range(len(config.rootfs.diff_ids))]
    sizes = tuple(unpacked.record(key).size_bytes if key else 0 for key in keys)
    parts = (manifest.config, *manifest.layers)
    return Needs(
        image=_image(digest, manifest, config, document, sizes),
        blobs={digest: len(data), **{part.digest: part.size for part in parts}},
        layers=tuple(key for key in keys if key),
    )


def _image(digest: str, manifest: Manifest, config: Config, document: bytes, sizes: Sequence[int]) -> Image:
    return Image(
        id=manifest.config.digest,
        names=(),
        digest=digest,
        created_ns=oci.time_ns(config.created),
        size_bytes=sum(sizes),
        layers=config.rootfs.diff_ids,
        config=oci.decode_any(document),
        architecture=config.architecture,
        os=config.os,
        variant=config.variant,
        author=config.author,
        media_type=manifest.media_type,
        layer_bytes=tuple(sizes),
    )


def _listed(needs: Needs, entries: Sequence[Descriptor]) -> Needs:
    """An image as the index has it."""
    names = tuple(sorted(entry.name for entry in entries if entry.name))
    origins = [origin for entry in entries for origin in entry.origins]
    known = naming.repo_digests(needs.image.digest, names, origins)
    image = msgspec.structs.replace(needs.image, names=names, repo_digests=known)
    return needs._replace(image=image, blobs={**needs.blobs, **{entry.digest: entry.size for entry in entries}})


def _by_digest(entries: Iterable[Descriptor]) -> dict[str, list[Descriptor]]:
    found: dict[str, list[Descriptor]] = {}
    for entry in entries:
        found.setdefault(entry.original, []).append(entry)
    return found

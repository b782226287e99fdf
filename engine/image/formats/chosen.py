"""Which images go into an archive, and under which of their names."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.errors import InvalidInput
from engine.image import oci, reference
from engine.image.oci import Config, Manifest
from engine.image.store.images import Store
from engine.model.image import Image


class Chosen(NamedTuple):
    """One image to be written."""

    image: Image
    names: tuple[str, ...]
    """Full references, sorted; none where it was called by its id or its digest."""
    manifest_data: bytes
    manifest: Manifest
    config_data: bytes
    config: Config


def choose(store: Store, words: Sequence[str]) -> list[Chosen]:
    """The images that these words mean, each once, in the order of the words. Raises NotFound, InvalidInput."""
    if not words:
        raise InvalidInput("no image was named", hint="name at least one: qd images")
    found: dict[str, tuple[Image, set[str]]] = {}
    for word in words:
        image = store.find(word)
        found.setdefault(image.digest, (image, set()))[1].update(_called(image, word))
    return [_read(store, image, names) for image, names in found.values()]


def _called(image: Image, word: str) -> list[str]:
    """The name of an image that a word is: none where it is the beginning of an id."""
    if word.startswith("sha256:"):
        return []
    return [str(name) for name in reference.candidates(word) if not name.digest and str(name) in image.names][:1]


def _read(store: Store, image: Image, names: set[str]) -> Chosen:
    blobs = store.layout.blobs
    manifest = store.manifest(image)
    config = blobs.read(manifest.config.digest)
    return Chosen(image, tuple(sorted(names)), blobs.read(image.digest), manifest, config, oci.read_config(config))

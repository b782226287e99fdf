"""How layers are to lie in a registry, and what is remembered of how they lie in some.

    layers/HEX/compressed.json      [{"kind", "level", "digest", "size", "repositories"}, ...]

A layer of our own is a plain archive in the store, and registries are given it compressed. What came of that is kept
beside the unpacked layer, so that the next push can ask for it by its digest before anything is compressed. It is a
hint and no more: where it is wrong or unreadable, the layer is compressed again.
"""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from engine.archive.compression import DEFAULT_LEVELS, LEVELS, NONE
from engine.errors import InvalidInput
from engine.image import oci
from engine.image.oci import Descriptor, Digest, Manifest
from engine.image.store.blobs import hexadecimal
from engine.image.store.images import Store
from engine.model.value import Value
from engine.state import files

_KNOWN_MAX: Final = 32
_REPOSITORIES_MAX: Final = 16
_FILE_MAX: Final = 1 << 20
_OCI_TYPES: Final = {"none": oci.LAYER, "gzip": oci.LAYER_GZIP, "zstd": oci.LAYER_ZSTD}
_DOCKER_TYPES: Final = {"none": oci.DOCKER_LAYER, "gzip": oci.DOCKER_LAYER_GZIP}
"""Docker's own manifests know no zstd."""


class Wish(Value, frozen=True, kw_only=True):
    """How layers are to be compressed."""

    kind: str = "gzip"
    level: int | None = None
    """None is the default of the kind."""
    everything: bool = False
    """Also those that are compressed already, another way."""

    def is_met(self, layer: Descriptor) -> bool:
        """Whether a layer stays as it is."""
        kind = oci.LAYERS[layer.media_type]
        return kind == self.kind if self.everything or kind == NONE else True


class Known(Value, frozen=True, kw_only=True):
    """What a layer once came to."""

    kind: str
    level: int
    digest: Digest
    size: Annotated[int, msgspec.Meta(ge=0)]
    repositories: tuple[str, ...] = ()
    """REGISTRY/PATH where it lay afterwards."""


def wish(compression: str, level: int | None, everything: bool) -> Wish:
    """What a person asks for; empty is the default. Raises InvalidInput."""
    kind = compression or "gzip"
    if kind not in _OCI_TYPES:
        raise InvalidInput(f"{kind!a:.40} is no compression of layers", hint="choose gzip, zstd or none")
    if level is not None and level not in LEVELS.get(kind, ()):
        raise InvalidInput(f"{kind} has no level {level}", hint="gzip has 1 to 9, zstd 1 to 19, none has none")
    return Wish(kind=kind, level=level, everything=everything)


def packed(layer: Descriptor, kind: str, digest: str, size: int) -> Descriptor:
    """The descriptor of a layer that has been compressed, in the words of its manifest's family."""
    types = _DOCKER_TYPES if layer.media_type.startswith("application/vnd.docker.") else _OCI_TYPES
    media_type = types.get(kind, _OCI_TYPES[kind])
    return Descriptor(media_type=media_type, digest=digest, size=size, annotations=layer.annotations)


def rewritten(data: bytes, manifest: Manifest, layers: Sequence[Descriptor]) -> tuple[bytes, str]:
    """The manifest with these layers, and its media type: as it came where they are its own, else with all it has.

    One of Docker's becomes OCI's where a layer is compressed in a way that Docker's has no word for.
    """
    if tuple(layers) == manifest.layers:
        return data, manifest.media_type
    config, media_type = manifest.config, manifest.media_type
    if media_type == oci.DOCKER_MANIFEST and any(layer.media_type == oci.LAYER_ZSTD for layer in layers):
        config, media_type, layers = oci.as_oci(config), oci.MANIFEST, [oci.as_oci(layer) for layer in layers]
    document = oci.decode_any(data)
    document |= {"mediaType": media_type, "config": _plain(config), "layers": [_plain(layer) for layer in layers]}
    return oci.encode(document), media_type


class Memory:
    """What is known of one unpacked layer."""

    def __init__(self, store: Store, diff_ids: Sequence[str], index: int) -> None:
        key = store.unpacked.key(diff_ids, index)
        self._path = f"{store.unpacked.folder}/{hexadecimal(key)}/compressed.json" if key else ""

    def all(self) -> tuple[Known, ...]:
        """Everything; nothing where there is none, or it cannot be read."""
        try:
            data = files.read(self._path, limit=_FILE_MAX) if self._path else None
            return msgspec.json.decode(data, type=tuple[Known, ...]) if data else ()
        except (ValueError, msgspec.DecodeError):
            return ()

    def find(self, wanted: Wish) -> Known | None:
        """What the layer comes to, if that is known."""
        level = _level(wanted)
        return next((known for known in self.all() if (known.kind, known.level) == (wanted.kind, level)), None)

    def note(self, wanted: Wish, blob: Descriptor, repository: str) -> None:
        """Remember what the layer has come to, and where it lies now."""
        if not self._path:
            return
        before = self.find(wanted)
        places = before.repositories if before and before.digest == blob.digest else ()
        known = Known(
            kind=wanted.kind,
            level=_level(wanted),
            digest=blob.digest,
            size=blob.size,
            repositories=(*(place for place in places if place != repository), repository)[-_REPOSITORIES_MAX:],
        )
        others = tuple(old for old in self.all() if (old.kind, old.level) != (known.kind, known.level))
        files.replace(self._path, msgspec.json.encode((*others, known)[-_KNOWN_MAX:]), durable=False)


def _level(wanted: Wish) -> int:
    return DEFAULT_LEVELS.get(wanted.kind, 0) if wanted.level is None else wanted.level


def _plain(descriptor: Descriptor) -> dict[str, object]:
    document: dict[str, object] = msgspec.to_builtins(descriptor)
    return document

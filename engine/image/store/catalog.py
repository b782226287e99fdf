"""What an image layout holds, read whole: its images, and the blobs and layers that they need."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from engine.errors import EngineError
from engine.image import oci
from engine.image.oci import Config, Descriptor, Manifest
from engine.image.store.blobs import hexadecimal
from engine.image.store.layout import Layout
from engine.model.image import Image
from engine.state import files


class LayerRecord(msgspec.Struct):
    """layer.json, beside each unpacked layer."""

    version: int
    size_bytes: int


@dataclass(slots=True)
class Contents:
    """Everything that an index leads to."""

    images: list[Image] = field(default_factory=list)
    """Newest first."""
    damaged: dict[str, EngineError] = field(default_factory=dict)
    """Images that cannot be read, by each of their names (by their digest where they have none), and why."""
    blobs: set[str] = field(default_factory=set)
    layers: set[str] = field(default_factory=set)
    """diff_ids."""


def read(layout: Layout, layers_dir: str) -> Contents:
    """Read the index and all that it names. One damaged image does not hide the others."""
    contents = Contents()
    for digest, names in _names(layout.entries()).items():
        try:
            _add(contents, layout, layers_dir, digest, names)
        except EngineError as err:
            contents.damaged.update(dict.fromkeys(names or (digest,), err))
    contents.images.sort(key=lambda image: image.created_ns, reverse=True)
    return contents


def layer_record(size_bytes: int) -> bytes:
    """The content of layer.json."""
    return msgspec.json.encode(LayerRecord(version=1, size_bytes=size_bytes))


def _names(entries: Iterable[Descriptor]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for entry in entries:
        names.setdefault(entry.digest, []).extend([entry.name] if entry.name else [])
    return names


def _add(contents: Contents, layout: Layout, layers_dir: str, digest: str, names: list[str]) -> None:
    manifest = oci.decode(layout.blobs.read(digest), Manifest, f"the manifest {digest}")
    data = layout.blobs.read(manifest.config.digest)
    config = oci.decode(data, Config, f"the image config {manifest.config.digest}")
    contents.blobs |= {digest, manifest.config.digest, *(layer.digest for layer in manifest.layers)}
    contents.layers |= set(config.rootfs.diff_ids)
    image = Image(
        id=manifest.config.digest,
        names=tuple(sorted(names)),
        digest=digest,
        created_ns=oci.time_ns(config.created),
        size_bytes=sum(_layer_size(layers_dir, layer) for layer in config.rootfs.diff_ids),
        layers=config.rootfs.diff_ids,
        config=oci.decode_any(data),
    )
    contents.images.append(image)


def _layer_size(layers_dir: str, diff_id: str) -> int:
    """Bytes of an unpacked layer; 0 where it is not unpacked, or was not recorded."""
    data = files.read(f"{layers_dir}/{hexadecimal(diff_id)}/layer.json", limit=4096)
    try:
        return msgspec.json.decode(data, type=LayerRecord).size_bytes if data else 0
    except msgspec.DecodeError:
        return 0

"""Writes images into one archive, a stream: of Docker's form or of OCI's. The same images give the same bytes.

    docker-archive    manifest.json   HEX.json, the config   HEX.tar, a layer by its diff_id, without compression
    oci-archive       oci-layout      index.json             blobs/sha256/HEX, as in the store or compressed anew

A layer of several images is there once. Readers find files by name, so that the order is ours to choose: what says how
large things are stands behind them. Docker 20.10, podman and skopeo read the first, podman and skopeo the second; in
an index they look for no manifests but OCI's, so that one of Docker's is written anew as OCI has it.
"""

import stat
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from engine.archive.member import Member
from engine.archive.writer import Writer
from engine.errors import InvalidInput
from engine.image import oci
from engine.image.formats import chosen, layers
from engine.image.formats.chosen import Chosen
from engine.image.formats.saying import Say, of_layer
from engine.image.formats.whole import Raw, Whole
from engine.image.oci import Descriptor, Index
from engine.image.store.blobs import hexadecimal, sha256
from engine.image.store.images import Store

KINDS: Final = ("docker-archive", "oci-archive")


def save(
    store: Store,
    names: Sequence[str],
    output: Raw,
    *,
    kind: str = "docker-archive",
    compression: str = "",
    level: int | None = None,
    say: Say,
) -> None:
    """Write the images of these names, ids or digests.

    `compression` is of the layers in an OCI archive: none, gzip or zstd; empty leaves them as they are. Raises
    NotFound, InvalidInput, and EngineError where something of an image is damaged: the archive is useless then.
    """
    if kind not in KINDS:
        raise InvalidInput(f"there is no archive of the kind {kind!r}", hint=f"there are {' and '.join(KINDS)}")
    if kind == "docker-archive" and compression not in ("", "none"):
        raise InvalidInput(
            "layers in a docker-archive are not compressed",
            hint="use --format oci-archive, or compress the whole: qd save ... | gzip",
        )
    with store.adding():  # so that nobody throws away what is being read
        images = chosen.choose(store, names)
        archive = _Archive(store, Writer(Whole(output)), say)
        if kind == "docker-archive":
            archive.write_docker(images)
        else:
            archive.write_oci(images, compression, level)


class _Archive:
    """One archive that is being written."""

    def __init__(self, store: Store, writer: Writer, say: Say) -> None:
        self._store = store
        self._blobs = store.layout.blobs
        self._writer = writer
        self._say = say
        self._done: dict[str, Descriptor] = {}
        """Layers that are in the archive, by the digest in the store."""
        self._written: set[str] = set()
        """Names of files."""

    def write_docker(self, images: Sequence[Chosen]) -> None:
        """manifest.json stands last."""
        entries = []
        for image in images:
            names = [self._plain_layer(image, index) for index in range(len(image.manifest.layers))]
            config = f"{hexadecimal(image.image.id)}.json"
            self._document(config, image.config_data)
            entries.append({"Config": config, "RepoTags": list(image.names) or None, "Layers": names})
        self._document("manifest.json", msgspec.json.encode(entries))
        self._writer.close()

    def write_oci(self, images: Sequence[Chosen], compression: str, level: int | None) -> None:
        """index.json stands last but one."""
        for folder in ("blobs", "blobs/sha256"):
            self._writer.add(Member(path=folder.encode(), kind=stat.S_IFDIR, mode=0o755))
        entries = [entry for image in images for entry in self._image(image, compression, level)]
        self._document("index.json", oci.encode(Index(manifests=tuple(entries))))
        self._document("oci-layout", oci.LAYOUT)
        self._writer.close()

    def _plain_layer(self, image: Chosen, index: int) -> str:
        layer, diff_ids = image.manifest.layers[index], image.config.rootfs.diff_ids
        name = f"{hexadecimal(diff_ids[index])}.tar"
        if name not in self._written:
            size = layers.plain_size(self._store, layer, diff_ids, index)
            progress = of_layer(self._say, diff_ids[index], "saving")
            self._file(name, size, layers.plain(self._blobs, layer, diff_ids[index], size, progress))
        return name

    def _image(self, image: Chosen, compression: str, level: int | None) -> list[Descriptor]:
        """Write an image's blobs; its entries for the index, one for each name."""
        found = []
        for layer, diff_id in zip(image.manifest.layers, image.config.rootfs.diff_ids, strict=True):
            found.append(self._layer(layer, diff_id, compression or oci.LAYERS[layer.media_type], level))
        self._blob(image.config_data)
        data, media_type = image.manifest_data, image.manifest.media_type
        if tuple(found) != image.manifest.layers or media_type != oci.MANIFEST:
            data, media_type = _rewritten(image, found), oci.MANIFEST
        self._blob(data)
        pointer = Descriptor(media_type=media_type, digest=sha256(data), size=len(data), platform=image.config.platform)
        return [
            msgspec.structs.replace(pointer, annotations={oci.REF_NAME: name} if name else {})
            for name in image.names or ("",)
        ]

    def _layer(self, layer: Descriptor, diff_id: str, kind: str, level: int | None) -> Descriptor:
        """Write a layer, compressed anew where it is otherwise compressed; what a manifest says of it."""
        if layer.digest in self._done:
            return self._done[layer.digest]
        if oci.LAYERS[layer.media_type] == kind:
            progress = of_layer(self._say, layer.digest, "saving")
            self._file(_blob_name(layer.digest), layer.size, layers.stored(self._blobs, layer, progress))
            return self._done.setdefault(layer.digest, layer)
        progress = of_layer(self._say, layer.digest, "compressing")
        with layers.recompressed(self._blobs, layer, diff_id, kind, level, progress) as new:
            self._file(_blob_name(new.descriptor.digest), new.descriptor.size, layers.of_file(new.path))
        return self._done.setdefault(layer.digest, new.descriptor)

    def _blob(self, data: bytes) -> None:
        self._document(_blob_name(sha256(data)), data)

    def _document(self, name: str, data: bytes) -> None:
        self._file(name, len(data), (data,))

    def _file(self, name: str, size: int, content: Iterable[bytes]) -> None:
        """A file that is not there yet."""
        if name not in self._written:
            self._written.add(name)
            self._writer.add(Member(path=name.encode(), kind=stat.S_IFREG, mode=0o644, size=size), content)


def _rewritten(image: Chosen, found: Sequence[Descriptor]) -> bytes:
    """The manifest with other layers, as OCI has it."""
    annotations = [layer.annotations for layer in image.manifest.layers]
    described = (
        msgspec.structs.replace(oci.as_oci(layer), annotations=old)
        for layer, old in zip(found, annotations, strict=True)
    )
    return oci.encode(
        msgspec.structs.replace(
            image.manifest, media_type=oci.MANIFEST, config=oci.as_oci(image.manifest.config), layers=tuple(described)
        )
    )


def _blob_name(digest: str) -> str:
    return f"blobs/sha256/{hexadecimal(digest)}"

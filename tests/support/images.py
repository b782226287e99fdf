"""Images for tests of the store: of Docker or of OCI, of as many layers as wanted, without any registry."""

import gzip
import io
import os
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from engine.image import oci
from engine.image.oci import Descriptor, Manifest
from engine.image.store.blobs import sha256
from engine.image.store.images import Store
from engine.image.store.ingest import unpack_layer
from engine.image.store.unpacked import LayerRecord, chain_id
from engine.model import Image

CREATED = "2024-01-01T00:00:00Z"
Files = Mapping[str, bytes]


class Layer(NamedTuple):
    """A layer as it may come."""

    blob: bytes
    diff_id: str
    media_type: str = oci.LAYER_GZIP

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(media_type=self.media_type, digest=sha256(self.blob), size=len(self.blob))


def archive(files: Files) -> bytes:
    """A tar archive of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def layer(files: Files, media_type: str = oci.LAYER_GZIP) -> Layer:
    """A layer of these files, compressed as its type says, if that is gzip."""
    tar = archive(files)
    return Layer(gzip.compress(tar, mtime=0) if media_type.endswith("gzip") else tar, sha256(tar), media_type)


def config(layers: Sequence[Layer], **fields: Any) -> dict[str, Any]:
    """The config of an image of these layers."""
    diff_ids = [one.diff_id for one in layers]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    return {"created": CREATED, "architecture": "amd64", "os": "linux", "rootfs": rootfs, **fields}


def manifest(document: bytes, layers: Sequence[Layer], *, docker: bool = False) -> bytes:
    """The manifest of an image with this config."""
    kind = oci.DOCKER_CONFIG if docker else oci.CONFIG
    pointer = Descriptor(media_type=kind, digest=sha256(document), size=len(document))
    made = Manifest(
        media_type=oci.DOCKER_MANIFEST if docker else oci.MANIFEST,
        config=pointer,
        layers=tuple(one.descriptor for one in layers),
    )
    return oci.encode(made)


def put_blob(store: Store, data: bytes) -> None:
    """Keep a blob."""
    store.layout.blobs.add(data)


def put_layer(store: Store, layers: Sequence[Layer], index: int, files: Files, *, depends: bool = False) -> None:
    """Keep a layer, its blob and its files, as if it had been unpacked."""
    put_blob(store, layers[index].blob)
    diff_ids = [one.diff_id for one in layers[: index + 1]]
    with store.unpacked.growing() as folder:
        for name, data in files.items():
            path = f"{folder}/fs/{name}"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        record = LayerRecord(size_bytes=sum(map(len, files.values())), tar_bytes=len(archive(files)), depends=depends)
        store.unpacked.keep(folder, chain_id(diff_ids) if depends else diff_ids[-1], record)


def add(
    store: Store, name: str | None, *files: Files, docker: bool = False, origins: Sequence[str] = (), **fields: Any
) -> Image:
    """An image of one layer for each of `files`; `fields` are of its config."""
    kind = oci.DOCKER_LAYER_GZIP if docker else oci.LAYER_GZIP
    layers = [layer(one, kind) for one in files]
    document = oci.encode(config(layers, **fields))
    with store.adding():
        for index, one in enumerate(files):
            if store.layer_place([made.diff_id for made in layers], index) is None:
                put_layer(store, layers, index, one)
            put_blob(store, layers[index].blob)
        put_blob(store, document)
        return store.add_manifest(manifest(document, layers, docker=docker), "", name, origins)


def pull(store: Store, name: str, layers: Sequence[Layer]) -> Image:
    """What a pull does to the store: blobs, layers unpacked from them, manifest, name."""
    document = oci.encode(config(layers))
    descriptors, diff_ids = [one.descriptor for one in layers], [one.diff_id for one in layers]
    with store.adding():
        for index, one in enumerate(layers):
            put_blob(store, one.blob)
            unpack_layer(store, descriptors, diff_ids, index)
        put_blob(store, document)
        return store.add_manifest(manifest(document, layers), oci.MANIFEST, name)

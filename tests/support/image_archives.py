"""Archives of images as other tools would write them, made by `tarfile`, right or wrong in any one place."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

OCI = "application/vnd.oci.image"
MANIFEST = f"{OCI}.manifest.v1+json"
INDEX = f"{OCI}.index.v1+json"
LAYER = f"{OCI}.layer.v1.tar"
REF_NAME = "org.opencontainers.image.ref.name"
CREATED = "2024-01-01T00:00:00Z"

Files = dict[str, bytes | tarfile.TarInfo]
"""What is in an archive: content of a file, or a member of another kind."""


class Piece(NamedTuple):
    """A blob and what points at it."""

    data: bytes
    descriptor: dict[str, Any]


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tar(files: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """An archive of files in their order, owned by whoever runs the test."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.uid, member.gid = os.getuid(), os.getgid()
            if isinstance(content, bytes):
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            else:
                archive.addfile(member)
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """A link for `tar`."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def special(name: str, kind: bytes) -> tarfile.TarInfo:
    """A fifo or a device for `tar`."""
    member = tarfile.TarInfo(name)
    member.type = kind
    return member


def layer(content: str = "x", name: str = "file") -> bytes:
    """A layer of one file."""
    return tar({name: content.encode()})


def config(layers: Iterable[bytes], **fields: Any) -> bytes:
    """An image config of layers without compression."""
    document = {
        "created": CREATED,
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [sha256(data) for data in layers]},
        **fields,
    }
    return json.dumps(document).encode()


def docker(images: Iterable[tuple[list[str] | None, list[bytes]]]) -> Files:
    """The files of a docker-archive as Docker 20.10 writes it: (names, layers from the bottom up) of each image."""
    files: Files = {}
    entries = []
    for names, layers in images:
        folders = [hashlib.sha256(b"folder of " + data).hexdigest() for data in layers]
        for folder, data in zip(folders, layers, strict=True):
            files |= {f"{folder}/VERSION": b"1.0", f"{folder}/json": b"{}", f"{folder}/layer.tar": data}
        document = config(layers)
        name = f"{sha256(document)[7:]}.json"
        files[name] = document
        entries.append({"Config": name, "RepoTags": names, "Layers": [f"{folder}/layer.tar" for folder in folders]})
    return {**files, "manifest.json": json.dumps(entries).encode()}


def piece(data: bytes, media_type: str, **fields: Any) -> Piece:
    """A blob."""
    return Piece(data, {"mediaType": media_type, "digest": sha256(data), "size": len(data), **fields})


def image(layers: list[bytes], *, compressed: bool = True, **fields: Any) -> list[Piece]:
    """The blobs of one image, its manifest last."""
    kind = f"{LAYER}+gzip" if compressed else LAYER
    blobs = [piece(gzip.compress(data, mtime=0) if compressed else data, kind) for data in layers]
    document = piece(config(layers, **fields), f"{OCI}.config.v1+json")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": document.descriptor,
        "layers": [blob.descriptor for blob in blobs],
    }
    return [*blobs, document, piece(json.dumps(manifest).encode(), MANIFEST)]


def index(entries: Iterable[dict[str, Any]]) -> bytes:
    """An index of descriptors."""
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)}).encode()


def named(descriptor: dict[str, Any], name: str, key: str = REF_NAME) -> dict[str, Any]:
    """A descriptor with a name for an index."""
    return {**descriptor, "annotations": {key: name}}


def layout(entries: Iterable[dict[str, Any]], pieces: Iterable[Piece]) -> Files:
    """The files of an OCI layout."""
    blobs = {f"blobs/sha256/{piece.descriptor['digest'][7:]}": piece.data for piece in pieces}
    return {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": index(entries), **blobs}

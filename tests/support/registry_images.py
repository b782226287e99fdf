"""Images put into a registry request by request, so that a test knows every byte of them."""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from support import images
from support.images import Layer
from support.waiting import SLOW

from engine.image import oci
from engine.image.store.blobs import sha256


class Served(NamedTuple):
    """An image as a registry has it."""

    manifest: bytes
    media_type: str
    config: bytes
    layers: tuple[Layer, ...]

    @property
    def digest(self) -> str:
        """Of the manifest."""
        return sha256(self.manifest)

    @property
    def id(self) -> str:
        """Of the config."""
        return sha256(self.config)

    @property
    def digests(self) -> list[str]:
        """Of everything that its tag leads to."""
        return [self.digest, self.id, *(layer.descriptor.digest for layer in self.layers)]


def put(
    host: str, repository: str, tag: str, layers: Sequence[Layer], *, docker: bool = False, **fields: Any
) -> Served:
    """Put an image of these layers under a tag of a plain registry without passwords."""
    config = json.dumps(images.config(layers, **fields)).encode()
    manifest = images.manifest(config, layers, docker=docker)
    media_type = oci.DOCKER_MANIFEST if docker else oci.MANIFEST
    for data in (config, *(layer.blob for layer in layers)):
        put_blob(host, repository, data)
    put_manifest(host, repository, tag, manifest, media_type)
    return Served(manifest, media_type, config, tuple(layers))


def put_index(host: str, repository: str, tag: str, served: Mapping[str, Served], *, docker: bool = False) -> bytes:
    """Put an index under a tag, of images that are there, by their platforms."""
    entries = []
    for platform, image in served.items():
        words = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
        size = len(image.manifest)
        entries.append({"mediaType": image.media_type, "digest": image.digest, "size": size, "platform": words})
    media_type = oci.DOCKER_INDEX if docker else oci.INDEX
    index = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}).encode()
    put_manifest(host, repository, tag, index, media_type)
    return index


def put_blob(host: str, repository: str, data: bytes) -> str:
    """Put a blob; its digest."""
    begun = _request("POST", f"http://{host}/v2/{repository}/blobs/uploads/", b"")
    location, digest = begun["location"], sha256(data)
    _request("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", data)
    return digest


def put_manifest(host: str, repository: str, tag: str, data: bytes, media_type: str) -> None:
    """Put a manifest or an index."""
    _request("PUT", f"http://{host}/v2/{repository}/manifests/{tag}", data, media_type)


def _request(method: str, url: str, data: bytes, content_type: str = "application/octet-stream") -> dict[str, str]:
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=30 * SLOW) as answer:
        return {name.lower(): value for name, value in answer.headers.items()}

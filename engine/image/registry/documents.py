"""Fetches manifests, indexes and configs: bounded, and each is what its digest says.

    GET /v2/NAME/manifests/REFERENCE       a tag or a digest; Docker-Content-Digest says what it is
    GET /v2/NAME/blobs/DIGEST              the config

Source: distribution-spec 1.1, "Pulling manifests".
"""

from http import HTTPStatus
from typing import Final, NamedTuple

from engine.errors import InvalidInput
from engine.image import oci, platform
from engine.image.oci import Descriptor, Index, Manifest, Platform
from engine.image.registry.http.transport import Registry
from engine.image.store.blobs import sha256

_DEPTH_MAX: Final = 4
"""Indexes within indexes."""


class Found(NamedTuple):
    """The manifest of one image, and how it was found."""

    data: bytes
    """As it came."""
    manifest: Manifest
    digest: str
    indexes: tuple[str, ...]
    """Digests of the indexes that led to it, outermost first."""

    @property
    def named(self) -> str:
        """The digest of what the reference itself means: the outermost index, or the manifest."""
        return self.indexes[0] if self.indexes else self.digest


def find(registry: Registry, wanted: str, machine: Platform) -> Found:
    """The manifest for a platform that a tag or a digest leads to.

    Raises NotFound where there is none, InvalidInput for what is not what it should be.
    """
    data, content_type = _fetch(registry, wanted)
    document, indexes = oci.read_manifest(data, content_type), []
    while isinstance(document, Index):
        indexes.append(sha256(data))
        if len(indexes) > _DEPTH_MAX:
            raise InvalidInput(f"there are more than {_DEPTH_MAX} indexes within each other")
        entry = platform.choose(document, machine)
        data, document = _entry(registry, entry)
    oci.check_image(document)
    return Found(data, document, sha256(data), tuple(indexes))


def config(registry: Registry, pointer: Descriptor) -> bytes:
    """The config that a manifest points at, checked against it. Raises InvalidInput."""
    answer = registry.request("GET", f"blobs/{pointer.digest}", expected={HTTPStatus.OK})
    return _same(answer.content, pointer)


def _entry(registry: Registry, entry: Descriptor) -> tuple[bytes, Manifest | Index]:
    """What an entry of an index points at. Its type there is a claim as good as the registry's."""
    data, content_type = _fetch(registry, entry.digest)
    _same(data, entry)
    oci.read_manifest(data, content_type)
    return data, oci.read_manifest(data, entry.media_type)


def _fetch(registry: Registry, wanted: str) -> tuple[bytes, str]:
    """A manifest by tag or digest, and its Content-Type."""
    headers = {"Accept": ", ".join(oci.ACCEPTED)}
    answer = registry.request("GET", f"manifests/{wanted}", headers=headers, expected={HTTPStatus.OK})
    _check_digest(sha256(answer.content), wanted, answer.headers.get("Docker-Content-Digest", ""))
    return answer.content, answer.headers.get("Content-Type", "")


def _check_digest(found: str, wanted: str, claimed: str) -> None:
    if ":" in wanted and found != wanted:
        raise InvalidInput(f"the registry sent {found} as {wanted}", hint="do not trust it, or what is in between")
    if claimed and oci.read_digest(claimed) != found:
        raise InvalidInput(
            f"the registry says that its answer is {claimed}, but it is {found}",
            hint="something between here and the registry has changed it: try again",
        )


def _same(data: bytes, pointer: Descriptor) -> bytes:
    if len(data) != pointer.size or sha256(data) != pointer.digest:
        raise InvalidInput(
            f"what the registry sent as {pointer.digest} is {sha256(data)} of {len(data)} bytes and not {pointer.size}",
            hint="do not trust it, or what is in between",
        )
    return data

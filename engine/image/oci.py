"""The JSON documents of an OCI image layout, as far as the engine reads them.

Source: OCI image-spec, descriptor.md, manifest.md, image-index.md, image-layout.md, config.md.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec

from engine.errors import EngineError
from engine.model.value import Value

LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
REF_NAME: Final = "org.opencontainers.image.ref.name"
"""The annotation of an index entry that holds the image's full reference."""

DOCUMENT_MAX: Final = 4 << 20
"""Bytes of one document, as registries bound it."""
LAYERS_MAX: Final = 500

Digest = Annotated[str, msgspec.Meta(pattern=r"\Asha256:[0-9a-f]{64}\Z")]
T = TypeVar("T", bound=Value)


class Descriptor(Value, frozen=True, kw_only=True, rename="camel"):
    """What points at a blob."""

    media_type: str
    digest: Digest
    size: Annotated[int, msgspec.Meta(ge=0)]
    annotations: dict[str, str] = {}

    @property
    def name(self) -> str:
        """The full reference, or empty."""
        return self.annotations.get(REF_NAME, "")


class Manifest(Value, frozen=True, kw_only=True, rename="camel", omit_defaults=False):
    """One image for one platform."""

    schema_version: int = 2
    media_type: str = MANIFEST
    config: Descriptor
    layers: Annotated[tuple[Descriptor, ...], msgspec.Meta(max_length=LAYERS_MAX)]


class Index(Value, frozen=True, kw_only=True, rename="camel", omit_defaults=False):
    """What a layout holds: one entry for each name of each image, and one for an image without."""

    schema_version: int = 2
    media_type: str = INDEX
    manifests: tuple[Descriptor, ...] = ()


class RootFs(Value, frozen=True, kw_only=True):
    """The layers of a config, from the bottom up."""

    diff_ids: Annotated[tuple[Digest, ...], msgspec.Meta(max_length=LAYERS_MAX)]
    type: str = "layers"


class Config(Value, frozen=True, kw_only=True):
    """The fields of an image config that the store goes by; the rest passes through unread."""

    rootfs: RootFs
    created: str = ""


def decode(data: bytes, kind: type[T], what: str) -> T:
    """A document, checked. Raises EngineError, which calls it `what`."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise EngineError(f"{what} is damaged: {err}", hint="remove the image and get it again") from err


def decode_any(data: bytes) -> dict[str, Any]:
    """A document that has been checked already, whole."""
    document: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
    return document


def encode(document: Value | dict[str, Any]) -> bytes:
    """A document as it is stored: without spaces, in a fixed order, so that equal content has equal digests."""
    return msgspec.json.encode(document, order="deterministic")


def time_ns(created: str) -> int:
    """An RFC 3339 time in nanoseconds since the epoch; 0 where it is none."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1000)

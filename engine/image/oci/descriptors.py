"""Descriptors, manifests, indexes and configs as values. A field that is null in a document is one that is missing.

Source: OCI image-spec 1.1, descriptor.md, manifest.md, image-index.md, config.md.
"""

from typing import Annotated, Any, Final

import msgspec

from engine.image.oci.media_types import INDEX, MANIFEST
from engine.model.value import Value

REF_NAME: Final = "org.opencontainers.image.ref.name"
"""The annotation of an index entry that holds the image's full reference."""
ORIGINS: Final = "quarterdeck.origins"
"""The annotation of an index entry of ours that holds, with spaces between, under which digests of which repositories
the image was got: `docker.io/library/alpine@sha256:...`, where the digest is that of an index which led to it."""
ORIGINAL: Final = "quarterdeck.manifest"
"""The annotation of an index entry of ours, and of what it points at, that holds the digest of the manifest as it came,
where that is Docker's: the entry points at one of OCI for the same config and layers, since what reads layouts reads
no other."""

LAYERS_MAX: Final = 500
SIZE_MAX: Final = 1 << 50
"""Bytes that a descriptor may promise: more is no blob but an attack on arithmetic."""

Digest = Annotated[str, msgspec.Meta(pattern=r"\Asha256:[0-9a-f]{64}\Z")]


class Platform(Value, frozen=True, kw_only=True):
    """For which machines an image is. Empty is not said."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(Value, frozen=True, kw_only=True, rename="camel"):
    """What points at a blob."""

    media_type: str
    digest: Digest
    size: Annotated[int, msgspec.Meta(ge=0, le=SIZE_MAX)]
    annotations: dict[str, str] = {}
    urls: tuple[str, ...] = ()
    """Where else the blob is said to lie. The engine never goes there."""
    platform: Platform | None = None
    artifact_type: str = ""

    @property
    def name(self) -> str:
        """The full reference, or empty."""
        return self.annotations.get(REF_NAME, "")

    @property
    def original(self) -> str:
        """The digest of the manifest as it came."""
        return self.annotations.get(ORIGINAL, self.digest)

    @property
    def origins(self) -> tuple[str, ...]:
        """References with the digests under which the image was got."""
        return tuple(self.annotations.get(ORIGINS, "").split())


class Manifest(Value, frozen=True, kw_only=True, rename="camel", omit_defaults=False):
    """One image for one platform."""

    schema_version: int = 2
    media_type: str = MANIFEST
    config: Descriptor
    layers: Annotated[tuple[Descriptor, ...], msgspec.Meta(max_length=LAYERS_MAX)]
    annotations: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    artifact_type: str | msgspec.UnsetType = msgspec.UNSET


class Index(Value, frozen=True, kw_only=True, rename="camel", omit_defaults=False):
    """Several images under one name, one for each platform.

    Also what a layout holds: one entry for each name of each image, and one for an image without.
    """

    schema_version: int = 2
    media_type: str = INDEX
    manifests: tuple[Descriptor, ...] = ()


class RootFs(Value, frozen=True, kw_only=True):
    """The layers of a config, from the bottom up."""

    diff_ids: Annotated[tuple[Digest, ...], msgspec.Meta(max_length=LAYERS_MAX)] = ()
    type: str = "layers"


class History(Value, frozen=True, kw_only=True):
    """How one layer came to be, or a change of the config alone."""

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


class Config(Value, frozen=True, kw_only=True):
    """The fields of an image config that the store goes by; the rest passes through unread."""

    rootfs: RootFs
    created: str = ""
    author: str = ""
    architecture: str = ""
    os: str = ""
    variant: str = ""
    config: dict[str, Any] = {}
    history: tuple[History, ...] = ()

    @property
    def platform(self) -> Platform:
        """For which machines the image says it is."""
        return Platform(os=self.os, architecture=self.architecture, variant=self.variant)

"""What documents and layers say they are.

Source: OCI image-spec 1.1, media-types.md and layer.md; Docker's image manifest version 2, schema 2.
"""

from collections.abc import Mapping
from typing import Final

LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'

_OCI: Final = "application/vnd.oci.image"
_DOCKER: Final = "application/vnd.docker"

MANIFEST: Final = f"{_OCI}.manifest.v1+json"
INDEX: Final = f"{_OCI}.index.v1+json"
CONFIG: Final = f"{_OCI}.config.v1+json"
DOCKER_MANIFEST: Final = f"{_DOCKER}.distribution.manifest.v2+json"
DOCKER_INDEX: Final = f"{_DOCKER}.distribution.manifest.list.v2+json"
DOCKER_CONFIG: Final = f"{_DOCKER}.container.image.v1+json"

MANIFESTS: Final = frozenset({MANIFEST, DOCKER_MANIFEST})
INDEXES: Final = frozenset({INDEX, DOCKER_INDEX})
CONFIGS: Final = frozenset({CONFIG, DOCKER_CONFIG})
ACCEPTED: Final = (MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX)
"""What a registry is asked for, in the order of preference."""
SCHEMA_1: Final = frozenset(
    {f"{_DOCKER}.distribution.manifest.v1+json", f"{_DOCKER}.distribution.manifest.v1+prettyjws"}
)
GENERIC: Final = frozenset({"", "application/json", "application/octet-stream", "binary/octet-stream", "text/plain"})
"""Content types of servers that do not know what they serve: no claim, and so no lie."""

LAYER: Final = f"{_OCI}.layer.v1.tar"
LAYER_GZIP: Final = f"{LAYER}+gzip"
LAYER_ZSTD: Final = f"{LAYER}+zstd"
DOCKER_LAYER: Final = f"{_DOCKER}.image.rootfs.diff.tar"
DOCKER_LAYER_GZIP: Final = f"{DOCKER_LAYER}.gzip"
DOCKER_LAYER_ZSTD: Final = f"{DOCKER_LAYER}.zstd"

LAYERS: Final[Mapping[str, str]] = {
    LAYER: "none",
    LAYER_GZIP: "gzip",
    LAYER_ZSTD: "zstd",
    DOCKER_LAYER: "none",
    DOCKER_LAYER_GZIP: "gzip",
    DOCKER_LAYER_ZSTD: "zstd",
}
"""How a layer of each type that the engine unpacks is compressed, as `engine.archive` calls it."""

AS_OCI: Final[Mapping[str, str]] = {
    DOCKER_CONFIG: CONFIG,
    DOCKER_MANIFEST: MANIFEST,
    DOCKER_INDEX: INDEX,
    DOCKER_LAYER: LAYER,
    DOCKER_LAYER_GZIP: LAYER_GZIP,
    DOCKER_LAYER_ZSTD: LAYER_ZSTD,
}
"""OCI's name for the same content."""


def is_elsewhere(media_type: str) -> bool:
    """Whether layers of this type are kept out of registries, to be fetched from some address instead."""
    return ".nondistributable." in media_type or media_type.startswith(f"{_DOCKER}.image.rootfs.foreign.")


def without_parameters(content_type: str) -> str:
    """The type of a Content-Type header alone, in lower case."""
    return content_type.partition(";")[0].strip().lower()

"""The JSON documents of images: descriptors, manifests, indexes and configs, of OCI and of Docker.

    media_types    what a document or a layer says it is
    descriptors    the documents as values
    documents      reading and writing them; strict with what strangers wrote
    checks         what an image has to be before it is kept
    conversion     Docker's documents in OCI's words

Source: OCI image-spec 1.1, and Docker's image manifest version 2, schema 2.
"""

from engine.image.oci.checks import check_image, check_layers
from engine.image.oci.conversion import as_oci, oci_twin
from engine.image.oci.descriptors import (
    LAYERS_MAX,
    ORIGINAL,
    ORIGINS,
    REF_NAME,
    Config,
    Descriptor,
    Digest,
    History,
    Index,
    Manifest,
    Platform,
    RootFs,
)
from engine.image.oci.documents import (
    DOCUMENT_MAX,
    decode,
    decode_any,
    encode,
    read_config,
    read_digest,
    read_manifest,
    time_ns,
)
from engine.image.oci.media_types import (
    ACCEPTED,
    CONFIG,
    DOCKER_CONFIG,
    DOCKER_INDEX,
    DOCKER_LAYER,
    DOCKER_LAYER_GZIP,
    DOCKER_LAYER_ZSTD,
    DOCKER_MANIFEST,
    INDEX,
    INDEXES,
    LAYER,
    LAYER_GZIP,
    LAYER_ZSTD,
    LAYERS,
    LAYOUT,
    MANIFEST,
    MANIFESTS,
)

__all__ = [
    "ACCEPTED",
    "CONFIG",
    "DOCKER_CONFIG",
    "DOCKER_INDEX",
    "DOCKER_LAYER",
    "DOCKER_LAYER_GZIP",
    "DOCKER_LAYER_ZSTD",
    "DOCKER_MANIFEST",
    "DOCUMENT_MAX",
    "INDEX",
    "INDEXES",
    "LAYER",
    "LAYERS",
    "LAYERS_MAX",
    "LAYER_GZIP",
    "LAYER_ZSTD",
    "LAYOUT",
    "MANIFEST",
    "MANIFESTS",
    "ORIGINAL",
    "ORIGINS",
    "REF_NAME",
    "Config",
    "Descriptor",
    "Digest",
    "History",
    "Index",
    "Manifest",
    "Platform",
    "RootFs",
    "as_oci",
    "check_image",
    "check_layers",
    "decode",
    "decode_any",
    "encode",
    "oci_twin",
    "read_config",
    "read_digest",
    "read_manifest",
    "time_ns",
]

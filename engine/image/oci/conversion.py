"""Docker's documents in OCI's words: what they point at is the same, byte by byte.

Source: OCI image-spec 1.1, media-types.md, "Compatibility Matrix".
"""

import msgspec

from engine.image.oci import media_types
from engine.image.oci.descriptors import ORIGINAL, Descriptor, Manifest


def as_oci(descriptor: Descriptor) -> Descriptor:
    """The same blob under OCI's name for it, for a manifest of OCI."""
    known = media_types.AS_OCI.get(descriptor.media_type, descriptor.media_type)
    return msgspec.structs.replace(descriptor, media_type=known)


def oci_twin(manifest: Manifest, digest: str) -> Manifest | None:
    """A manifest of OCI for the image of one that is not, whose digest is this and is noted in it; None where it is."""
    twin = msgspec.structs.replace(
        manifest,
        media_type=media_types.MANIFEST,
        config=as_oci(manifest.config),
        layers=tuple(map(as_oci, manifest.layers)),
    )
    if twin == manifest:
        return None
    return msgspec.structs.replace(twin, annotations={**(manifest.annotations or {}), ORIGINAL: digest})

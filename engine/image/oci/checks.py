"""What an image has to be before it is fetched or kept; everything else is refused in words.

Source: OCI image-spec 1.1, manifest.md, "Guidelines for Artifact Usage", and layer.md, "Non-Distributable Layers".
"""

from engine.errors import InvalidInput
from engine.image.oci import media_types
from engine.image.oci.descriptors import Config, Descriptor, Manifest
from engine.image.oci.documents import DOCUMENT_MAX, shown


def check_image(manifest: Manifest) -> None:
    """The manifest is that of an image which the engine can keep and run. Raises InvalidInput."""
    if manifest.config.media_type not in media_types.CONFIGS:
        word = manifest.artifact_type or manifest.config.media_type
        raise InvalidInput(
            f"this is not an image of a file system but an artifact of the type {shown(word)}",
            hint="it can neither be unpacked nor run; get it with a tool made for it",
        )
    if manifest.config.size > DOCUMENT_MAX:
        raise InvalidInput(f"the image config is said to have {manifest.config.size} bytes, more than {DOCUMENT_MAX}")
    for layer in manifest.layers:
        _check_layer(layer)


def check_layers(manifest: Manifest, config: Config) -> None:
    """The config knows as many layers as the manifest has. Raises InvalidInput."""
    known, there = len(config.rootfs.diff_ids), len(manifest.layers)
    if known != there:
        raise InvalidInput(f"the image has {there} layers, but its config knows {known}", hint="it was made wrongly")


def _check_layer(layer: Descriptor) -> None:
    if media_types.is_elsewhere(layer.media_type) or layer.urls:
        raise InvalidInput(
            f"the layer {layer.digest[:19]} is a foreign one, which is to be fetched from an address in the manifest",
            hint="the engine fetches layers from registries alone; images of Windows have such layers",
        )
    if layer.media_type not in media_types.LAYERS:
        raise InvalidInput(
            f"the layer {layer.digest[:19]} is of the unknown type {shown(layer.media_type)}",
            hint="layers are tar archives: plain, or compressed with gzip or zstd",
        )

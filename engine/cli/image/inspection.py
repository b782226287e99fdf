"""An image in the form of `docker inspect`."""

from typing import Any

from engine.cli.image.names import split_name
from engine.cli.render.human import rfc3339
from engine.model import Image


def image_view(image: Image) -> dict[str, Any]:
    """The object of one image."""
    return {
        "Id": image.id,
        "RepoTags": list(image.names),
        "RepoDigests": sorted({f"{split_name(name)[0]}@{image.digest}" for name in image.names}),
        "Created": rfc3339(image.created_ns),
        "Architecture": image.config.get("architecture", ""),
        "Os": image.config.get("os", ""),
        "Size": image.size_bytes,
        "Config": image.config.get("config") or {},
        "RootFS": {"Type": "layers", "Layers": list(image.layers)},
    }

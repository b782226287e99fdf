"""An image in the form of `docker inspect`."""

from typing import Any

from engine.cli.render.human import rfc3339
from engine.model import Image


def image_view(image: Image) -> dict[str, Any]:
    """The object of one image."""
    return {
        "Id": image.id,
        "RepoTags": [name for name in image.names if "@" not in name],
        "RepoDigests": list(image.repo_digests),
        "Created": rfc3339(image.created_ns),
        "Author": image.author,
        "Architecture": image.architecture,
        "Variant": image.variant,
        "Os": image.os,
        "Size": image.size_bytes,
        "Config": image.config.get("config") or {},
        "RootFS": {"Type": "layers", "Layers": list(image.layers)},
    }

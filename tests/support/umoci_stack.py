"""What umoci unpacks from an image of the given layers."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.other_tools import Tools

_TYPES = "application/vnd.oci.image."


def unpack(tools: Tools, place: Path, layers: Sequence[bytes]) -> str:
    """Make an image of archives, lowest first, have umoci unpack it; the folder of its root."""
    blobs = place / "image/blobs/sha256"
    blobs.mkdir(parents=True)
    diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {
        "schemaVersion": 2,
        "config": _put(blobs, "config.v1+json", json.dumps(config).encode()),
        "layers": [_put(blobs, "layer.v1.tar", layer) for layer in layers],
    }
    pointer = _put(blobs, "manifest.v1+json", json.dumps(manifest).encode())
    index = {"schemaVersion": 2, "manifests": [pointer | {"annotations": {"org.opencontainers.image.ref.name": "it"}}]}
    (place / "image/index.json").write_text(json.dumps(index))
    (place / "image/oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    tools.umoci("unpack", "--image", f"{place}/image:it", f"{place}/bundle")
    return os.fspath(place / "bundle/rootfs")


def _put(blobs: Path, kind: str, data: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": f"{_TYPES}{kind}", "digest": f"sha256:{digest}", "size": len(data)}

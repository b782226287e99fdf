"""Mounts of what the engine itself keeps: volumes, and the files of images."""

from typing import Any, Final, NamedTuple

from engine.model import CreateOptions, ImageMount, VolumeMount

_ONE_LAYER = 1


class Stored(NamedTuple):
    """Where it is."""

    volumes: dict[str, str] = {}
    """Name -> directory of the host."""
    images: dict[str, list[str]] = {}
    """Id -> its layers, top first."""


NOTHING: Final = Stored()


def mounts(options: CreateOptions, stored: Stored, *, mapped: bool) -> list[dict[str, Any]]:
    """Mounts of the OCI runtime-spec; `mapped`: in a user namespace, for which each image is one directory."""
    volumes = [_volume(mount, stored.volumes, mapped) for mount in options.volumes if mount.name in stored.volumes]
    images = [
        _image(mount, stored.images[mount.image], mapped) for mount in options.images if mount.image in stored.images
    ]
    return [*volumes, *images]


def _volume(mount: VolumeMount, folders: dict[str, str], mapped: bool) -> dict[str, Any]:
    words = ["bind", "rprivate", *(["ro"] if mount.read_only else []), *(["idmap"] if mapped else [])]
    return {"destination": mount.target, "type": "bind", "source": folders[mount.name], "options": words}


def _image(mount: ImageMount, layers: list[str], mapped: bool) -> dict[str, Any]:
    """One directory is bound; several lie over each other, which only the host's root could mount."""
    if len(layers) == _ONE_LAYER:
        words = ["bind", "rprivate", "ro", *(["idmap"] if mapped else [])]
        return {"destination": mount.target, "type": "bind", "source": layers[0], "options": words}
    words = [f"lowerdir={':'.join(layers)}", "ro"]
    return {"destination": mount.target, "type": "overlay", "source": "overlay", "options": words}

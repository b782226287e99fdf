"""The `Mounts` of `docker inspect`."""

from typing import Any

from engine.model import Bind, CreateOptions, VolumeMount


def mounts_view(options: CreateOptions, volumes: dict[str, str]) -> list[dict[str, Any]]:
    """What a container sees beside its image. `volumes` are name -> where its files are on the host."""
    images = [_mount("image", mount.image, mount.target, "ro") for mount in options.images]
    tmpfs = [_mount("tmpfs", "", path, mode, read_only=False) for path, mode in sorted(options.tmpfs.items())]
    kept = [_volume(mount, volumes.get(mount.name, "")) for mount in options.volumes]
    return [*map(_bind, options.binds), *kept, *images, *tmpfs]


def _mount(kind: str, source: str, target: str, mode: str, *, read_only: bool = True) -> dict[str, Any]:
    return {
        "Type": kind,
        "Source": source,
        "Destination": target,
        "Mode": mode,
        "RW": not read_only,
        "Propagation": "",
    }


def _bind(bind: Bind) -> dict[str, Any]:
    mode = "ro" if bind.read_only else ""
    mount = _mount("bind", bind.source, bind.target, mode, read_only=bind.read_only)
    return mount | {"Propagation": bind.propagation}


def _volume(volume: VolumeMount, path: str) -> dict[str, Any]:
    source = f"{path}/{volume.subpath}" if volume.subpath else path
    mode = "ro" if volume.read_only else ""
    mount = _mount("volume", source, volume.target, mode, read_only=volume.read_only)
    return {"Name": volume.name, "Driver": "local", **mount}

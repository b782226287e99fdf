"""`--mount type=...,KEY=VALUE`, in Docker's words."""

from collections.abc import Callable
from typing import Any, Final

from engine.cli.parse.mount import PROPAGATIONS, host_path, inside
from engine.cli.parse.size import parse_size
from engine.errors import InvalidInput

_ALIASES: Final = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite"}
_COMMON: Final = {"type", "target", "readonly"}
_KEYS: Final = {
    "bind": {"source", "bind-propagation", "bind-nonrecursive", "readwrite", "consistency"},
    "volume": {"source", "volume-nocopy", "volume-subpath", "readwrite"},
    "tmpfs": {"tmpfs-size", "tmpfs-mode", "readwrite"},
    "image": {"source"},
}
_SWITCHES: Final = ("readonly", "readwrite", "bind-nonrecursive", "volume-nocopy")
_TRUE: Final = ("", "true", "1")
_FALSE: Final = ("false", "0")


def parse_mount(text: str, folder: str) -> dict[str, Any]:
    """Field of `CreateOptions` -> what is added to it; a tmpfs as (path, options). Raises `InvalidInput`."""
    found = _pairs(text)
    kind = found.setdefault("type", "volume")
    if kind not in _KEYS:
        raise InvalidInput(f"'{kind}' in '{text}' is no type of a mount", hint=f"one of {', '.join(_KEYS)}")
    if unknown := set(found) - _COMMON - _KEYS[kind]:
        known = ", ".join(sorted(_COMMON | _KEYS[kind]))
        raise InvalidInput(f"'{min(unknown)}' in '{text}' is no key of such a mount", hint=f"there are: {known}")
    if not found.get("target") or (kind in ("bind", "image") and not found.get("source")):
        raise InvalidInput(f"'{text}' lacks a source or a target", hint="type=bind,source=/srv,target=/srv")
    found["target"] = inside(found["target"], text)
    return _MAKERS[kind](found, folder)


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in text.split(","):
        key, equals, value = word.partition("=")
        key = _ALIASES.get(key, key)
        if key in found or (not equals and key not in _SWITCHES):
            raise InvalidInput(f"'{word}' in '{text}' is no KEY=VALUE", hint="type=volume,source=data,target=/data")
        if key in _SWITCHES and value not in (*_TRUE, *_FALSE):
            raise InvalidInput(f"'{word}' in '{text}' is neither true nor false", hint=f"{key}=true")
        found[key] = value
    return found


def _is_on(found: dict[str, str], key: str) -> bool:
    return found.get(key, "false") in _TRUE


def _read_only(found: dict[str, str]) -> bool:
    return _is_on(found, "readonly") or found.get("readwrite") in _FALSE


def _bind(found: dict[str, str], folder: str) -> dict[str, Any]:
    from engine.model import Bind

    propagation = found.get("bind-propagation", "rprivate")
    if propagation not in PROPAGATIONS:
        raise InvalidInput(f"'{propagation}' is no propagation", hint=f"one of {', '.join(sorted(PROPAGATIONS))}")
    source = host_path(found["source"], folder)
    recursive = not _is_on(found, "bind-nonrecursive")
    mount = Bind(source=source, target=found["target"], read_only=_read_only(found), must_exist=True)
    if propagation == "rprivate" and recursive:
        return {"binds": mount}
    from msgspec.structs import replace

    return {"binds": replace(mount, propagation=propagation, recursive=recursive)}


def _volume(found: dict[str, str], _folder: str) -> dict[str, Any]:
    from engine.model import VolumeMount

    mount = VolumeMount(
        name=found.get("source", ""),
        target=found["target"],
        read_only=_read_only(found),
        copy=not _is_on(found, "volume-nocopy"),
        subpath=found.get("volume-subpath", ""),
    )
    return {"volumes": mount}


def _tmpfs(found: dict[str, str], _folder: str) -> dict[str, Any]:
    words = ["ro"] if _read_only(found) else []
    if "tmpfs-size" in found:
        words.append(f"size={parse_size(found['tmpfs-size'])}")
    if "tmpfs-mode" in found:
        words.append(f"mode={found['tmpfs-mode']}")
    return {"tmpfs": (found["target"], ",".join(words))}


def _image(found: dict[str, str], _folder: str) -> dict[str, Any]:
    from engine.model import ImageMount

    return {"images": ImageMount(image=found["source"], target=found["target"])}


_MAKERS: Final[dict[str, Callable[[dict[str, str], str], dict[str, Any]]]] = {
    "bind": _bind,
    "volume": _volume,
    "tmpfs": _tmpfs,
    "image": _image,
}

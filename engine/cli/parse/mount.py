"""`-v` and `--tmpfs`."""

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from engine.errors import InvalidInput

if TYPE_CHECKING:
    from engine.model import Bind, VolumeMount

PROPAGATIONS: Final = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
_IGNORED: Final = frozenset({"rw", "z", "Z", "cached", "delegated", "consistent"})
"""Words that Docker takes and that change nothing here: read-write is the default, and nothing is relabelled."""


class _Words(NamedTuple):
    read_only: bool = False
    propagation: str = ""
    copy: bool = True


def parse_volume(text: str, folder: str) -> "Bind | VolumeMount":
    """`[HOST:|NAME:]CONTAINER[:OPTIONS]`; a host path that begins with a dot is relative to `folder`, a name is that of
    a volume, and without either it is a volume of the container's own. Raises `InvalidInput`."""
    from engine.model import Bind, VolumeMount

    source, target, options = _split(text)
    words = _options(text, options)
    where = inside(target, text)
    if source.startswith((".", "~", "/")):
        path = host_path(source, folder)
        return Bind(source=path, target=where, read_only=words.read_only, propagation=words.propagation or "rprivate")
    if words.propagation:
        raise InvalidInput(f"'{words.propagation}' in '{text}' is for a directory of the host", hint="leave it out")
    return VolumeMount(name=source, target=where, read_only=words.read_only, copy=words.copy)


def host_path(source: str, folder: str) -> str:
    """A path of the host, as whoever is in `folder` means it."""
    if source.startswith((".", "~")):
        return os.path.normpath(os.path.join(folder, os.path.expanduser(source)))
    return source


def parse_tmpfs(text: str) -> tuple[str, str]:
    """`PATH[:OPTIONS]`, the options as mount(8) takes them. Raises `InvalidInput`."""
    path, _colon, options = text.partition(":")
    return inside(path, text), options


def _split(text: str) -> tuple[str, str, str]:
    parts = text.split(":")
    if len(parts) > 3 or not all(parts):
        raise InvalidInput(f"'{text}' is not a volume", hint="-v HOST_PATH:CONTAINER_PATH[:ro], -v NAME:CONTAINER_PATH")
    if len(parts) == 1:
        return "", parts[0], ""
    return parts[0], parts[1], parts[2] if len(parts) == 3 else ""


def _options(text: str, options: str) -> _Words:
    found = _Words()
    for word in filter(None, options.split(",")):
        if word in ("ro", "readonly"):
            found = found._replace(read_only=True)
        elif word == "nocopy":
            found = found._replace(copy=False)
        elif word in PROPAGATIONS:
            found = found._replace(propagation=word)
        elif word not in _IGNORED:
            raise InvalidInput(f"'{word}' in '{text}' is no option of a volume", hint="ro, rw, or a propagation")
    return found


def inside(path: str, text: str) -> str:
    """A place in the container. Raises `InvalidInput`."""
    if not path.startswith("/") or "\0" in path or os.path.normpath(path).strip("/") == "":
        raise InvalidInput(f"'{path}' in '{text}' is not an absolute path below /", hint="for example /data")
    return os.path.normpath("/" + path.lstrip("/"))

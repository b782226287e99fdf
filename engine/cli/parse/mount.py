"""`-v` and `--tmpfs`."""

import os
from typing import TYPE_CHECKING, Final

from engine.errors import InvalidInput

if TYPE_CHECKING:
    from engine.model import Bind

_PROPAGATIONS: Final = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
_IGNORED: Final = frozenset({"rw", "z", "Z", "nocopy", "cached", "delegated", "consistent"})
"""Words that Docker takes and that change nothing here: read-write is the default, and nothing is relabelled."""


def parse_volume(text: str, folder: str) -> "Bind":
    """`HOST:CONTAINER[:OPTIONS]`; a host path that begins with a dot is relative to `folder`.

    Raises `InvalidInput`; named and anonymous volumes are not there yet.
    """
    from engine.model import Bind

    source, target, options = _split(text)
    if source.startswith((".", "~")):
        source = os.path.normpath(os.path.join(folder, os.path.expanduser(source)))
    if not source.startswith("/"):
        raise InvalidInput(
            f"'{source}' names a volume, and there are no named volumes yet",
            hint=f"bind a directory of the host: -v /srv/{source}:{target}",
        )
    read_only, propagation = _options(text, options)
    return Bind(source=source, target=_inside(target, text), read_only=read_only, propagation=propagation)


def parse_tmpfs(text: str) -> tuple[str, str]:
    """`PATH[:OPTIONS]`, the options as mount(8) takes them. Raises `InvalidInput`."""
    path, _colon, options = text.partition(":")
    return _inside(path, text), options


def _split(text: str) -> tuple[str, str, str]:
    parts = text.split(":")
    if len(parts) == 1:
        raise InvalidInput(
            f"'{text}' asks for an anonymous volume, and there are no volumes yet",
            hint=f"bind a directory of the host: -v /srv/data:{text}",
        )
    if len(parts) > 3 or not all(parts):
        raise InvalidInput(f"'{text}' is not a volume", hint="-v HOST_PATH:CONTAINER_PATH[:ro]")
    return parts[0], parts[1], parts[2] if len(parts) == 3 else ""


def _options(text: str, options: str) -> tuple[bool, str]:
    read_only, propagation = False, "rprivate"
    for word in filter(None, options.split(",")):
        if word in ("ro", "readonly"):
            read_only = True
        elif word in _PROPAGATIONS:
            propagation = word
        elif word not in _IGNORED:
            raise InvalidInput(f"'{word}' in '{text}' is no option of a volume", hint="ro, rw, or a propagation")
    return read_only, propagation


def _inside(path: str, text: str) -> str:
    if not path.startswith("/") or "\0" in path or os.path.normpath(path).strip("/") == "":
        raise InvalidInput(f"'{path}' in '{text}' is not an absolute path below /", hint="for example /data")
    return os.path.normpath("/" + path.lstrip("/"))

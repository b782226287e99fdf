"""Paths of an archive's members, as strangers wrote them, made into paths beneath a layer's root."""

import os
from typing import Final

from engine.archive.refusals import damaged, quoted

PATH_MAX: Final = 4096
"""Characters of a path in a layer: deeper ones could be named by nobody. Source: PATH_MAX of limits.h."""


def beneath(path: bytes) -> str:
    """A path relative to the root, without empty components and dots; empty for the root itself.

    An absolute one counts from the root of the layer. `..` takes the component before it away, whatever that is on
    disk, as all tools have it. Raises InvalidInput where it leads above the root, and for a NUL.
    """
    text = os.fsdecode(path)
    if "\0" in text:
        raise damaged(f"{quoted(path)} has a NUL in its name")
    if "//" not in text and "/." not in text and text[:1] not in ("/", "."):
        return text.rstrip("/")
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            if not parts:
                raise damaged(f"{quoted(path)} leads out of the layer")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def join(folder: str, name: str) -> str:
    """The path of an entry of a directory of the layer. Raises InvalidInput where it is too deep."""
    path = f"{folder}/{name}" if folder else name
    if len(path) > PATH_MAX:
        raise damaged(f"{quoted(os.fsencode(path))} lies too deep, at more than {PATH_MAX} characters")
    return path


def shown(path: str) -> str:
    """A path for a message."""
    return quoted(os.fsencode(path))

"""Ranges of ids of a user namespace, or of a mount that shows other owners. Standard library only.

Source: OCI runtime-spec 1.2, config-linux.md, "User namespace mappings"; user_namespaces(7).
"""

from typing import Any, Final, NamedTuple

from engine.errors import InvalidInput
from engine.sandbox import fields

_IDS: Final = 1 << 32
MAPPINGS_MAX: Final = 340
"""Source: user_namespaces(7), "Defining user and group ID mappings"."""


class Mapping(NamedTuple):
    """A range of ids."""

    inside: int
    outside: int
    size: int


def of_linux(linux: dict[str, Any], kind: str) -> tuple[Mapping, ...]:
    """Those of `uid` or `gid`. Raises `InvalidInput`."""
    return parse(fields.objects(linux, f"{kind}Mappings"), f"{kind} mappings")


def parse(entries: list[dict[str, Any]], what: str) -> tuple[Mapping, ...]:
    """Ranges of ids. Raises `InvalidInput`."""
    found = [Mapping(*(_id(entry, key) for key in ("containerID", "hostID", "size"))) for entry in entries]
    if len(found) > MAPPINGS_MAX:
        raise InvalidInput(f"there are {len(found)} {what}, and {MAPPINGS_MAX} are the most")
    for mapping in found:
        if mapping.size < 1 or min(mapping[:2]) < 0 or max(mapping[:2]) + mapping.size > _IDS:
            raise InvalidInput(
                f"the {what} have a range that is none: {mapping.inside}:{mapping.outside}:{mapping.size}"
            )
    return tuple(found)


def _id(entry: dict[str, Any], key: str) -> int:
    return fields.number(entry.get(key, 0), key, range(_IDS))

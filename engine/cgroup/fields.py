"""What `linux.resources` holds, taken out with its type checked. Pure. Raises `InvalidInput` throughout.

Source: OCI runtime-spec 1.2, config-linux.md, "Control groups".
"""

import re
from typing import Any, Final

from engine.errors import InvalidInput

_NUMBER_MAX: Final = 1 << 64
_PAGE_SIZE: Final = re.compile(r"[1-9][0-9]{0,9}[KMG]B")
_INTERFACE: Final = re.compile(r"[^\s/]{1,15}")


def section(resources: dict[str, Any], name: str) -> dict[str, Any]:
    """An object in it, empty where it is not given."""
    found = resources.get(name) or {}
    if not isinstance(found, dict):
        raise InvalidInput(f"resources.{name} is not an object")
    return found


def items(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects in it, empty where it is not given."""
    entries = found.get(name) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidInput(f"{name} is not a list of objects")
    return entries


def number(found: dict[str, Any], name: str) -> int | None:
    """A whole number of 64 bits; None where it is not given."""
    value = found.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not -_NUMBER_MAX < value < _NUMBER_MAX:
        raise InvalidInput(f"{name} is not a number: {str(value)[:80]}")
    return value


def required(found: dict[str, Any], name: str) -> int:
    """A number that must be there."""
    value = number(found, name)
    if value is None:
        raise InvalidInput(f"{name} is missing")
    return value


def text(found: dict[str, Any], name: str) -> str:
    """A line of text, empty where it is not given."""
    value = found.get(name) or ""
    if not isinstance(value, str) or "\n" in value or "\0" in value:
        raise InvalidInput(f"{name} is not a line of text")
    return value


def device(found: dict[str, Any]) -> str:
    """`major:minor`, both of which must be there."""
    return f"{required(found, 'major')}:{required(found, 'minor')}"


def page_size(found: dict[str, Any]) -> str:
    """The size of a huge page as it is in a file's name, such as 2MB."""
    size = text(found, "pageSize")
    if not _PAGE_SIZE.fullmatch(size):
        raise InvalidInput(f"{size[:80]!r} is no size of huge pages", hint="such as 2MB or 1GB")
    return size


def interface(found: dict[str, Any]) -> str:
    """The name of a network interface."""
    name = text(found, "name")
    if not _INTERFACE.fullmatch(name):
        raise InvalidInput(f"{name[:80]!r} is no name of a network interface")
    return name

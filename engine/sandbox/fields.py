"""Fields of a JSON object that a stranger wrote, with the type that they must have. Pure; standard library only.

A field that is missing or null is empty; one of another type is an `InvalidInput` that names it.
"""

import os
from typing import Any, TypeGuard

from engine.errors import InvalidInput


def is_text(value: Any) -> TypeGuard[str]:
    """Whether it can be passed to the kernel: no NUL, and no half of a surrogate pair, which JSON can write."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def an_object(section: dict[str, Any], field: str) -> dict[str, Any] | None:
    """An object; None where there is none."""
    value = section.get(field)
    if value is not None and not isinstance(value, dict):
        raise InvalidInput(f"{field} is not an object")
    return value


def a_list(section: dict[str, Any], field: str) -> list[Any]:
    """A list of whatever."""
    value = section.get(field)
    if value is not None and not isinstance(value, list):
        raise InvalidInput(f"{field} is not a list")
    return value or []


def objects(section: dict[str, Any], field: str) -> list[dict[str, Any]]:
    """A list of objects."""
    values = a_list(section, field)
    if not all(isinstance(value, dict) for value in values):
        raise InvalidInput(f"{field} is not a list of objects")
    return values


def strings(section: dict[str, Any], field: str) -> list[str]:
    """A list of texts that can be passed to the kernel."""
    values = a_list(section, field)
    if not all(is_text(value) for value in values):
        raise InvalidInput(f"{field} is not a list of texts without NUL")
    return values


def text(section: dict[str, Any], field: str) -> str:
    """A text that can be passed to the kernel."""
    value = section.get(field)
    if value is not None and not is_text(value):
        raise InvalidInput(f"{field} is not a text without NUL")
    return value or ""


def boolean(section: dict[str, Any], field: str) -> bool:
    """Yes or no; no where it is missing."""
    value = section.get(field)
    if value is not None and not isinstance(value, bool):
        raise InvalidInput(f"{field} is neither true nor false")
    return bool(value)


def number(value: Any, field: str, allowed: range) -> int:
    """A whole number within bounds; `field` is for the error."""
    if type(value) is not int or value not in allowed:
        raise InvalidInput(f"{field} must be a number from {allowed.start} to {allowed.stop - 1}: {value!r}")
    return value

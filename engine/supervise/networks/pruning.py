"""Which networks a prune is about, by Docker's filters: all of `until` and `label` must hold, and none of `label!`."""

from typing import Final

from engine import model
from engine.errors import InvalidInput

_KEYS: Final = ("until", "label", "label!")


def check(filters: dict[str, list[str]]) -> None:
    """Raises `InvalidInput` for a filter that is not known, before anything is removed for want of it."""
    for key in filters.keys() - set(_KEYS):
        raise InvalidInput(f"{key[:64]!r} is no filter of a prune", hint=f"one of {', '.join(_KEYS)}")
    for text in filters.get("until", []):
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise InvalidInput(f"{text[:64]!r} is no time", hint="nanoseconds since the epoch")


def matches(network: model.Network, filters: dict[str, list[str]]) -> bool:
    """Whether it is one of those."""
    return (
        all(network.created_ns < int(text) for text in filters.get("until", []))
        and all(_has_label(network, text) for text in filters.get("label", []))
        and not any(_has_label(network, text) for text in filters.get("label!", []))
    )


def _has_label(network: model.Network, text: str) -> bool:
    key, equals, value = text.partition("=")
    return key in network.labels and (not equals or network.labels[key] == value)

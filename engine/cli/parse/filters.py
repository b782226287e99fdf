"""`--filter KEY=VALUE`."""

from collections.abc import Iterable

from engine.errors import InvalidInput


def parse_filters(texts: Iterable[str], known: Iterable[str]) -> dict[str, list[str]]:
    """Key -> the values asked for, in order. Raises `InvalidInput` for a key that is not known."""
    filters: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            raise InvalidInput(
                f"'{text}' is not a filter", hint=f"KEY=VALUE, the key one of {', '.join(sorted(known))}"
            )
        filters.setdefault(key, []).append(value)
    return filters

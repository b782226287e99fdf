"""Outputs that may take less than they are given, such as pipes and sockets."""

from typing import Any, Protocol


class Raw(Protocol):
    """What a file without a buffer is."""

    def write(self, data: memoryview, /) -> Any:
        """Take some of `data`; how much, or None for all of it."""
        ...


class Whole:
    """Takes all of what it is given."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    def write(self, data: bytes, /) -> None:
        """Write again until nothing is left."""
        view = memoryview(data)
        while view:
            taken = self._raw.write(view)
            view = view[len(view) if taken is None else taken :]

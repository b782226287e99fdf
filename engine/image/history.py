"""How images came to be: the steps that a config tells of, and which image of a store was made from which.

Source: OCI image-spec 1.1, config.md, "history"; docker-history(1).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from engine.image.oci import time_ns
from engine.model.image import Image


class Step(NamedTuple):
    """One change of the files, or of the config alone."""

    id: str
    """Of the image that ended with this step, if it is known; else empty."""
    created_ns: int
    """0 is not said."""
    created_by: str
    comment: str
    author: str
    size_bytes: int
    """Of the files of its layer."""
    empty_layer: bool


def history(image: Image, others: Iterable[Image] = ()) -> list[Step]:
    """The steps of an image, the last one first; `others` may have been steps on the way.

    A config need not tell of all layers: one that it does not tell of is a step without words, since its size counts.
    """
    ids = {len(_told(other)): other.id for other in others if is_ancestor(other, image)}
    told = _told(image)
    ids[len(told)] = image.id
    sizes = iter(image.layer_bytes)
    steps = [_step(entry, ids.get(number, ""), sizes) for number, entry in enumerate(told, 1)]
    steps += [_step({}, "", iter([size])) for size in sizes]
    if steps:
        steps[-1] = steps[-1]._replace(id=image.id)
    return steps[::-1]


def is_ancestor(old: Image, new: Image) -> bool:
    """Whether one image was made from another: it has all layers of that and more, or the same and more history."""
    if not old.layers or new.layers[: len(old.layers)] != old.layers:
        return False
    before, after = _told(old), _told(new)
    if len(new.layers) > len(old.layers):
        return True
    return len(after) > len(before) and after[: len(before)] == before


def parent(image: Image, images: Sequence[Image]) -> Image | None:
    """The nearest ancestor among these images; None where there is none."""
    ancestors = [other for other in images if is_ancestor(other, image)]
    return max(ancestors, key=lambda other: (len(other.layers), len(_told(other))), default=None)


def _told(image: Image) -> list[dict[str, Any]]:
    """The history in the config, oldest first."""
    entries = image.config.get("history")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _step(entry: dict[str, Any], image_id: str, sizes: Iterator[int]) -> Step:
    empty = entry.get("empty_layer") is True
    return Step(
        id=image_id,
        created_ns=time_ns(_text(entry, "created")),
        created_by=_text(entry, "created_by"),
        comment=_text(entry, "comment"),
        author=_text(entry, "author"),
        size_bytes=0 if empty else next(sizes, 0),
        empty_layer=empty,
    )


def _text(entry: dict[str, Any], key: str) -> str:
    text = entry.get(key)
    return text if isinstance(text, str) else ""

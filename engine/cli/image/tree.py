"""`qd images --tree`: which image was made from which, as the layers tell."""

from collections.abc import Iterator, Sequence
from typing import Final

from engine.cli.image.names import NONE
from engine.cli.render.human import ago, decimal_size
from engine.cli.render.table import short_id, table
from engine.image import history
from engine.model import Image

HEADERS: Final = ("IMAGE", "IMAGE ID", "CREATED", "ADDED", "SIZE")
_BRANCH, _LAST = "├── ", "└── "
_PAST, _NOTHING = "│   ", "    "

Children = dict[str | None, list[Image]]
"""The images made from each, by the digest of its manifest; under None those that were made from no other."""


def write_tree(images: Sequence[Image], now_ns: int, *, full: bool = False) -> str:
    """A line for each image below the one that it was made from; ADDED is what its own layers have of its SIZE."""
    return table(HEADERS, [_row(*line, now_ns, full=full) for line in lines(images)])


def lines(images: Sequence[Image]) -> Iterator[tuple[str, Image, Image | None]]:
    """(the branches before it, image, the one that it was made from), in the order in which they are shown."""
    children: Children = {}
    parents = {image.digest: history.parent(image, images) for image in images}
    for image in images:
        above = parents[image.digest]
        children.setdefault(above.digest if above else None, []).append(image)
    waiting = [("", "", image) for image in reversed(children.get(None, []))]
    while waiting:
        before, below, image = waiting.pop()
        yield before, image, parents[image.digest]
        own = children.get(image.digest, [])
        for child in reversed(own):
            is_last = child is own[-1]
            waiting.append((below + (_LAST if is_last else _BRANCH), below + (_NOTHING if is_last else _PAST), child))


def _row(before: str, image: Image, parent: Image | None, now_ns: int, *, full: bool) -> list[str]:
    added = image.size_bytes - (parent.size_bytes if parent else 0)
    return [
        before + (", ".join(image.names) or NONE),
        image.id if full else short_id(image.id),
        ago(image.created_ns, now_ns),
        decimal_size(max(0, added)),
        decimal_size(image.size_bytes),
    ]

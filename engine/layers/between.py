"""What differs between any two stacks of layers: two images, two containers, a container and an image."""

from collections.abc import Sequence

from engine.layers import changes
from engine.model.process import Change


def between(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """The changes that make `new` out of `old`, sorted by path.

    Each is folders, top first: of a container its writable layer and then its image's layers, or its whole copy alone.
    Raises Conflict where a container moves directories about meanwhile.
    """
    with changes.Comparison(old, new) as comparison:
        comparison.run()
    return changes.listed(comparison.kinds)

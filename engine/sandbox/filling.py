"""A new volume gets what the image has at its place, with owners, permissions and attributes."""

import os
from collections.abc import Sequence

from engine.layers import copying
from engine.state import tree


def fill(lowers: Sequence[str], path: str, target: str) -> None:
    """Give an empty directory what the layers, top first, show at a path; nothing where that is none. Raises OSError.

    The copy is made beside it and takes its place in one moment: what a container may see is never written to.
    """
    new = f"{target}.new"
    tree.remove(new)
    try:
        if copying.copy_directory(lowers, path, new):
            os.rename(new, target)
    except BaseException:
        tree.remove(new)
        raise

"""After something that adds to the store has failed."""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.image.store.images import Store


@contextmanager
def swept_after_failure(store: Store) -> Iterator[None]:
    """Throw away what an image that failed in this block had brought along already."""
    try:
        yield
    except BaseException:
        store.sweep()
        raise

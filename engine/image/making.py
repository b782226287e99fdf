"""What every way of making an image has in common."""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import InvalidInput
from engine.image import reference
from engine.image.store.images import Store


def new_name(text: str) -> str | None:
    """The full reference for an image that does not exist yet; None where it gets no name. Raises InvalidInput."""
    if not text:
        return None
    if reference.parse(text).digest:
        raise InvalidInput(f"{text} has a digest, which a new image cannot be given", hint="give it a tag: NAME:TAG")
    return reference.full(text)


@contextmanager
def swept_after_failure(store: Store) -> Iterator[None]:
    """Throw away what an image that failed in this block had brought along already."""
    try:
        yield
    except BaseException:
        store.sweep()
        raise

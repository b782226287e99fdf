"""Other repositories of a registry that are known to have a blob, so that it need not travel.

An image lies in every repository that it is called by, or was got from, or was pushed to.
"""

from collections.abc import Iterable
from typing import Final

from engine.errors import EngineError
from engine.image import reference
from engine.image.reference import Reference
from engine.image.store.images import Store
from engine.model.image import Image

_ASKED_MAX: Final = 2
"""Repositories that are tried for one blob: each costs a request, and perhaps a token."""


class Places:
    """What this host knows of one registry."""

    def __init__(self, store: Store, to: Reference) -> None:
        self._to = to
        self._known: dict[str, list[str]] = {}
        """Digest of a blob -> paths of repositories."""
        for image in store.images():
            self._add(store, image)

    def of(self, digest: str, noted: Iterable[str] = ()) -> list[str]:
        """Where a blob may be taken from, likeliest first; `noted` are further places of it, REGISTRY/PATH."""
        prefix = f"{self._to.registry}/"
        paths = [place.removeprefix(prefix) for place in noted if place.startswith(prefix)]
        return self._others([*reversed(paths), *self._known.get(digest, [])])[:_ASKED_MAX]

    def _add(self, store: Store, image: Image) -> None:
        paths = self._others(_paths((*image.names, *image.repo_digests), self._to.registry))
        if not paths:
            return
        try:
            manifest = store.manifest(image)
        except EngineError:
            return  # it is damaged, which is told to whoever wants that image
        for blob in (manifest.config, *manifest.layers):
            self._known.setdefault(blob.digest, []).extend(paths)

    def _others(self, paths: Iterable[str]) -> list[str]:
        return list(dict.fromkeys(path for path in paths if path != self._to.path))


def _paths(names: Iterable[str], registry: str) -> list[str]:
    references = [reference.parse(name) for name in names]
    return [found.path for found in references if found.registry == registry]

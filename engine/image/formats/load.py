"""Takes the images of an archive off a stream: of Docker's form or of OCI's, plain or compressed.

Everything is checked before anything is kept, layers are unpacked before any image counts, and an archive of which
one image is wrong leaves none.
"""

import os
from contextlib import ExitStack
from typing import Any, Final

from engine.archive.compression import decompressed
from engine.archive.limits import Limits
from engine.archive.reader import Reader
from engine.archive.streams import Source
from engine.image import platform
from engine.image.formats import docker_archive, oci_archive
from engine.image.formats.contents import FILES_MAX, Contents, adopt, refused
from engine.image.formats.drafts import Draft
from engine.image.formats.saying import Say, bytes_of, of_layer
from engine.image.making import swept_after_failure
from engine.image.oci import Platform
from engine.image.store.images import Store
from engine.image.store.ingest import unpack_layer
from engine.state import tree

_MEMBERS_MAX: Final = 4 * FILES_MAX
"""Directories and links count too."""


def load(
    store: Store, source: Source, *, limits: Limits, say: Say, wanted: Platform | None = None
) -> list[dict[str, Any]]:
    """Keep the images of the archive: `[{"id": ..., "names": [...]}, ...]`.

    `source` is read to its end and never sought. Raises InvalidInput for what is damaged, lies, or is not whole.
    """
    with swept_after_failure(store), store.adding(), ExitStack() as undo:
        folder = f"{store.layout.blobs.ingest}/{os.getpid()}-{os.urandom(8).hex()}"
        undo.callback(tree.remove, folder)
        os.makedirs(folder, mode=0o700)
        found = _read(folder, source, limits, say, wanted or platform.host())
        drafts = [_known(store, draft) or draft for draft in found]
        for draft in drafts:
            _unpack(store, draft, limits, say)
        return [_keep(store, draft) for draft in drafts]


def _read(folder: str, source: Source, limits: Limits, say: Say, wanted: Platform) -> list[Draft]:
    contents = Contents(folder, bytes_of(say, "reading the archive"))
    _, plain = decompressed(source)
    contents.take(Reader(plain, limits._replace(entries_max=min(limits.entries_max, _MEMBERS_MAX))))
    if oci_archive.MARKER in contents and oci_archive.INDEX in contents:
        return oci_archive.read(contents, wanted)
    if docker_archive.MANIFEST in contents:
        return docker_archive.read(contents)
    raise refused("it is neither of Docker's form nor of OCI's: a root file system is taken by qd import")


def _known(store: Store, draft: Draft) -> Draft | None:
    """The image of the store that has this config already: a second manifest for it would say nothing new."""
    image = next((image for image in store.images() if draft.made and image.id == draft.id), None)
    if image is None:
        return None
    data = store.layout.blobs.read(image.digest)
    return draft._replace(manifest=data, media_type=image.media_type, layers=(), descriptors=(), diff_ids=())


def _unpack(store: Store, draft: Draft, limits: Limits, say: Say) -> None:
    for kept in {draft.config, *draft.layers}:
        adopt(store.layout.blobs, kept)
    for index, diff_id in enumerate(draft.diff_ids):
        unpack_layer(store, draft.descriptors, draft.diff_ids, index, limits, of_layer(say, diff_id, "unpacking"))


def _keep(store: Store, draft: Draft) -> dict[str, Any]:
    """Let the image count, under each of its names."""
    for name in draft.names or (None,):
        store.add_manifest(draft.manifest, draft.media_type, name, draft.origins)
    return {"id": draft.id, "names": list(draft.names)}

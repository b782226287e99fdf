"""Makes an image of what a container has changed: the layers of its image as they are, and one more with the change.

The same change at the same time (SOURCE_DATE_EPOCH) makes the same image. Where nothing was changed there is no layer,
but a line in the history, as instructions that change the config alone have one.

Source: OCI image-spec 1.1, config.md, "history"; docker-commit(1).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.errors import InvalidInput
from engine.image import committed, instructions, moment
from engine.image.committed import Change, Compression, Layer
from engine.image.formats.layers import TYPES
from engine.image.formats.saying import Say, of_all
from engine.image.making import new_name, swept_after_failure
from engine.image.oci import LAYERS_MAX
from engine.image.store.images import Store
from engine.model.image import Image

_OF_THE_BUILD: Final = ("container", "container_config", "docker_version", "id", "parent")
"""What Docker notes down of how the base was made, which is not true of what is made of it."""


def commit(
    store: Store,
    *,
    tree: str,
    base: str,
    complete: bool = False,
    settled_ns: int = 0,
    config: Mapping[str, Any] | None = None,
    created_by: str = "",
    author: str = "",
    message: str = "",
    changes: Sequence[str] = (),
    name: str = "",
    compression: str = "",
    level: int | None = None,
    say: Say,
) -> str:
    """Keep the image; its id. `base` is the name or the id of the container's image.

    `tree` is what the container has written, `complete` whether that is a whole root, which had been
    copied at `settled_ns`. `config` is what containers
    of the new image start from, the base's own where it is None; `changes` are instructions that change it.
    Raises NotFound, InvalidInput, and Conflict where the container moves directories about.
    """
    compressed, full = _compression(compression, level), new_name(name)
    with swept_after_failure(store), store.adding():
        image = store.find(base)
        document = _document(image, config, changes)
        change = Change(tree, store.lowers(image), image.layers, complete, settled_ns)
        layer = committed.write(store, change, compressed, of_all(say, "committing"))
        _note(document, layer, created_by=created_by, author=author, message=message)
        if layer is not None and layer.captured.sockets:
            say({"step": f"{layer.captured.sockets} sockets are left out", "done": 0, "total": 0})
        descriptors = [*store.manifest(image).layers, *([layer.descriptor] if layer else [])]
        return store.add_image(document, descriptors, full)


def _compression(kind: str, level: int | None) -> Compression:
    if kind and kind not in TYPES:
        raise InvalidInput(f"there is no compression {kind!r} for layers", hint=f"there are {', '.join(TYPES)}")
    return Compression(kind or "none", level)


def _document(image: Image, config: Mapping[str, Any] | None, changes: Sequence[str]) -> dict[str, Any]:
    """The base's document with the new settings. Raises InvalidInput."""
    if len(image.layers) >= LAYERS_MAX:
        raise InvalidInput(
            f"the image has {len(image.layers)} layers already, and no image has more than {LAYERS_MAX}",
            hint="make one of fewer layers: qd export CONTAINER | qd import - NAME",
        )
    document: dict[str, Any] = {key: value for key, value in image.config.items() if key not in _OF_THE_BUILD}
    settings = document.get("config") if config is None else config
    document["config"] = instructions.apply(settings or {}, changes)
    return document


def _note(document: dict[str, Any], layer: Layer | None, *, created_by: str, author: str, message: str) -> None:
    """When, by what and by whom, in the document and in its history."""
    created = document["created"] = moment.now()
    line: dict[str, Any] = {"created": created, "created_by": created_by, "author": author, "comment": message}
    if author:
        document["author"] = author
    if layer is None:
        line["empty_layer"] = True
    else:
        diff_ids = (*document["rootfs"]["diff_ids"], layer.diff_id)
        document["rootfs"] = {"type": "layers", "diff_ids": list(diff_ids)}
    line = {key: value for key, value in line.items() if value}
    document["history"] = [*(document.get("history") or []), line]

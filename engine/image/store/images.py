"""The images of this engine: one OCI image layout, and their layers unpacked once for all containers.

    image/     oci-layout  index.json  blobs/sha256/HEX      `skopeo inspect oci:DIR:NAME` reads it
    layers/    HEX of a diff_id/fs                           what overlay mounts, whiteouts as overlay wants them
                               /layer.json                   {"version": 1, "size_bytes": of its files}

An image counts from the moment the index holds it: blobs and layers are complete on disk before, and are thrown away
after it has let go of them. A crash in between leaves rubbish that `prune` finds, and a store that opens.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from engine.errors import Conflict, EngineError, NotFound
from engine.image import oci, reference
from engine.image.oci import Config, Descriptor, Manifest
from engine.image.store import catalog, collect, layout
from engine.image.store.blobs import hexadecimal
from engine.image.store.catalog import Contents
from engine.image.store.layout import Layout
from engine.model.image import Image

Uses = Mapping[str, Sequence[str]]
"""Image id -> the names of the containers that need it."""


class Store:
    """The images below two folders; any number of processes may use them at once."""

    def __init__(self, images_dir: str, layers_dir: str) -> None:
        self.layout = Layout(images_dir)
        self.layers_dir = layers_dir
        self._version: tuple[int, int, int] | None = None
        self._contents = Contents()

    def images(self) -> list[Image]:
        """All images, newest first. Read again only when the index has changed."""
        return list(self._read().images)

    def find(self, name: str) -> Image:
        """The image of a name, an id, or the beginning of an id. Raises NotFound, InvalidInput, Conflict."""
        images = self.images()
        by_id = reference.id_prefix(name)
        found = None if by_id and name.startswith("sha256:") else self._named(name)
        if found is not None:
            return found
        if by_id is None:
            raise _missing(name)
        matches = list({image.id: image for image in images if hexadecimal(image.id).startswith(by_id)}.values())
        if len(matches) > 1:
            raise Conflict(f"{name} is the beginning of {len(matches)} image ids", hint="write more of it: qd images")
        if not matches:
            raise _missing(name)
        return matches[0]

    def lowers(self, image: Image) -> list[str]:
        """The unpacked layers of an image, top first. Raises EngineError where one is missing."""
        folders = [self.layer_path(layer) for layer in reversed(image.layers)]
        for folder in folders:
            if not os.path.isdir(folder):
                raise EngineError(
                    f"a layer of the image {_shown(image)} is missing: {folder}",
                    hint="remove the image and get it again",
                )
        return folders

    def config(self, image: Image) -> dict[str, Any]:
        """The image config of the OCI image-spec, whole."""
        return dict(image.config)

    def layer_path(self, diff_id: str) -> str:
        """Where a layer is unpacked."""
        return f"{self.layers_dir}/{hexadecimal(diff_id)}/fs"

    def tag(self, name: str, new_name: str) -> None:
        """Give an image one more name, which another image loses if it has it."""
        image = self.find(name)
        self._name(image, reference.full(new_name))

    def adding(self) -> AbstractContextManager[None]:
        """Add blobs, layers and their image within this block: nothing of them is taken for rubbish."""
        return self.layout.adding()

    def add_image(self, config: Mapping[str, Any], layers: Sequence[Descriptor], name: str) -> str:
        """Keep an image whose layers are there already, under `name`; its id. Within `adding()`."""
        data = oci.encode(dict(config))
        oci.decode(data, Config, "the image config")
        config_digest = self.layout.blobs.add(data)
        pointer = Descriptor(media_type=oci.CONFIG, digest=config_digest, size=len(data))
        manifest = oci.encode(Manifest(config=pointer, layers=tuple(layers)))
        entry = Descriptor(media_type=oci.MANIFEST, digest=self.layout.blobs.add(manifest), size=len(manifest))
        self._put(entry, reference.full(name))
        return config_digest

    def remove(self, name: str, *, force: bool = False, used_by: Uses | None = None) -> dict[str, list[str]]:
        """Take a name away, and the image with its last one: `{"untagged": names, "deleted": ids}`.

        An image that containers need is refused; with `force` it loses its names, but stays as long as they do.
        """
        if damaged := [str(r) for r in _references(name) if str(r) in self._read().damaged][:1]:
            self._unname(damaged, keep_nameless=False)
            return {"untagged": damaged, "deleted": []}
        image = self.find(name)
        users = (used_by or {}).get(image.id, ())
        names = _names_to_remove(image, name, force)
        last = len(names) == len(image.names)
        if last and users and not force:
            raise Conflict(
                f"the image {_shown(image)} is used by the container {users[0]}",
                hint=f"remove it first: qd rm {users[0]}",
            )
        if last and not users:
            self._forget(image)
            return {"untagged": names, "deleted": [image.id]}
        self._unname(names)
        return {"untagged": names, "deleted": []}

    def prune(self, used_by: Uses | None = None) -> dict[str, Any]:
        """Remove what no image needs; where `used_by` is given, also nameless images that no container needs.

        `{"images": ids, "reclaimed_bytes": n}`.
        """
        unused = [] if used_by is None else [i for i in self.images() if not i.names and not used_by.get(i.id)]
        gone = {image.digest for image in unused}
        self.layout.change(lambda entries: tuple(e for e in entries if e.digest not in gone))
        return {"images": [image.id for image in unused], "reclaimed_bytes": self._collect()}

    def _read(self) -> Contents:
        """What the index leads to; damage is looked at again each time, since mending it need not change the index."""
        version = self.layout.version()
        if version != self._version or self._contents.damaged:
            self._contents = catalog.read(self.layout, self.layers_dir)
            self._version = version
        return self._contents

    def _named(self, name: str) -> Image | None:
        """The image of a reference. Raises the damage of an image that has the name, but cannot be read."""
        damaged = self._read().damaged
        for wanted in reference.candidates(name):
            if str(wanted) in damaged:
                raise damaged[str(wanted)]
        return _by_name(self.images(), name)

    def _name(self, image: Image, name: str) -> None:
        size = os.stat(self.layout.blobs.path(image.digest)).st_size
        self._put(Descriptor(media_type=oci.MANIFEST, digest=image.digest, size=size), name)

    def _put(self, entry: Descriptor, name: str) -> None:
        """Let `name` mean this image; one that loses its last name by it stays, without a name."""
        named = msgspec.structs.replace(entry, annotations={oci.REF_NAME: name})

        def edit(entries: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
            others = layout.without_names(entries, {name})
            return (*(e for e in others if e.name or e.digest != entry.digest), named)

        self.layout.change(edit)

    def _unname(self, names: list[str], *, keep_nameless: bool = True) -> None:
        self.layout.change(lambda entries: layout.without_names(entries, set(names), keep_nameless=keep_nameless))

    def _forget(self, image: Image) -> None:
        self.layout.change(lambda entries: tuple(e for e in entries if e.digest != image.digest))
        self._collect()

    def _collect(self) -> int:
        """Throw away what no image needs; the bytes it took. Nothing while somebody adds something: a later time."""
        with self.layout.collecting() as alone:
            contents = catalog.read(self.layout, self.layers_dir)
            if not alone or contents.damaged:
                return 0
            return collect.collect(self.layout.blobs, self.layers_dir, contents.blobs, contents.layers)


def _by_name(images: list[Image], name: str) -> Image | None:
    """The image that a reference means; a digest in it counts more than its tag."""
    for wanted in reference.candidates(name):
        repository = str(wanted._replace(tag="", digest=""))
        for image in images:
            if wanted.digest:
                if image.digest == wanted.digest and any(n.rpartition(":")[0] == repository for n in image.names):
                    return image
            elif str(wanted) in image.names:
                return image
    return None


def _names_to_remove(image: Image, name: str, force: bool) -> list[str]:
    """One name where it was called by it; all of them where it was called by its id."""
    called = [str(wanted) for wanted in _references(name) if str(wanted) in image.names]
    if called:
        return called[:1]
    if len(image.names) > 1 and not force:
        raise Conflict(f"the image {name} has several names", hint=f"remove them all: qd rmi -f {name}")
    return list(image.names)


def _references(name: str) -> tuple[reference.Reference, ...]:
    return () if name.startswith("sha256:") else reference.candidates(name)


def _shown(image: Image) -> str:
    return image.names[0] if image.names else image.id[:19]


def _missing(name: str) -> NotFound:
    return NotFound(f"no such image: {name}", hint="see what is there: qd images; localhost/base is built in")

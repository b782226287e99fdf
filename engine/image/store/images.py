"""The images of this engine: one OCI image layout, and their layers unpacked once for all containers.

    image/     oci-layout  index.json  blobs/sha256/HEX      `skopeo inspect oci:DIR:NAME` reads it
               ingest/  partial/                             blobs that grow, see blobs
    layers/                                                  what overlay mounts, see unpacked

The index lists manifests of OCI. An image that came with Docker's has that too, is known by it and goes out with it.

An image counts from the moment the index holds it: blobs and layers are complete on disk before, and are thrown away
after it has let go of them. A crash in between leaves rubbish that `prune` finds, and a store that opens.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from engine.errors import EngineError, InvalidInput, NotFound
from engine.image import history, oci, reference
from engine.image.oci import Descriptor, Manifest
from engine.image.store import catalog, finding, naming, removal, usage
from engine.image.store.catalog import Contents
from engine.image.store.layout import Layout
from engine.image.store.removal import Uses
from engine.image.store.unpacked import Unpacked
from engine.model.image import Image


class RootAttributes(NamedTuple):
    """What `/` of an image is to have."""

    mode: int
    uid: int
    gid: int


class Store:
    """The images below two folders; any number of processes may use them at once."""

    def __init__(self, images_dir: str, layers_dir: str) -> None:
        self.layout = Layout(images_dir)
        self.unpacked = Unpacked(layers_dir)
        self._version: tuple[int, int, int] | None = None
        self._contents = Contents()

    def images(self) -> list[Image]:
        """All images, newest first. Read again only when the index has changed."""
        return self._read().images

    def find(self, name: str) -> Image:
        """The image of a name, an id, or the beginning of an id. Raises NotFound, InvalidInput, Conflict."""
        return finding.find(self._read(), name)

    def lowers(self, image: Image) -> list[str]:
        """The unpacked layers of an image, top first. Raises EngineError where one is missing."""
        return [self._lower(image, index) for index in reversed(range(len(image.layers)))]

    def layer_place(self, diff_ids: Sequence[str], index: int) -> str | None:
        """The directory of the layer at `index` of a stack, from the bottom up; None where it is not unpacked."""
        return self.unpacked.place(diff_ids, index)

    def root_attributes(self, image: Image) -> RootAttributes | None:
        """Owner and mode that the topmost layer with an entry for `/` gives it; None where no layer has one."""
        for index in reversed(range(len(image.layers))):
            key = self.unpacked.key(image.layers, index)
            if key is not None and self.unpacked.record(key).root:
                info = os.lstat(self.unpacked.path(key))
                return RootAttributes(stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid)
        return None

    def config(self, image: Image) -> dict[str, Any]:
        """The image config of the OCI image-spec, whole."""
        return dict(image.config)

    def manifest(self, image: Image) -> Manifest:
        """The manifest of an image, verified. Raises EngineError where it is missing or damaged."""
        manifest = oci.read_manifest(self.layout.blobs.read(image.digest))
        assert isinstance(manifest, Manifest)
        return manifest

    def history(self, image: Image) -> list[dict[str, Any]]:
        """How an image came to be, the last step first, each as `engine.image.history.Step`."""
        return [step._asdict() for step in history.history(image, self.images())]

    def tag(self, name: str, new_name: str) -> None:
        """Give an image one more name, which another image loses if it has it. Raises InvalidInput for a digest."""
        image = self.find(name)
        if reference.parse(new_name).digest:
            raise InvalidInput(f"{new_name} has a digest, which cannot be given", hint="give it a tag: NAME:TAG")
        self._put(self._entry(image), reference.full(new_name))

    def adding(self) -> AbstractContextManager[None]:
        """Add blobs, layers and their image within this block: nothing of them is taken for rubbish."""
        return self.layout.adding()

    def add_image(self, config: Mapping[str, Any], layers: Sequence[Descriptor], name: str | None) -> str:
        """Keep a new image of OCI, whose layers are there, under `name` or without one; its id. Within `adding()`."""
        data = oci.encode(dict(config))
        digest = self.layout.blobs.add(data)
        pointer = Descriptor(media_type=oci.CONFIG, digest=digest, size=len(data))
        manifest = Manifest(config=pointer, layers=tuple(map(oci.as_oci, layers)))
        return self.add_manifest(oci.encode(manifest), oci.MANIFEST, name).id

    def add_manifest(self, data: bytes, media_type: str, name: str | None, origins: Sequence[str] = ()) -> Image:
        """Keep an image as it came, whose config and layers are there; `name` is full. Within `adding()`.

        `origins` are references by the digests of the indexes that led to it. Raises InvalidInput for a manifest that
        is no image's, and EngineError where something of it is missing.
        """
        manifest = oci.read_manifest(data, media_type)
        if not isinstance(manifest, Manifest):
            raise InvalidInput("this is an index and not an image", hint="choose one of its images by platform")
        oci.check_image(manifest)
        self._check_parts(manifest)
        entry = self._keep_manifest(manifest, data)
        digests = (entry.original, *(origin.partition("@")[2] for origin in origins))
        self._put(entry, None if name is None else naming.kept_name(name, digests), origins)
        return next(image for image in self.images() if image.digest == entry.original)

    def add_origins(self, name: str, origins: Sequence[str]) -> None:
        """Remember by which digests of which repositories an image is known, such as one that was pushed."""
        image = self.find(name)
        self._put(self._entry(image), None, origins)

    def remove(self, name: str, *, force: bool = False, used_by: Uses | None = None) -> dict[str, Any]:
        """Take a name away, and the image with its last one: `{"untagged": names, "deleted": ids, "reclaimed_bytes"}`.

        An image that containers need is refused; with `force` it loses its names, but stays as long as they do.
        """
        return removal.remove(self.layout, self.unpacked, self._read(), name, force=force, used_by=used_by or {})

    def prune(
        self,
        used_by: Uses | None = None,
        *,
        everything: bool = False,
        filters: Mapping[str, Sequence[str]] | None = None,
    ) -> dict[str, Any]:
        """Remove what no image needs; where `used_by` is given, also nameless images that no container needs.

        `everything` takes those with names as well. `filters` leave images alone: `until` those that were not made
        before a time (nanoseconds since the epoch), `label` those without (KEY or KEY=VALUE). Raises InvalidInput.
        `{"images": ids, "untagged": names, "reclaimed_bytes": n, "damaged": names}`.
        """
        wanted = removal.wanted(everything, filters or {})
        unused = [] if used_by is None else removal.unused(self._read().images, used_by, wanted)
        return removal.prune(self.layout, self.unpacked, unused)

    def sweep(self) -> int:
        """Throw away what no image needs, save downloads that may be continued; the bytes of disk that it took.

        For after a failure. Nothing is done while another process adds something, or an image is damaged.
        """
        return removal.collect(self.layout, self.unpacked)

    def disk_usage(self, used_by: Uses | None = None) -> dict[str, Any]:
        """What images take on disk and share, see usage. Walks all layers: takes a while."""
        return usage.disk_usage(self.layout, self.unpacked, used_by or {})

    def _lower(self, image: Image, index: int) -> str:
        folder = self.unpacked.place(image.layers, index)
        if folder is None:
            missing = self.unpacked.path(image.layers[index])
            raise EngineError(
                f"a layer of the image {finding.shown(image)} is missing: {missing}",
                hint="remove the image and get it again",
            )
        return folder

    def _check_parts(self, manifest: Manifest) -> None:
        config = oci.read_config(self.layout.blobs.read(manifest.config.digest))
        oci.check_layers(manifest, config)
        for index, layer in enumerate(manifest.layers):
            if not self.layout.blobs.has(layer) or self.unpacked.place(config.rootfs.diff_ids, index) is None:
                raise EngineError(f"the layer {layer.digest} is missing", hint="get the image again")

    def _keep_manifest(self, manifest: Manifest, data: bytes) -> Descriptor:
        """Keep it as it came, and what lists it: layouts hold manifests of OCI alone, which is all that others read."""
        digest = self.layout.blobs.add(data)
        twin = oci.oci_twin(manifest, digest)
        if twin is None:
            return Descriptor(media_type=oci.MANIFEST, digest=digest, size=len(data))
        listed = oci.encode(twin)
        annotations = {oci.ORIGINAL: digest}
        added = self.layout.blobs.add(listed)
        return Descriptor(media_type=oci.MANIFEST, digest=added, size=len(listed), annotations=annotations)

    def _entry(self, image: Image) -> Descriptor:
        """What lists an image. Raises NotFound where it has just gone."""
        for entry in self.layout.entries():
            if entry.original == image.digest:
                return entry
        raise NotFound(f"the image {finding.shown(image)} has been removed meanwhile")

    def _put(self, entry: Descriptor, name: str | None, origins: Sequence[str] = ()) -> None:
        self.layout.change(lambda entries: naming.put(entries, entry, name, origins))

    def _read(self) -> Contents:
        """What the index leads to; damage is looked at again each time, since mending it need not change the index."""
        version = self.layout.version()
        if version != self._version or self._contents.damaged:
            self._contents = catalog.read(self.layout, self.unpacked, self._contents)
            self._version = version
        return self._contents

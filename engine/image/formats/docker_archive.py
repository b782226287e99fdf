"""Reads what `docker save` writes, and other tools with it.

    manifest.json    [{"Config": FILE, "RepoTags": [NAME, ...], "Layers": [FILE, ...]}, ...]
    FILEs            the config as it is; each layer a tar archive, plain as a rule, wherever it says. Where a layer
                     belongs to two images there is a link.

The config is the image: its digest is the id. The archive has no manifest of a registry, so one of OCI is made.

Source: moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format".
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final, TypeVar

import msgspec

from engine.archive.compression import decompressed
from engine.archive.streams import PIECE, Source
from engine.image import oci, reference
from engine.image.formats.contents import Contents, Kept, refused
from engine.image.formats.drafts import Draft, check
from engine.image.oci import LAYERS_MAX, Descriptor, Manifest
from engine.model.value import Value

MANIFEST: Final = "manifest.json"
IMAGES_MAX: Final = 1000
_TYPES: Final = {"none": oci.LAYER, "gzip": oci.LAYER_GZIP, "zstd": oci.LAYER_ZSTD}
"""Those of compressions that a manifest can name."""
_HEX: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?=(\.json)?\Z)", re.ASCII)
T = TypeVar("T")


class Entry(Value, frozen=True, kw_only=True, rename="pascal"):
    """One image of manifest.json."""

    config: str
    layers: Annotated[list[str], msgspec.Meta(max_length=LAYERS_MAX)] | None = None
    repo_tags: list[str] | None = None


def read(contents: Contents) -> list[Draft]:
    """The images of the archive. Raises InvalidInput."""
    entries = _decoded(contents.document(contents.file(MANIFEST)), list[Entry])
    if len(entries) > IMAGES_MAX:
        raise refused(f"it has more than {IMAGES_MAX} images")
    layers = _Layers(contents)
    return [_draft(contents, layers, entry) for entry in entries]


class _Layers:
    """The layers of all images, each looked at once."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._known: dict[str, tuple[Kept, Descriptor]] = {}

    def find(self, name: str) -> tuple[Kept, Descriptor]:
        """A layer by its name in the archive, and how a manifest of OCI speaks of it."""
        kept = self._contents.file(name)
        if kept.path not in self._known:
            self._known[kept.path] = self._described(kept)
        return self._known[kept.path]

    def _described(self, kept: Kept) -> tuple[Kept, Descriptor]:
        with open(kept.path, "rb", buffering=0) as file:
            kind, source = decompressed(file)
            if kind not in _TYPES:
                kept, kind = self._contents.make(_pieces(source)), "none"
        return kept, Descriptor(media_type=_TYPES[kind], digest=kept.digest, size=kept.size)


def _pieces(source: Source) -> Iterator[bytes]:
    while data := source.read(PIECE):
        yield data


def _draft(contents: Contents, layers: _Layers, entry: Entry) -> Draft:
    config = _config(contents, entry.config)
    document = oci.read_config(contents.document(config))
    found = [layers.find(name) for name in entry.layers or []]
    pointer = Descriptor(media_type=oci.CONFIG, digest=config.digest, size=config.size)
    manifest = Manifest(config=pointer, layers=tuple(descriptor for _, descriptor in found))
    check(manifest, document)
    return Draft(
        manifest=oci.encode(manifest),
        media_type=oci.MANIFEST,
        names=tuple(_full(tag) for tag in entry.repo_tags or []),
        config=config,
        layers=tuple(kept for kept, _ in found),
        descriptors=manifest.layers,
        diff_ids=document.rootfs.diff_ids,
        made=True,
    )


def _config(contents: Contents, name: str) -> Kept:
    """The file of a config, which is as a rule called by its digest. Raises InvalidInput where it is another."""
    config = contents.file(name)
    called = _HEX.search(name)
    if called is not None and config.digest != f"sha256:{called[0]}":
        raise refused(f"a config in it is {config.digest} and not {called[0]}, as it is called")
    return config


def _full(tag: str) -> str:
    """A name as Docker means it: a short one is of its library, whatever this host has. Raises InvalidInput."""
    name = reference.candidates(tag)[-1]
    if not name.tag or name.digest:
        raise refused(f"the name {tag!r} of an image in it is no tag")
    return str(name)


def _decoded(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise refused(f"its {MANIFEST} is not valid: {err}") from err

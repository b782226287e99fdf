"""Reads an archived OCI image layout: of skopeo, podman, buildah, umoci, BuildKit, containerd, Docker since 25.

    oci-layout    index.json    blobs/sha256/HEX

Source: OCI image-spec 1.1, image-layout.md; containerd's annotation io.containerd.image.name.
"""

from collections.abc import Iterator
from typing import Final

from engine.errors import InvalidInput
from engine.image import oci, platform, reference
from engine.image.formats.contents import Contents, refused
from engine.image.formats.drafts import Draft, check
from engine.image.oci import Descriptor, Index, Manifest, Platform

MARKER: Final = "oci-layout"
INDEX: Final = "index.json"
IMAGES_MAX: Final = 1000
DEPTH_MAX: Final = 4
"""Indexes within indexes."""
_CONTAINERD_NAME: Final = "io.containerd.image.name"


def read(contents: Contents, wanted: Platform) -> list[Draft]:
    """The images of the layout; of an index the one for this platform. Raises InvalidInput, NotFound."""
    index = oci.read_manifest(contents.document(contents.file(INDEX)))
    if not isinstance(index, Index):
        raise refused(f"its {INDEX} is a manifest and not an index")
    if len(index.manifests) > IMAGES_MAX:
        raise refused(f"it has more than {IMAGES_MAX} images")
    drafts: dict[bytes, Draft] = {}
    for entry in _one_a_name(index, wanted):
        draft = _draft(contents, entry, wanted)
        known = drafts.setdefault(draft.manifest, draft)
        drafts[draft.manifest] = known._replace(
            names=tuple(dict.fromkeys((*known.names, *draft.names))),
            origins=tuple(dict.fromkeys((*known.origins, *draft.origins))),
        )
    return list(drafts.values())


def _one_a_name(index: Index, wanted: Platform) -> Iterator[Descriptor]:
    """The entries, where several have one name the one for this platform."""
    groups: dict[str, list[Descriptor]] = {}
    for entry in index.manifests:
        groups.setdefault(_name(entry) or entry.digest, []).append(entry)
    for group in groups.values():
        yield group[0] if len(group) == 1 else platform.choose(Index(manifests=tuple(group)), wanted)


def _draft(contents: Contents, entry: Descriptor, wanted: Platform) -> Draft:
    name, origins = _name(entry), list[str]()
    names = (name,) if name else ()
    for _ in range(DEPTH_MAX):
        data = contents.document(contents.blob(entry.digest, entry.size))
        document = oci.read_manifest(data, entry.media_type)
        if isinstance(document, Manifest):
            return _image(contents, data, document, names, tuple(origins))
        if name:
            origins.append(_by_digest(name, entry.digest))
        entry = platform.choose(document, wanted)
    raise refused(f"it has indexes within each other, more than {DEPTH_MAX}")


def _image(
    contents: Contents, data: bytes, manifest: Manifest, names: tuple[str, ...], origins: tuple[str, ...]
) -> Draft:
    config = contents.blob(manifest.config.digest, manifest.config.size)
    document = oci.read_config(contents.document(config))
    check(manifest, document)
    return Draft(
        manifest=data,
        media_type=manifest.media_type,
        names=names,
        config=config,
        layers=tuple(contents.blob(layer.digest, layer.size) for layer in manifest.layers),
        descriptors=manifest.layers,
        diff_ids=document.rootfs.diff_ids,
        origins=origins,
    )


def _name(entry: Descriptor) -> str:
    """The full reference that an annotation gives; empty where it is none.

    What OCI allows as the name of an entry need not be a reference: `umoci` writes a tag alone.
    """
    for text in (entry.annotations.get(_CONTAINERD_NAME, ""), entry.name):
        try:
            name = reference.parse(text)
        except InvalidInput:
            continue
        if name.tag and not name.digest:
            return reference.full(text)
    return ""


def _by_digest(name: str, digest: str) -> str:
    return str(reference.parse(name)._replace(tag="", digest=digest))

"""Names of images as they are shown."""

from collections.abc import Iterator

from engine.model import Image

NONE = "<none>"


def split_name(name: str) -> tuple[str, str]:
    """Repository and tag: `localhost/base:latest`; a port's colon is before the last slash, a digest is no tag."""
    if "@" in name:
        return name.partition("@")[0], NONE
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, NONE)


def names_of(image: Image) -> Iterator[tuple[str, str]]:
    """Each of its names, split; one pair of `<none>` where it has none."""
    if not image.names:
        yield NONE, NONE
    for name in image.names:
        yield split_name(name)


def is_named(image: Image, ref: str) -> bool:
    """Whether `ref` means this image: a name with or without its host and tag, or the beginning of its id."""
    if image.id == ref or image.id.removeprefix("sha256:").startswith(ref.removeprefix("sha256:")):
        return bool(ref)
    candidates = {ref, f"{ref}:latest", f"localhost/{ref}", f"localhost/{ref}:latest"}
    return not candidates.isdisjoint(image.names)

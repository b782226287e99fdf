"""Which image is meant: by a name, a name with a digest, an id, or the beginning of an id."""

from collections.abc import Sequence

from engine.errors import Conflict, NotFound
from engine.image import reference
from engine.image.store.blobs import hexadecimal
from engine.image.store.catalog import Contents
from engine.model.image import Image


def find(contents: Contents, name: str) -> Image:
    """The one image that is meant. Raises NotFound, InvalidInput, Conflict; and the damage of one that has the name."""
    by_id = reference.id_prefix(name)
    if not (by_id and name.startswith("sha256:")):
        found = _named(contents, name)
        if found is not None:
            return found
    if by_id is None:
        raise _missing(name)
    return _by_id(contents.images, name, by_id)


def references(name: str) -> tuple[reference.Reference, ...]:
    """What may be meant where it is no id."""
    return () if name.startswith("sha256:") else reference.candidates(name)


def shown(image: Image) -> str:
    """What to call an image in a message."""
    return image.names[0] if image.names else image.id[:19]


def _named(contents: Contents, name: str) -> Image | None:
    for wanted in reference.candidates(name):
        if str(wanted) in contents.damaged:
            raise contents.damaged[str(wanted)]
        for image in contents.images:
            if str(wanted) in image.names or _has_digest(image, wanted):
                return image
    return None


def _has_digest(image: Image, wanted: reference.Reference) -> bool:
    """A digest in a name counts more than its tag."""
    return bool(wanted.digest) and str(wanted._replace(tag="")) in image.repo_digests


def _by_id(images: Sequence[Image], name: str, beginning: str) -> Image:
    matches = list({image.id: image for image in images if hexadecimal(image.id).startswith(beginning)}.values())
    if len(matches) > 1:
        raise Conflict(f"{name} is the beginning of {len(matches)} image ids", hint="write more of it: qd images")
    if not matches:
        raise _missing(name)
    return matches[0]


def _missing(name: str) -> NotFound:
    return NotFound(f"no such image: {name}", hint="see what is there: qd images; localhost/base is built in")

"""Names of images, as people type them and as the store keeps them.

    [REGISTRY/]PATH[:TAG][@ALGORITHM:HEX]         a reference
    sha256:HEX, or the first digits of HEX        an image's id

A first component with a dot or a colon in it, or `localhost`, is a registry, as everywhere. A name without one is
short: it means an image of this host (`localhost/NAME`) where there is one, and then Docker's library.

Source: github.com/distribution/reference, grammar in reference.go.
"""

import re
from typing import Final, NamedTuple

from engine.errors import InvalidInput

LOCAL: Final = "localhost"
DEFAULT_REGISTRY: Final = "docker.io"
DEFAULT_TAG: Final = "latest"
NAME_MAX: Final = 255
"""Characters of registry and path together."""
TEXT_MAX: Final = NAME_MAX + 1 + 128 + 1 + 256
_SHOWN_MAX: Final = 60

_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*", re.ASCII)
_LABEL: Final = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_REGISTRY: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?", re.ASCII)
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_ID: Final = re.compile(r"(?:sha256:)?([0-9a-f]{1,64})", re.ASCII)


class Reference(NamedTuple):
    """One name, taken apart."""

    registry: str
    """Empty for a short name."""
    path: str
    tag: str
    """Empty where a digest stands instead."""
    digest: str
    """sha256:... or empty."""

    def __str__(self) -> str:
        name = f"{self.registry}/{self.path}" if self.registry else self.path
        return name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """Take a reference apart. Raises InvalidInput."""
    if not 0 < len(text) <= TEXT_MAX:
        raise _invalid(text, "it is empty" if not text else f"it has more than {TEXT_MAX} characters")
    name, _, digest = text.partition("@")
    name, tag = _split_tag(name)
    registry, path = _split_registry(name)
    _check_name(text, registry, path)
    if tag is not None and not _TAG.fullmatch(tag):
        raise _invalid(text, "a tag has letters, digits, '_', '.' and '-', 128 at most")
    if "@" in text and not _DIGEST.fullmatch(digest):
        raise _invalid(text, "after '@' stands sha256: and 64 hex digits")
    return Reference(registry, path, tag or ("" if digest else DEFAULT_TAG), digest)


def candidates(text: str) -> tuple[Reference, ...]:
    """The full references that `text` may mean, in the order in which they are looked for. Raises InvalidInput."""
    reference = parse(text)
    if reference.registry:
        return (_in_library(reference),)
    local = reference._replace(registry=LOCAL)
    return local, _in_library(reference._replace(registry=DEFAULT_REGISTRY))


def full(text: str) -> str:
    """The one full reference under which a new image is kept; a short name becomes one of this host."""
    return str(candidates(text)[0])


def id_prefix(text: str) -> str | None:
    """The hex digits of an image's id, or of the beginning of one; None where `text` cannot be that."""
    match = _ID.fullmatch(text)
    return match[1] if match else None


def _split_tag(name: str) -> tuple[str, str | None]:
    """A colon behind the last slash begins a tag; one before it is a registry's port."""
    head, colon, tail = name.rpartition(":")
    return (head, tail) if colon and "/" not in tail else (name, None)


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    is_registry = "." in first or ":" in first or first == LOCAL or first != first.lower()
    return (first, rest) if slash and is_registry else ("", name)


def _check_name(text: str, registry: str, path: str) -> None:
    if registry and not _REGISTRY.fullmatch(registry):
        raise _invalid(text, "the registry before the first '/' is not a host name")
    if path != path.lower():
        raise _invalid(text, "the name of an image is in lower case")
    if not _PATH.fullmatch(path):
        raise _invalid(text, "a name has lower-case letters and digits, with '.', '_', '-' and '/' between them")
    if len(registry) + len(path) > NAME_MAX:
        raise _invalid(text, f"a name has {NAME_MAX} characters at most")


def _in_library(reference: Reference) -> Reference:
    """docker.io/alpine is docker.io/library/alpine."""
    if reference.registry == DEFAULT_REGISTRY and "/" not in reference.path:
        return reference._replace(path=f"library/{reference.path}")
    return reference


def _invalid(text: str, reason: str) -> InvalidInput:
    shown = text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "..."
    return InvalidInput(f"{shown!r} is not the name of an image: {reason}", hint="for example: localhost/base:latest")

"""Platforms: what people and kernels call them, what images call them, and which image of an index fits.

    OS[/ARCHITECTURE[/VARIANT]]   or   ARCHITECTURE[/VARIANT]         linux/arm64/v8, arm64, linux

Images use the words of Go (GOOS, GOARCH). A variant is a level that includes those below it: arm's v7 runs v6 and v5,
amd64's v3 runs v2 and v1. Where none is said the usual level is meant.

Source: OCI image-spec 1.1, image-index.md, "Platform Variants"; the names of `uname -m`, of Debian and of GNU.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Final

from engine.errors import InvalidInput, NotFound
from engine.image.oci import Descriptor, Index, Platform
from engine.image.oci.documents import shown

__all__ = ["Platform", "choose", "host", "is_for", "normal", "parse"]

_OPERATING_SYSTEMS: Final = frozenset(
    "aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows".split()
)
_OS_ALIASES: Final[Mapping[str, str]] = {"macos": "darwin"}
_ALIASES: Final[Mapping[str, tuple[str, str]]] = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "x86": ("386", ""),
    "aarch64": ("arm64", ""),
    "armv8": ("arm64", ""),
    "armv8l": ("arm", "v7"),
    "armhf": ("arm", "v7"),
    "armv7l": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "armv6l": ("arm", "v6"),
    "armv5tel": ("arm", "v5"),
    "ppc64el": ("ppc64le", ""),
    "loongarch64": ("loong64", ""),
    "mipsel": ("mipsle", ""),
    "mips64el": ("mips64le", ""),
}
_USUAL: Final[Mapping[str, str]] = {"amd64": "v1", "arm": "v7", "arm64": "v8"}
"""The level that is meant where none is said."""
_LOWEST: Final[Mapping[str, int]] = {"amd64": 1, "arm": 5, "arm64": 8}

_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", re.ASCII)
_LEVEL: Final = re.compile(r"v([0-9]{1,2})(\.[0-9]{1,2})?", re.ASCII)
_OTHERS_MAX: Final = 20
_PARTS_MAX: Final = 3

_REFERENCE_TYPE: Final = "vnd.docker.reference.type"
"""The annotation of what lies in an index beside an image and says something about it, such as how it was built."""


def parse(text: str) -> Platform:
    """A platform as people write it. Raises InvalidInput."""
    parts = text.split("/")
    if len(parts) > _PARTS_MAX or not all(_PART.fullmatch(part) for part in parts):
        raise InvalidInput(f"{shown(text)} is not a platform", hint="for example: linux/amd64, linux/arm64/v8, arm/v7")
    first = _OS_ALIASES.get(parts[0].lower(), parts[0].lower())
    if first in _OPERATING_SYSTEMS:
        own = host()
        rest = parts[1:] or [own.architecture, *filter(None, [own.variant])]
    elif len(parts) < _PARTS_MAX:
        first, rest = "linux", parts
    else:
        raise InvalidInput(f"{shown(parts[0])} is not an operating system", hint="for example: linux/arm64/v8")
    return normal(Platform(os=first, architecture=rest[0], variant="".join(rest[1:])))


def host() -> Platform:
    """What this machine runs."""
    machine = os.uname().machine
    if machine in {"mips", "mips64"} and sys.byteorder == "little":
        machine += "le"
    return normal(Platform(os="linux", architecture=machine))


def normal(platform: Platform) -> Platform:
    """One word for each thing; the usual level is the empty variant."""
    name = platform.architecture.lower()
    architecture, implied = _ALIASES.get(name, (name, ""))
    variant = platform.variant.lower() or implied
    if variant and variant[0].isdigit():
        variant = f"v{variant}"
    if variant == _USUAL.get(architecture):
        variant = ""
    system = platform.os.lower()
    return Platform(os=_OS_ALIASES.get(system, system), architecture=architecture, variant=variant)


def is_for(found: Platform, wanted: Platform) -> bool:
    """Whether an image that says `found` of itself is what `wanted` asks for, or a level below it."""
    return normal(found) in _levels(normal(wanted))


def choose(index: Index, wanted: Platform) -> Descriptor:
    """The entry of an index that fits best: the same level, else the next below. Raises NotFound.

    The entry may be an index again. An index of one image that says no platform is taken at its word: the image's
    config says what it is for.
    """
    images = [entry for entry in index.manifests if not _is_attestation(entry)]
    if len(images) == 1 and images[0].platform is None:
        return images[0]
    for level in _levels(normal(wanted)):
        for entry in images:
            if entry.platform is not None and normal(entry.platform) == level:
                return entry
    raise NotFound(f"the image is not there for {normal(wanted)}", hint=f"it is there for {_list(images)}")


def _levels(wanted: Platform) -> Iterator[Platform]:
    """What a machine of this platform runs, best first; all of them normal."""
    yield wanted
    level = _LEVEL.fullmatch(wanted.variant or _USUAL.get(wanted.architecture, ""))
    if level is None or wanted.architecture not in _LOWEST:
        return
    highest = int(level[1]) - (0 if level[2] else 1)
    for number in range(highest, _LOWEST[wanted.architecture] - 1, -1):
        yield normal(Platform(os=wanted.os, architecture=wanted.architecture, variant=f"v{number}"))


def _is_attestation(entry: Descriptor) -> bool:
    unknown = entry.platform is not None and entry.platform.architecture == entry.platform.os == "unknown"
    return unknown or _REFERENCE_TYPE in entry.annotations


def _list(images: list[Descriptor]) -> str:
    """Those that there are, each once; in words of a stranger, so without control characters."""
    names = sorted({ascii(str(entry.platform)).strip("'\"")[: _OTHERS_MAX * 2] for entry in images if entry.platform})
    if not names:
        return "no platform that it names"
    more = f" and {len(names) - _OTHERS_MAX} more" if len(names) > _OTHERS_MAX else ""
    return ", ".join(names[:_OTHERS_MAX]) + more

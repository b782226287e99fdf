"""What a request about images may say, checked when it is decoded."""

from typing import Literal

import msgspec

Environment = dict[str, str]
"""Of the command that asks; see `engine.launch.SURROUNDINGS`."""
Compression = Literal["", "none", "gzip", "zstd"]


class ImageName(msgspec.Struct, frozen=True):
    """One image."""

    name: str
    force: bool = False


class Base(msgspec.Struct, frozen=True):
    """The built-in image."""

    rebuild: bool = False


class Tag(msgspec.Struct, frozen=True):
    """One more name for an image."""

    name: str
    target: str


class PruneImages(msgspec.Struct, frozen=True):
    """Images without a name, or all that no container uses."""

    all: bool = False
    filters: dict[str, list[str]] = {}


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """An image of a registry, and how that is to be trusted."""

    name: str
    tls_verify: bool | None = None
    cert_dir: str | None = None
    environment: Environment = {}


class Pull(Asking, frozen=True, kw_only=True):
    """One to fetch."""

    platform: str = ""
    all_tags: bool = False


class Push(Asking, frozen=True, kw_only=True):
    """One to send."""

    target: str = ""
    compression: Compression = ""
    level: int | None = None
    everything: bool = False


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A container to make an image of."""

    ref: str
    name: str = ""
    author: str = ""
    message: str = ""
    changes: tuple[str, ...] = ()
    pause: bool = True
    compression: Compression = ""
    level: int | None = None
    environment: Environment = {}


class Save(msgspec.Struct, frozen=True, kw_only=True):
    """Images to write into the descriptor that comes along."""

    names: tuple[str, ...]
    kind: Literal["docker-archive", "oci-archive"] = "docker-archive"
    compression: Compression = ""
    level: int | None = None
    environment: Environment = {}


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """An archive to read from the descriptor that comes along."""

    environment: Environment = {}


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """A root file system to read from the descriptor that comes along."""

    name: str = ""
    message: str = ""
    changes: tuple[str, ...] = ()
    platform: str = ""
    environment: Environment = {}

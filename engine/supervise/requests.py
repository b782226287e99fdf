"""What a request may say: the parameters of each method, checked when they are decoded."""

import msgspec

from engine import model


class Nothing(msgspec.Struct, frozen=True):
    """No parameters."""


class Hello(msgspec.Struct, frozen=True):
    """The protocol version that a client speaks."""

    protocol: int


class Ref(msgspec.Struct, frozen=True):
    """One container, with what the method needs to know."""

    ref: str
    force: bool = False
    volumes: bool = False
    name: str = ""
    signal: str = "KILL"
    timeout_seconds: int | None = None
    attach: bool = False
    size: tuple[int, int] | None = None
    run: int | None = None
    seconds: int = 300


class Refs(msgspec.Struct, frozen=True):
    """Several containers, or all that run."""

    refs: tuple[str, ...] = ()


class Create(msgspec.Struct, frozen=True):
    """How a container is asked for."""

    options: model.CreateOptions
    pull: str = "missing"
    """When its image is fetched: always, missing or never."""
    platform: str = ""
    environment: dict[str, str] = {}
    """Of the command that asks; see `engine.launch.SURROUNDINGS`."""


class Diff(msgspec.Struct, frozen=True):
    """A container or an image, and another one to compare with."""

    ref: str
    other: str = ""


class Exec(msgspec.Struct, frozen=True):
    """One more program."""

    ref: str
    options: model.ExecOptions


class Update(msgspec.Struct, frozen=True):
    """What changes."""

    ref: str
    limits: model.Limits | None = None
    restart: model.RestartPolicy | None = None


class List(msgspec.Struct, frozen=True):
    """Which containers."""

    all: bool = True
    filters: dict[str, list[str]] = {}


class Events(msgspec.Struct, frozen=True):
    """Which events."""

    since_ns: int | None = None
    until_ns: int | None = None
    filters: dict[str, list[str]] = {}
    follow: bool = False


class NewVolume(msgspec.Struct, frozen=True):
    """A volume to be made; without a name it gets one of its own."""

    name: str = ""
    labels: dict[str, str] = {}


class VolumeName(msgspec.Struct, frozen=True):
    """One volume."""

    name: str
    force: bool = False


class Volumes(msgspec.Struct, frozen=True):
    """All that nobody has, or those without a name of an operator's alone."""

    all: bool = False

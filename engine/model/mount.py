"""What of the host, of volumes and of images a container sees."""

from engine.model.value import Value


class Bind(Value, frozen=True, kw_only=True):
    """A directory or file of the host, seen inside."""

    source: str
    """Absolute path on the host."""
    target: str
    """Absolute path in the container."""
    read_only: bool = False
    propagation: str = "rprivate"
    recursive: bool = True
    """With what is mounted below it."""
    must_exist: bool = False
    """A source that is missing is an error, and not made."""


class Device(Value, frozen=True, kw_only=True):
    """A device node of the host, or every one below a directory."""

    source: str
    target: str
    access: str = "rwm"
    """Of r (read), w (write) and m (make)."""


class VolumeMount(Value, frozen=True, kw_only=True):
    """A volume, seen inside."""

    name: str = ""
    """Empty: one of its own, which is named when the container is created."""
    target: str
    read_only: bool = False
    copy: bool = True
    """A volume that is empty gets what the image has there."""
    subpath: str = ""
    """The directory in it; empty is all of it."""
    anonymous: bool = False
    """It goes with its container, by --rm and `rm -v`."""


class ImageMount(Value, frozen=True, kw_only=True):
    """The files of an image, read-only."""

    image: str
    target: str


class Volume(Value, frozen=True, kw_only=True):
    """A volume: a directory of the engine that outlives containers."""

    name: str
    path: str
    """Where its files are on the host."""
    created_ns: int
    labels: dict[str, str] = {}
    anonymous: bool = False
    used_by: tuple[str, ...] = ()
    """Names of the containers that have it."""

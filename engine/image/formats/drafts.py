"""What an archive says that an image is, checked, before anything of it is in the store."""

from typing import NamedTuple

from engine.image import oci
from engine.image.formats.contents import Kept
from engine.image.oci import Config, Descriptor, Manifest


class Draft(NamedTuple):
    """One image of an archive."""

    manifest: bytes
    media_type: str
    names: tuple[str, ...]
    """Full references; none where the archive gives it no name."""
    config: Kept
    layers: tuple[Kept, ...]
    """From the bottom up, as `descriptors` and `diff_ids`."""
    descriptors: tuple[Descriptor, ...]
    diff_ids: tuple[str, ...]
    origins: tuple[str, ...] = ()
    """References by the digest of an index that led to the image."""
    made: bool = False
    """The manifest is of our making, since the archive had none."""

    @property
    def id(self) -> str:
        """sha256:... of the config."""
        return self.config.digest


def check(manifest: Manifest, config: Config) -> None:
    """The image can be unpacked and run. Raises InvalidInput."""
    oci.check_image(manifest)
    oci.check_layers(manifest, config)

"""An image as lists show it."""

from engine.model.value import Value


class Image(Value, frozen=True, kw_only=True):
    """An image of the local store."""

    id: str
    """sha256:... of its config."""
    names: tuple[str, ...]
    """Full references, such as localhost/base:latest; empty for an image without one."""
    digest: str
    """sha256:... of its manifest."""
    created_ns: int
    size_bytes: int
    """Of its unpacked layers."""
    layers: tuple[str, ...]
    """diff_ids from the bottom up."""
    config: dict[str, object] = {}
    """The image config of the OCI image-spec, whole."""

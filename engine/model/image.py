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
    architecture: str = ""
    """In Go's words, as `os` and `variant`; empty is not said."""
    os: str = ""
    variant: str = ""
    author: str = ""
    media_type: str = ""
    """Of its manifest: OCI's or Docker's."""
    repo_digests: tuple[str, ...] = ()
    """References by digest that mean it, as REPOSITORY@sha256:...: of its manifest, and of indexes that it came by."""
    layer_bytes: tuple[int, ...] = ()
    """Of the files of each unpacked layer, from the bottom up."""
